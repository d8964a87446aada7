from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from minyi.crosstab import Row, Total, protected, read
from minyi.domain import Opinion
from minyi.query import Facet, Filters, Interval
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import opinion

Table = dict[tuple[str | None, int], int]

ALL = Total.TOTAL
MONTHS = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC))


def people(table: Table) -> Iterable[Opinion]:
    """One opinion each, by region and month."""
    number = 0
    for (region, month), count in table.items():
        for _ in range(count):
            number += 1
            yield opinion(
                number,
                Stance.FAVOR if number % 2 else Stance.AGAINST,
                author=f"a{number}",
                region=region,
                created_at=MONTHS[month],
            )


def rows(table: Table, by: list[Facet]) -> list[Row]:
    index = ReferenceIndex()
    index.upsert(list(people(table)))
    return protected(read(index, Filters(), by, Interval.MONTH))


def test_cells_and_totals_come_with_what_must_be_hidden() -> None:
    table = {("A", 0): 4, ("A", 1): 60, ("B", 0): 30, ("B", 1): 20, (None, 0): 70, (None, 1): 50}
    found = {row.values: row for row in rows(table, [Facet.REGION])}
    assert len(found) == 6 + 2 + 3 + 1
    january, february = (m.date().replace(day=1) for m in MONTHS)
    hidden = {values for values, row in found.items() if row.hidden}
    assert hidden == {(m, r) for m in (january, february) for r in ("A", "B")}
    assert found[ALL, ALL].authors == found[ALL, ALL].counts.total == 234
    assert found[january, ALL].counts.total == 104
    assert found[ALL, None].counts.total == 120


@pytest.mark.parametrize("by", [[], [Facet.REGION]])
def test_where_nothing_was_said_there_are_no_rows(by: list[Facet]) -> None:
    assert rows({}, by) == []
