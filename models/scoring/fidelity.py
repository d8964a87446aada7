"""How near the text vector is to the base encoder's, on which linking by meaning was tuned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnxruntime as ort
from scipy.stats import spearmanr

from models.inputs import InputEncoder
from models.rows.shared import shared_folder
from models.rows.sources import plain_texts
from models.runtime import OnnxTagger
from models.scoring.judged import Score
from models.training.config import recipe_of

TEXTS = 1000
LONGEST = 100


def fresh_texts(fitted: int, seed: int) -> list[str]:
    """Return texts of the raw corpora that a text vector was not fitted on.

    Args:
        fitted: how many it was fitted on.
        seed: by which those were drawn.
    """
    known = set(plain_texts(fitted, seed))
    drawn = plain_texts(None, seed=1)
    return [text for text in drawn if len(text) <= LONGEST and text not in known][:TEXTS]


def vector_scores(tagger: OnnxTagger) -> Iterator[Score]:
    """Hold the vectors against the base encoder's, on texts that they were not fitted on."""
    folder = shared_folder() / "base-model"
    recipe = recipe_of(tagger.manifest)
    texts = fresh_texts(recipe.vector_texts, recipe.seed)
    inputs = InputEncoder(folder, 128)
    session = ort.InferenceSession(
        folder / "model_quantized.onnx", providers=["CPUExecutionProvider"]
    )
    base = []
    for text in texts:
        ids = np.array([inputs.single(text).ids], np.int64)
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        vector = np.asarray(session.run(None, feed)[0])[0, 0]
        base.append(vector / np.linalg.norm(vector))
    one, two = tagger.embed(texts), np.array(base)
    upper = np.triu_indices(len(texts), 1)
    nearest = [
        (vectors @ vectors.T - 2 * np.eye(len(texts))).argsort(1)[:, -10:] for vectors in (one, two)
    ]
    shared = [len({*a} & {*b}) / 10 for a, b in zip(*nearest, strict=True)]
    rank = spearmanr((one @ one.T)[upper], (two @ two.T)[upper]).statistic
    cosine = float((one * two).sum(-1).mean())
    yield Score("text vector: mean cosine to the base's", cosine, len(texts))
    yield Score("text vector: rank correlation of cosines", float(rank), len(texts))
    yield Score("text vector: ten nearest shared", float(np.mean(shared)), len(texts))
