"""Sums of counts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from minyi.query import Counts
from minyi.vocabulary import Aspect, Polarity, Stance


def total(many: Iterable[Counts]) -> Counts:
    """Return the sum of counts, outputs of the tagger included."""
    stances = dict.fromkeys(Stance, 0)
    evaluations: dict[Aspect, dict[Polarity, int]] = defaultdict(lambda: defaultdict(int))
    outputs: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for counts in many:
        for stance in Stance:
            stances[stance] += getattr(counts, stance)
        for aspect, polarities in counts.evaluations.items():
            for polarity, count in polarities.items():
                evaluations[aspect][polarity] += count
        for model, bins in counts.outputs.items():
            for number, count in bins.items():
                outputs[model][number] += count
    return Counts(
        **{stance.value: count for stance, count in stances.items()},
        evaluations={aspect: dict(cells) for aspect, cells in evaluations.items()},
        outputs={model: dict(bins) for model, bins in outputs.items()},
    )
