"""Fresh labels: what people said of opinions in the index. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minyi.outputs import OUTPUTS, STANCES
from minyi.shares.prediction_powered import Labelled
from minyi.vocabulary import Stance


@dataclass(frozen=True, slots=True)
class Label:
    """A label of an opinion in the index.

    ``output`` is the bin that the tagger of ``model_id`` put it in; ``weight`` says for how many
    opinions it stands: its copies over the probability with which it was drawn.
    """

    model_id: str
    output: int
    stance: Stance
    weight: float = 1.0


@dataclass(frozen=True)
class Labels:
    """Fresh labels of one policy."""

    items: tuple[Label, ...] = ()

    @cached_property
    def by_model(self) -> dict[str, Labelled]:
        """The labels by the model id that tagged their opinions."""
        found: dict[str, Labelled] = {}
        for label in self.items:
            labelled = found.setdefault(label.model_id, _no_labels())
            place = STANCES.index(label.stance), label.output
            labelled.weights[place] += label.weight
            labelled.squares[place] += label.weight**2
        return found


def _no_labels() -> Labelled:
    return Labelled(np.zeros((len(STANCES), OUTPUTS)), np.zeros((len(STANCES), OUTPUTS)))
