"""Decide on the graph's outputs: scales, thresholds and the abstain band.

They come from validation rows only and are written into the manifest, which gives the artifact its
final id.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.artifact import Manifest, load_manifest, model_id
from models.config import TrainConfig
from models.data import rows_of
from models.examples import UNKNOWN, Example
from models.hold_out import OF_POLICIES, held_out
from models.inputs import STANCES
from models.metrics import (
    calibration_error,
    cell_loss,
    inverse_temperature,
    platt_scaling,
    policy_spread,
    rare_bias,
    stance_loss,
    sure_from,
    thresholds,
    wide_weight,
)
from models.runtime import Floats, OnnxTagger, cell_chances, stance_chances

log = logging.getLogger("models.calibrate")
WRITTEN = frozenset({"comments", "others"})
"""Sources of comments that were written to be trained on."""
ENOUGH = 100
"""Rows from which the wide half's weight for a policy that it knows, and what the rarest stance
leans by, are choices of their own."""


def outputs(tagger: OnnxTagger, rows: Sequence[Example]) -> tuple[Floats, Floats]:
    """Return stance and evaluation logits of the rows."""
    return tagger.logits([(row.context, row.text, row.names) for row in rows])


def calibrate(folder: Path, config: TrainConfig, data: Path | None = None) -> Manifest:
    """Fit the decision on validation rows and save it in the manifest, without the scores of
    another decision.

    Raises:
        SettingError: when a source of validation rows cannot be read.
    """
    tagger = OnnxTagger(folder)
    found = {name: rows_of(name, "val", data, config.without) for name in config.validate_on}
    rows = [row for part in found.values() for row in part]
    weights = [config.validate_weights.get(name, 1) for name, part in found.items() for _ in part]
    stance, cells = tagger.deep_logits([(row.context, row.text, row.names) for row in rows])
    wide_stance, wide_cells = tagger.wide_logits([(row.context, row.text) for row in rows])
    manifest = load_manifest(folder)
    decision = manifest.decision
    truth = np.array([row.stance for row in rows])
    known = _weighed(truth != UNKNOWN, weights)
    blind, _ = tagger.wide_logits([("", row.text) for row in rows])
    taught = tagger.wide_knows([row.context for row in rows])
    sources = [name for name, part in found.items() for _ in part]
    real = ~np.isin(sources, list(WRITTEN))
    for_new, for_taught = _wide_weights(
        stance, blind, wide_stance, truth, known, known[(taught & real)[known]]
    )
    stance += np.where(taught[:, None], for_taught, for_new).astype(np.float32) * wide_stance
    heat = inverse_temperature(stance[known], truth[known])
    bias = _bias(heat * stance, truth, known[real[known]])
    decision = decision.model_copy(
        update={
            "stance_scale": _rounded([heat] * len(STANCES)),
            "stance_wide": for_new,
            "stance_wide_known": for_taught,
            "stance_bias": _rounded(bias),
            "prior": _rounded(np.bincount(truth[known], minlength=len(STANCES)) / len(known)),
        }
    )
    shares = stance_chances(decision, stance)
    confidence, right = shares[known].max(-1), shares[known].argmax(-1) == truth[known]
    least = sure_from(confidence, right)
    decision = decision.model_copy(update={"sure_from": least})
    judged = np.array([row.evaluation for row in rows])
    whole = _weighed((judged != UNKNOWN).all(1), weights)
    if len(whole):
        share = wide_weight(cells[whole], wide_cells[whole], judged[whole], cell_loss)
        cells = cells + np.float32(share) * wide_cells
        scale, offset = platt_scaling(cells[whole], judged[whole])
        decision = decision.model_copy(
            update={
                "evaluation_wide": share,
                "evaluation_scale": _rounded(scale),
                "evaluation_bias": _rounded(offset),
            }
        )
        chances = cell_chances(decision, cells[whole])
        rows_of_cell = judged[np.unique(whole)].sum(0)
        found_thresholds = thresholds(chances, judged[whole], rows_of_cell)
        decision = decision.model_copy(update={"thresholds": tuple(found_thresholds)})
    # Written comments and targets beside policies differ less from each other than policies do.
    once = np.flatnonzero((truth != UNKNOWN) & np.isin(sources, list(OF_POLICIES)))
    spread = policy_spread(shares[once], truth[once], [rows[row].context for row in once])
    manifest = manifest.model_copy(
        update={
            "decision": decision,
            "model_id": model_id(manifest.files, decision),
            "policy_spread": round(spread, 3),
            "scores": {},
        }
    )
    manifest.save(folder)
    manifest = manifest.model_copy(update={"held_out": held_out(OnnxTagger(folder), data)})
    manifest.save(folder)
    kept = confidence >= least
    log.info(
        "%d weighed validation rows: ECE %.3f; sure from %.2f: %.0f%% of rows, %.0f%% right",
        len(known),
        calibration_error(confidence, right),
        least,
        100 * kept.mean(),
        100 * right[kept].mean(),
    )
    return manifest


def _wide_weights(
    deep: Floats,
    blind: Floats,
    wide: Floats,
    truth: npt.NDArray[np.int64],
    rows: npt.NDArray[np.intp],
    taught: npt.NDArray[np.intp],
) -> tuple[float, float]:
    """Return the wide half's weights beside the network's stance: for a policy that it does not
    know, chosen as if it knew none, and for one that it knows, the same where few rows tell.

    Args:
        deep: the network's logits.
        blind, wide: the wide half's, of the text alone and of the text with its policy.
        truth: the rows' stances.
        rows: places of the rows that count, each as often as it does.
        taught: those of them that are real comments on a policy that it knows. Written ones would
            tell that it knows their writers.
    """
    new = wide_weight(deep[rows], blind[rows], truth[rows], stance_loss)
    if len(np.unique(taught)) < ENOUGH:
        return new, new
    return new, wide_weight(deep[taught], wide[taught], truth[taught], stance_loss)


def _bias(
    scaled: Floats, truth: npt.NDArray[np.int64], rows: npt.NDArray[np.intp]
) -> tuple[float, ...]:
    """Return what is added to the scaled logits of each stance, by what these rows say of it:
    places of real comments, each as often as it counts. Written ones hold as many of each stance
    as their writers wanted."""
    if len(np.unique(rows)) < ENOUGH:
        return (0.0,) * len(STANCES)
    return rare_bias(scaled[rows], truth[rows])


def _weighed(rows: npt.NDArray[np.bool_], weights: Sequence[int]) -> npt.NDArray[np.intp]:
    """Return the places of the rows that are true, each as often as it counts."""
    places = np.flatnonzero(rows)
    return np.repeat(places, np.array(weights, np.intp)[places])


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
