"""The table of held-out rows: how the tagger's output came out where the truth is known.

Test rows stay out of it, so that they can tell whether the intervals that stand on it hold
(``make bench-honesty``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minyi.domain import StanceProbabilities
from minyi.outputs import output
from minyi.shares.held_out import Found, HeldOut, HeldOutPolicy
from minyi.vocabulary import Aspect, Polarity, Stance
from models.artifact import Decision
from models.deciding import Floats, cell_chances, stance_chances
from models.inputs import CELLS, STANCES
from models.rows.examples import UNKNOWN, Example, known_policies, policies_by_context
from models.rows.labels import stream
from models.rows.sources import OWN, but_for, rows_of
from models.runtime import OnnxTagger
from models.training.config import recipe_of

APART = frozenset({"others", "measures"})
"""Sources that are not in the table: comments that tell less of real ones than of who wrote them
(with them, intervals came out too narrow on real rows), and real ones on measures that have a row
or two each, from which nobody learns how policies differ."""
OF_POLICIES = frozenset({"gold", OWN})
"""Sources of real comments: their rows tell of the policy itself. Those of the others are kept
apart, as targets beside it."""


def held_out(tagger: OnnxTagger, data: Path | None = None) -> HeldOut:
    """Tag held-out rows and return the table.

    They are the validation rows of the artifact's recipe, but for ``APART``, and, where the
    project's comments are among those, the bundled stream: comments from elsewhere, for which
    every tagger is worse. What the recipe leaves out of training is left out here, too.

    Args:
        tagger: the artifact.
        data: a user's own labelled comments, when it was calibrated on those.

    Raises:
        InvalidArtifact: when the recipe is not one of this version.
        SettingError: when a source of rows cannot be read.
    """
    manifest = tagger.manifest
    recipe = recipe_of(manifest)
    rows = {
        name: rows_of(name, "val", data, recipe.without)
        for name in recipe.validate_on
        if name not in APART
    }
    if "comments" in rows:
        rows["stream"] = but_for(stream(), recipe.without)
    logits = {name: tagger.logits([row.pair for row in found]) for name, found in rows.items()}
    return table(manifest.model_id, manifest.decision, rows, logits)


def table(
    model_id: str,
    decision: Decision,
    rows: Mapping[str, Sequence[Example]],
    logits: Mapping[str, tuple[Floats, Floats]],
) -> HeldOut:
    """Return the table.

    Args:
        model_id: whose output it is.
        decision: how logits become labels.
        rows: by source.
        logits: stance and evaluation logits of each source's rows.
    """
    by_context = policies_by_context(known_policies())
    names = {context: policy.id for context, policy in by_context.items()}
    stances: dict[str, dict[Stance, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    judged: Counter[str] = Counter()
    cells: dict[str, dict[tuple[Aspect, Polarity], Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for source, examples in rows.items():
        bins = output_bins(decision, logits[source][0])
        found = cell_chances(decision, logits[source][1]) >= np.array(decision.thresholds)
        for row, example in enumerate(examples):
            if example.stance == UNKNOWN:
                continue
            name = names.get(example.context, example.context)
            name = name if source in OF_POLICIES else f"{source}/{name}"
            stances[name][STANCES[example.stance]][int(bins[row])] += 1
            if UNKNOWN in example.evaluation:
                continue
            judged[name] += 1
            for cell, held, seen in zip(CELLS, example.evaluation, found[row], strict=True):
                if held or seen:
                    kind = "alarms" if not held else "hits" if seen else "misses"
                    cells[name][cell][kind] += 1
    return HeldOut(
        model_id=model_id,
        policies={
            name: HeldOutPolicy(
                stances={stance: dict(sorted(b.items())) for stance, b in found_bins.items()},
                judged=judged[name],
                evaluations=_by_aspect(cells[name]),
            )
            for name, found_bins in sorted(stances.items())
        },
    )


def output_bins(decision: Decision, logits: Floats) -> npt.NDArray[np.int64]:
    """Return the bins that the index would count opinions of these stance logits (n, 3) in."""
    chances = stance_chances(decision, logits)
    best = chances.argmax(axis=1)
    return np.array(
        [
            output(
                STANCES[place],
                StanceProbabilities(
                    **{s.value: c for s, c in zip(STANCES, row.round(4).tolist(), strict=True)}
                ),
            )
            for place, row in zip(best, chances, strict=True)
        ],
        np.int64,
    )


def _by_aspect(
    cells: Mapping[tuple[Aspect, Polarity], Mapping[str, int]],
) -> dict[Aspect, dict[Polarity, Found]]:
    found: dict[Aspect, dict[Polarity, Found]] = defaultdict(dict)
    for (aspect, polarity), kinds in sorted(cells.items()):
        found[aspect][polarity] = Found(**kinds)
    return dict(found)
