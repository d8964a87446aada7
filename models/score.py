"""Score the artifact beside the baseline: ``python -m models.score --split test --save``.

Works on the shipped graph, as the service runs it. The test splits are for the final figure;
choices are made on ``--split val``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import CountVectorizer

from minyi.text import normalise
from models import baseline
from models.artifact import load_manifest
from models.calibrate import outputs
from models.config import shared_folder
from models.data import Example, c_stance, comments, gold, nlpcc, plain_texts, stream
from models.inputs import InputEncoder
from models.metrics import Ints, calibration_error, f_avg, macro_f1, micro_f1, sigmoid, softmax
from models.runtime import OnnxTagger

NEAR = 0.6
"""Jaccard similarity of character trigrams from which a test text counts as a near-duplicate."""
Scores = dict[str, dict[str, float]]


def _stances(rows: Sequence[Example]) -> Ints:
    return np.array([row.stance for row in rows], np.int64)


def fresh(train: Sequence[Example], rows: Sequence[Example]) -> npt.NDArray[np.bool_]:
    """Return which rows have no (near-)duplicate text in the training rows."""
    grams = CountVectorizer(analyzer="char", ngram_range=(3, 3), binary=True)
    known = grams.fit_transform([normalise(row.text) for row in train])
    new = grams.transform([normalise(row.text) for row in rows])
    split = CountVectorizer(analyzer="char", ngram_range=(3, 3)).build_analyzer()
    sizes = np.array([len(set(split(normalise(row.text)))) for row in rows])
    known_sizes = np.asarray(known.sum(1)).ravel()
    shared = (new @ known.T).toarray()
    union = sizes[:, None] + known_sizes[None, :] - shared
    return (shared / np.maximum(union, 1)).max(1) < NEAR  # type: ignore[no-any-return]


def stance_scores(tagger: OnnxTagger, split: str) -> Scores:
    """Score stance on NLPCC, C-STANCE and our gold rows."""
    temperature = tagger.manifest.decision.stance_temperature
    train, rows = nlpcc("train"), nlpcc(split)
    truth, logits = _stances(rows), outputs(tagger, rows)[0]
    found, plain = logits.argmax(-1), baseline.stance_by_target(train, rows)
    new = fresh(train + nlpcc("val") * (split == "test"), rows)
    shares = softmax(logits, temperature)
    scores: Scores = {
        "NLPCC-2016 A, F_avg": {"model": f_avg(truth, found), "svm": f_avg(truth, plain)},
        "NLPCC-2016 A, F_avg, without near-duplicates": {
            "model": f_avg(truth[new], found[new]),
            "svm": f_avg(truth[new], plain[new]),
            "rows": float(new.sum()),
        },
        "NLPCC-2016 A, calibration error": {
            "model": calibration_error(shares.max(-1), found == truth)
        },
    }
    train, rows = c_stance("train"), c_stance(split)
    truth, found = _stances(rows), outputs(tagger, rows)[0].argmax(-1)
    plain = baseline.stance_of_pairs(train, rows)
    noun = np.array([row.group == "noun_phrase" for row in rows])
    scores["C-STANCE A, macro-F1"] = {
        "model": macro_f1(truth, found),
        "svm": macro_f1(truth, plain),
    }
    scores["C-STANCE A, macro-F1, noun phrases"] = {
        "model": macro_f1(truth[noun], found[noun]),
        "svm": macro_f1(truth[noun], plain[noun]),
    }
    return scores


def policy_scores(tagger: OnnxTagger, rows: list[Example], name: str) -> Scores:
    """Score stance and evaluation on rows that carry both."""
    decision = tagger.manifest.decision
    stance, cells = outputs(tagger, rows)
    train = gold("train") + comments("train")
    truth = np.array([row.evaluation for row in rows])
    found = (sigmoid(cells, decision.evaluation_temperature) >= decision.thresholds).astype(int)
    plain = baseline.cells(train, rows)
    common = truth.sum(0) >= 5
    stances = _stances(rows)
    guess = baseline.stance_of_pairs(train, rows)
    return {
        f"{name}, stance macro-F1": {
            "model": macro_f1(stances, stance.argmax(-1)),
            "svm": macro_f1(stances, guess),
            "rows": float(len(rows)),
        },
        f"{name}, evaluation macro-F1, 12 cells": {
            "model": macro_f1(truth, found),
            "svm": macro_f1(truth, plain),
        },
        f"{name}, evaluation macro-F1, cells with 5 or more": {
            "model": macro_f1(truth[:, common], found[:, common]),
            "svm": macro_f1(truth[:, common], plain[:, common]),
            "cells": float(common.sum()),
        },
        f"{name}, evaluation micro-F1": {
            "model": micro_f1(truth, found),
            "svm": micro_f1(truth, plain),
        },
    }


def style_scores(tagger: OnnxTagger, rows: list[Example]) -> Scores:
    """Score stance by style of writing: the share that is right."""
    right = outputs(tagger, rows)[0].argmax(-1) == _stances(rows)
    styles = np.array([row.group for row in rows])
    return {
        f"bundled stream, stance right, {style}": {
            "model": float(right[styles == style].mean()),
            "rows": float((styles == style).sum()),
        }
        for style in sorted(set(styles.tolist()))
    }


def embedding_scores(tagger: OnnxTagger) -> Scores:
    """Hold the embedding against the base encoder's, on texts that training has not used."""
    folder = shared_folder() / "base-model"
    texts = [text for text in plain_texts(1500, seed=1) if len(text) <= 100][:1000]
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
    return {
        "embedding, mean cosine to the base's": {"model": float((one * two).sum(-1).mean())},
        "embedding, rank correlation of cosines": {
            "model": float(spearmanr((one @ one.T)[upper], (two @ two.T)[upper]).statistic)
        },
        "embedding, 10 nearest shared with the base": {"model": float(np.mean(shared))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the artifact beside the baseline.")
    parser.add_argument("--artifact", type=Path, default=Path("artifacts/tagger"))
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--save", action="store_true", help="write the scores into the manifest")
    arguments = parser.parse_args()
    tagger = OnnxTagger(arguments.artifact)
    scores = policy_scores(tagger, gold(arguments.split), "our gold rows")
    if arguments.split == "val":
        scores |= policy_scores(tagger, comments("val"), "our written comments")
    else:
        scores |= policy_scores(tagger, stream(), "bundled stream")
        scores |= style_scores(tagger, stream())
    scores |= stance_scores(tagger, arguments.split) | embedding_scores(tagger)
    table = Table("score", "model", "svm", "of", title=f"{arguments.split}, {tagger.model_id}")
    for name, values in scores.items():
        of = [f"{int(values[key])} {key}" for key in ("rows", "cells") if key in values]
        figures = [f"{values[key]:.3f}" if key in values else "" for key in ("model", "svm")]
        table.add_row(name, *figures, *(of or [""]))
    Console().print(table)
    if arguments.save:
        rounded = {n: {k: round(v, 4) for k, v in one.items()} for n, one in scores.items()}
        manifest = load_manifest(arguments.artifact)
        saved = {**manifest.scores, arguments.split: rounded}
        manifest.model_copy(update={"scores": saved}).save(arguments.artifact)


if __name__ == "__main__":
    main()
