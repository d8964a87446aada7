"""Any number of opinions on one policy, drawn at once; answers what the comparisons ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from minyi.query import Cell, Counts, Facet, Filters, Interval
from minyi.vocabulary import AgeBand, Aspect, Polarity

MONTHS = [date(2026, month, 1) for month in range(1, 13)]
REGIONS = tuple("京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂")
VALUES: dict[Facet, tuple[str, ...]] = {
    Facet.REGION: REGIONS,
    Facet.CHANNEL: ("热线", "网站", "应用"),
    Facet.SOURCE: ("信箱", "论坛"),
    Facet.AGE: tuple(AgeBand),
}


class Crowd:
    """Every opinion is of an author of its own. The facets are drawn independently, unless given.

    Args:
        size: how many.
        rng: where they are drawn from.
        given: the values of some facets, by facet, and of ``None``, time.
        favor: the probability of being in favor, one or one for each.
        against: likewise.
    """

    def __init__(
        self,
        size: int,
        rng: np.random.Generator,
        given: Mapping[Facet | None, npt.NDArray[Any]] | None = None,
        favor: npt.ArrayLike = 0.3,
        against: npt.ArrayLike = 0.3,
    ) -> None:
        self.size = size
        self.columns: dict[Facet | None, npt.NDArray[Any]] = {
            facet: rng.choice(values, size) for facet, values in VALUES.items()
        }
        self.columns[None] = rng.choice(np.array(MONTHS), size)
        self.columns |= given or {}
        draw = rng.random(size)
        favors = draw < np.asarray(favor, float)
        self.stances = np.where(favors, 0, np.where(draw < np.add(favor, against), 1, 2))
        self.evaluated = rng.random((size, len(Aspect) * len(Polarity))) < 0.05

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        inside = np.ones(self.size, dtype=bool)
        for facet in VALUES:
            if (wanted := getattr(filters, facet.value)) is not None:
                inside &= self.columns[facet] == wanted
        keys = [self.columns[key][inside] for key in ([None] if interval else []) + [*by]]
        names, places = (
            zip(*(np.unique(key, return_inverse=True) for key in keys), strict=True)
            if keys
            else ((), ())
        )
        shape = [len(unique) for unique in names] or [1]
        at = np.ravel_multi_index(places, shape) if keys else np.zeros(inside.sum(), dtype=int)
        total = int(np.prod(shape))
        stances = np.bincount(at * 3 + self.stances[inside], minlength=total * 3).reshape(-1, 3)
        aspects = np.stack([np.bincount(at, column, total) for column in self.evaluated[inside].T])
        found = []
        for place in np.flatnonzero(stances.sum(1)):
            values = [
                unique[i]
                for unique, i in zip(names, np.unravel_index(place, shape), strict=bool(names))
            ]
            found.append(
                Cell(
                    bucket=values.pop(0) if interval else None,
                    values=tuple(map(str, values)),
                    counts=Counts(
                        **dict(
                            zip(("favor", "against", "none"), map(int, stances[place]), strict=True)
                        ),
                        evaluations={
                            aspect: {
                                polarity: int(aspects[2 * i + j, place])
                                for j, polarity in enumerate(Polarity)
                            }
                            for i, aspect in enumerate(Aspect)
                        },
                    ),
                    authors=int(stances[place].sum()),
                )
            )
        return found
