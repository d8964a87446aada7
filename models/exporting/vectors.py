"""The text vector: fitted to a teacher's after training, by ridge regression.

Linking by meaning asks for vectors in which near means alike. The heads need the encoder for
something else. So the encoder is trained for the heads alone, and then a linear map from what its
layers say of a text to the teacher's vector of it is fitted in closed form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track

from minyi.arrays import Floats as Doubles
from models.inputs import InputEncoder
from models.training.batches import collate
from models.training.network import VECTOR, TaggerNetwork, features

log = logging.getLogger("models.exporting.vectors")
Floats = npt.NDArray[np.float32]
Teacher = Callable[[Sequence[str]], Floats]
"""Returns one unit vector a text, shape (len(texts), VECTOR)."""
RIDGE = 0.1
"""Weight of the penalty relative to the features' mean variance; 0.01 hardly differs."""
BATCH = 64


def read(
    texts: Sequence[str],
    inputs: InputEncoder,
    pooled: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    width: int,
    label: str,
) -> Floats:
    """Return what ``pooled`` makes of the texts' ids and masks, shape (len(texts), width)."""
    encoded = [inputs.single(text) for text in texts]
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    found = np.zeros((len(texts), width), np.float32)
    for start in track(range(0, len(order), BATCH), description=label, transient=True):
        part = order[start : start + BATCH]
        ids, mask, _ = collate([encoded[i] for i in part], inputs.pad)
        with torch.no_grad():
            found[part] = pooled(ids, mask).numpy()
    return found


def fit_vectors(
    network: TaggerNetwork, inputs: InputEncoder, teacher: Teacher, texts: Sequence[str]
) -> float:
    """Fit the network's ``vector`` layer to the teacher on nine texts of ten, in place.

    Returns:
        The mean cosine to the teacher's vectors on the tenth that was kept apart.
    """
    network.eval()
    encoder = network.encoder

    def pooled(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return features(states.hidden_states, mask)

    log.info("text vectors: fitted on %s texts", f"{len(texts):,}")
    target = teacher(texts).astype(np.float64)
    width = network.vector.in_features
    known = read(texts, inputs, pooled, width, "vectors").astype(np.float64)
    apart = np.arange(len(texts)) % 10 == 9
    weight, bias = ridge(known[~apart], target[~apart])
    guess = known[apart] @ weight + bias
    guess /= np.linalg.norm(guess, axis=1, keepdims=True)
    network.vector.load_state_dict(
        {
            "weight": torch.tensor(weight.T, dtype=torch.float32),
            "bias": torch.tensor(bias, dtype=torch.float32),
        }
    )
    cosine = float((guess * target[apart]).sum(1).mean())
    log.info("text vectors: mean cosine to the teacher %.3f (%d texts)", cosine, apart.sum())
    return cosine


def ridge(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    """Return weight (features, outputs) and bias (outputs,) of the linear map from x (n, features)
    to y (n, outputs) with the least squares, its weights held small (Hoerl and Kennard, 1970,
    "Ridge regression")."""
    mean_x, mean_y = x.mean(0), y.mean(0)
    centred = x - mean_x
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    weight = np.linalg.solve(gram, centred.T @ (y - mean_y))
    return weight, mean_y - mean_x @ weight


def base_teacher(encoder: torch.nn.Module, inputs: InputEncoder) -> Teacher:
    """Return the base encoder's own [CLS] as teacher: what bge-small-zh was trained for."""
    encoder.eval()

    def pooled(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return torch.nn.functional.normalize(hidden[:, 0], dim=-1)

    return lambda texts: read(texts, inputs, pooled, VECTOR, "teacher's vectors")
