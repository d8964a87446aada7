"""Decide on the graph's outputs: scales, thresholds and the abstain band.

They come from validation rows only and are written into the manifest, which gives the artifact its
final id.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minyi.arrays import Bools, Integers
from models.artifact import Decision, Manifest, load_manifest, model_id
from models.deciding import Floats, cell_chances, stance_chances
from models.evidence import shown
from models.exporting.hold_out import OF_POLICIES, held_out
from models.inputs import STANCES
from models.rows.examples import UNKNOWN, Example
from models.rows.sources import rows_of
from models.runtime import OnnxTagger
from models.scoring.metrics import (
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
from models.training.config import TrainConfig

log = logging.getLogger("models.exporting.calibrate")
WRITTEN = frozenset({"comments", "others"})
"""Sources of comments that were written to be trained on."""
ENOUGH = 100
"""Rows from which the wide half's weight for a policy that it knows, what the rarest stance leans
by, and what a clause that names the policy counts, are choices of their own."""
NAMED = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""How many times such a clause may count."""
NAMED_UNCHOSEN = 6.0
"""How many times where too few marked rows choose: what was chosen for the shipped tagger. On gold
validation rows even clauses that weigh by their length alone are then right in 68 % in place of 50.
"""


@dataclass(frozen=True, slots=True)
class _Validation:
    """Validation rows, with the source of each and how often it counts."""

    rows: list[Example]
    sources: list[str]
    weights: list[int]

    @property
    def truth(self) -> Integers:
        """Stances (n,), ``UNKNOWN`` where a row has none."""
        return np.array([row.stance for row in self.rows], np.int64)

    def weighed(self, chosen: Bools) -> npt.NDArray[np.intp]:
        """Return the places of the chosen rows, each as often as it counts."""
        places = np.flatnonzero(chosen)
        return np.repeat(places, np.array(self.weights, np.intp)[places])


def calibrate(folder: Path, config: TrainConfig, data: Path | None = None) -> Manifest:
    """Fit the decision on validation rows and save it in the manifest, without the scores of
    another decision.

    Raises:
        SettingError: when a source of validation rows cannot be read.
    """
    tagger = OnnxTagger(folder)
    found = {name: rows_of(name, "val", data, config.without) for name in config.validate_on}
    rows = [row for part in found.values() for row in part]
    sources = [name for name, part in found.items() for _ in part]
    weights = [config.validate_weights.get(name, 1) for name in sources]
    validation = _Validation(rows, sources, weights)
    log.info("calibrating on %s rows", f"{len(rows):,}")
    deep_stance, deep_cells = tagger.deep_logits([row.pair for row in rows])
    wide_stance, wide_cells = tagger.wide_logits([(row.context, row.text) for row in rows])
    manifest = load_manifest(folder)
    decision, chances = _stance(manifest.decision, tagger, validation, deep_stance, wide_stance)
    decision = _cells(decision, validation, deep_cells, wide_cells)
    decision = _evidence(decision, tagger, validation, chances)
    manifest = manifest.model_copy(
        update={
            "decision": decision,
            "model_id": model_id(manifest.files, decision),
            "policy_spread": _spread(validation, chances),
            "scores": {},
        }
    )
    manifest.save(folder)
    log.info("tagging held-out rows")
    manifest = manifest.model_copy(update={"held_out": held_out(OnnxTagger(folder), data)})
    manifest.save(folder)
    return manifest


def _stance(
    decision: Decision, tagger: OnnxTagger, validation: _Validation, deep: Floats, wide: Floats
) -> tuple[Decision, npt.NDArray[np.float64]]:
    """Choose how the stance is decided on; return the decision and the rows' chances (n, 3).

    Args:
        decision: where all else is taken from.
        tagger: whose wide half is asked.
        validation: the rows.
        deep, wide: logits (n, 3) of the network and of the wide half.
    """
    rows, truth = validation.rows, validation.truth
    known = validation.weighed(truth != UNKNOWN)
    blind, _ = tagger.wide_logits([("", row.text) for row in rows])
    taught = tagger.wide_knows([row.context for row in rows])
    real = ~np.isin(validation.sources, list(WRITTEN))
    for_new, for_taught = _wide_weights(
        deep, blind, wide, truth, known, known[(taught & real)[known]]
    )
    logits: Floats = deep + np.where(taught[:, None], for_taught, for_new).astype(np.float32) * wide
    heat = inverse_temperature(logits[known], truth[known])
    decision = decision.model_copy(
        update={
            "stance_scale": _rounded([heat] * len(STANCES)),
            "stance_wide": for_new,
            "stance_wide_known": for_taught,
            "stance_bias": _rounded(_bias(heat * logits, truth, known[real[known]])),
            "prior": _rounded(np.bincount(truth[known], minlength=len(STANCES)) / len(known)),
        }
    )
    chances = stance_chances(decision, logits)
    confidence, right = chances[known].max(-1), chances[known].argmax(-1) == truth[known]
    least = sure_from(confidence, right)
    kept = confidence >= least
    log.info(
        "%d weighed validation rows: ECE %.3f; sure from %.2f: %.0f%% of rows, %.0f%% right",
        len(known),
        calibration_error(confidence, right),
        least,
        100 * kept.mean(),
        100 * right[kept].mean(),
    )
    return decision.model_copy(update={"sure_from": least}), chances


def _cells(decision: Decision, validation: _Validation, deep: Floats, wide: Floats) -> Decision:
    """Choose how evaluations are decided on, where rows tell of all their cells.

    Args:
        decision: where all else is taken from.
        validation: the rows.
        deep, wide: logits (n, 12) of the network and of the wide half.
    """
    judged = np.array([row.evaluation for row in validation.rows])
    whole = validation.weighed((judged != UNKNOWN).all(1))
    if not len(whole):
        return decision
    truth = judged[whole]
    share = wide_weight(deep[whole], wide[whole], truth, cell_loss)
    logits = deep[whole] + np.float32(share) * wide[whole]
    scale, offset = platt_scaling(logits, truth)
    decision = decision.model_copy(
        update={
            "evaluation_wide": share,
            "evaluation_scale": _rounded(scale),
            "evaluation_bias": _rounded(offset),
        }
    )
    rows_of_cell = judged[np.unique(whole)].sum(0)
    found = thresholds(cell_chances(decision, logits), truth, rows_of_cell)
    return decision.model_copy(update={"thresholds": tuple(found)})


def _evidence(
    decision: Decision,
    tagger: OnnxTagger,
    validation: _Validation,
    chances: npt.NDArray[np.float64],
) -> Decision:
    """Choose how many times a clause counts that names the policy: the least with which the clause
    that is shown is a marked one nearly as often as with the best, where the stance is right.

    Args:
        decision: where all else is taken from.
        tagger: which weighs the clauses.
        validation: the rows.
        chances: of their stances (n, 3).
    """
    marked = np.array([bool(row.spans) for row in validation.rows], bool)
    places = np.flatnonzero(marked & (chances.argmax(-1) == validation.truth))
    if len(places) < ENOUGH:
        return decision
    rows = [validation.rows[place] for place in places]
    counts = [validation.weights[place] for place in places]
    weighed = tagger.clause_weights([row.pair for row in rows])

    def right(named: float) -> float:
        pairs = zip(rows, weighed, strict=True)
        found = [shown(w, row.text, row.names, named) in row.spans for row, w in pairs]
        return float(np.average(found, weights=counts))

    hits = [right(named) for named in NAMED]
    chosen = next(place for place, share in enumerate(hits) if share >= max(hits) - 0.002)
    log.info(
        "evidence on %d weighed validation rows: %.1f%% right; %.1f%% where clauses that name the "
        "policy count %g times",
        sum(counts),
        100 * hits[0],
        100 * hits[chosen],
        NAMED[chosen],
    )
    return decision.model_copy(update={"evidence_named": NAMED[chosen]})


def _spread(validation: _Validation, chances: npt.NDArray[np.float64]) -> float:
    """Return how much policies differ, by real comments on them: written comments and targets
    beside policies differ less from each other than policies do."""
    truth = validation.truth
    real = np.isin(validation.sources, list(OF_POLICIES))
    places = np.flatnonzero((truth != UNKNOWN) & real)
    policies = [validation.rows[place].context for place in places]
    return round(policy_spread(chances[places], truth[places], policies), 3)


def _wide_weights(
    deep: Floats,
    blind: Floats,
    wide: Floats,
    truth: Integers,
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


def _bias(scaled: Floats, truth: Integers, rows: npt.NDArray[np.intp]) -> tuple[float, ...]:
    """Return what is added to the scaled logits of each stance, by what these rows say of it:
    places of real comments, each as often as it counts. Written ones hold as many of each stance
    as their writers wanted."""
    if len(np.unique(rows)) < ENOUGH:
        return (0.0,) * len(STANCES)
    return rare_bias(scaled[rows], truth[rows])


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
