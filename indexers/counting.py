"""The counting questions of the port ``Index``, answered by Elasticsearch's aggregations.

Texts and authors that come more than once in a bucket are few. Everything is counted opinion by
opinion first; then what those few count beyond the first is taken off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from indexers.aggregations import Aggregations, By, Found, Place, Recurring, maybe
from indexers.documents import EVALUATED, read_output, stance_of
from indexers.mappings import Body
from indexers.queries import vote
from indexers.snapshot import Snapshot
from indexers.tally import Tally
from minyi import outputs
from minyi.query import AnswerCell, Cell, Counts, Facet, Group, Interval, TrendPoint
from minyi.vocabulary import Stance

Tallies = Mapping[Place, Tally]
REPLY: list[Body] = [{"answered": {"terms": {"field": "answered"}}}, maybe("delay")]


class Counting:
    """Counts the opinions that pass.

    Args:
        state: of the index.
        clauses: what an opinion must match.
        recurring: see ``Aggregations``.
    """

    def __init__(
        self, state: Snapshot, clauses: Sequence[Body], recurring: Recurring | None = None
    ) -> None:
        self._asking = Aggregations(state, clauses, recurring)

    def trend(self, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.trend``.

        An evaluated cell counts once in ``collapsed`` when any of the near-identical texts has it.
        """
        by = By(interval, (group.value,) if group else ())
        found = self._asking.ask_first("saying", by, _all_counts(by))
        wanted = {"texts": by.sources("saying"), "cells": by.sources("saying", "cells")}
        surplus: defaultdict[Place, Tally] = defaultdict(Tally)
        for copies in self._asking.of_recurring("saying", by, wanted, found):
            for key, n in copies.rows["texts"]:
                surplus[by.place(key)].add(stance_of(key["saying"]), n - 1)
            for key, n in copies.rows["cells"]:
                surplus[by.place(key)].evaluate(EVALUATED[key["cells"]], n - 1)
        tallies = _tallies(by, found)
        return _points(tallies, {p: tally.less(surplus[p]) for p, tally in tallies.items()})

    def volumes(self, interval: Interval) -> list[tuple[date, int]]:
        """See ``Index.volumes``."""
        by = By(interval, ())
        found = self._asking.ask({"all": by.sources()})
        return sorted((by.place(key).day, n) for key, n in found.rows["all"])

    def votes(self, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.votes``."""
        by = By(interval, (group.value,) if group else ())
        found = self._asking.ask_first("voter", by, {"sides": by.sources("stance")})
        votes: defaultdict[Place, Tally] = defaultdict(Tally)
        for key, n in found.rows["sides"]:
            votes[by.place(key)].add(Stance(key["stance"]), n)
        wanted = {"sides": by.sources("voter", "stance")}
        for loud in self._asking.of_recurring("voter", by, wanted, found):
            said: defaultdict[tuple[Place, int], dict[Stance, int]] = defaultdict(dict)
            for key, n in loud.rows["sides"]:
                said[by.place(key), key["voter"]][Stance(key["stance"])] = n
            for (place, _), sides in said.items():
                for stance, n in sides.items():
                    votes[place].add(stance, -n)
                votes[place].add(vote(sides.get(Stance.FAVOR, 0), sides.get(Stance.AGAINST, 0)), 1)
        return _points(votes, votes)

    def cells(self, facets: Sequence[Facet], interval: Interval | None) -> list[Cell]:
        """See ``Index.cells``."""
        by = By(interval, tuple(facet.value for facet in facets))
        found = self._asking.ask_first("voter", by, _all_counts(by))
        surplus: defaultdict[Place, int] = defaultdict(int)
        wanted = {"voters": by.sources("voter")}
        for loud in self._asking.of_recurring("voter", by, wanted, found):
            for key, n in loud.rows["voters"]:
                surplus[by.place(key)] += n - 1
        return [
            Cell.model_construct(
                bucket=place.bucket,
                values=place.values,
                counts=counts,
                authors=counts.total - surplus[place],
            )
            for place, counts in _in_order(_tallies(by, found))
        ]

    def totals(self) -> list[tuple[Place, Tally]]:
        """Count by month and policy."""
        by = By(Interval.MONTH, ("policy_id",))
        return list(_tallies(by, self._asking.ask(_all_counts(by))).items())

    def answers(self, facets: Sequence[Facet]) -> list[AnswerCell]:
        """See ``Index.answers``."""
        by = By(Interval.DAY, tuple(facet.value for facet in facets))
        found = self._asking.ask(
            {
                name: [*by.sources(), *REPLY, *By(None, ()).sources(name)]
                for name in ("stance", "cells")
            }
        )
        tallies: defaultdict[tuple[Place, bool, int | None], Tally] = defaultdict(Tally)
        for key, n in found.rows["stance"]:
            tallies[by.place(key), key["answered"], key["delay"]].add(Stance(key["stance"]), n)
        for key, n in found.rows["cells"]:
            cell = by.place(key), key["answered"], key["delay"]
            tallies[cell].evaluate(EVALUATED[key["cells"]], n)
        return [
            AnswerCell.model_construct(
                day=place.day,
                values=place.values,
                answered=answered,
                delay=delay,
                counts=tally.counts(),
            )
            for (place, answered, delay), tally in sorted(
                tallies.items(),
                key=lambda item: (
                    item[0][0].order,
                    item[0][1],
                    -1 if item[0][2] is None else item[0][2],
                ),
            )
        ]


def _all_counts(by: By) -> dict[str, list[Body]]:
    return {name: by.sources(name) for name in ("output", "cells")}


def _tallies(by: By, found: Found) -> Tallies:
    tallies: defaultdict[Place, Tally] = defaultdict(Tally)
    for key, n in found.rows["output"]:
        model_id, number = read_output(key["output"])
        tally = tallies[by.place(key)]
        tally.add(outputs.stance_of(number), n)
        tally.produce(model_id, number, n)
    for key, n in found.rows["cells"]:
        tallies[by.place(key)].evaluate(EVALUATED[key["cells"]], n)
    return tallies


def _in_order(tallies: Tallies) -> list[tuple[Place, Counts]]:
    ordered = sorted(tallies.items(), key=lambda item: item[0].order)
    return [(place, tally.counts()) for place, tally in ordered]


def _points(tallies: Tallies, collapsed: Tallies) -> list[TrendPoint]:
    return [
        TrendPoint.model_construct(
            bucket=place.day,
            group=place.values[0] if place.values else None,
            counts=counts,
            collapsed=collapsed[place].counts(),
        )
        for place, counts in _in_order(tallies)
    ]
