"""Answers are given again for the same opinions only, part by part, and forgotten in the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

import pytest

from indexers import asking
from indexers.asking import within
from indexers.remembered import Known, Remembered, Stamp, changed, size, stamps
from minyi.domain import SHANGHAI
from minyi.query import Interval

APRIL, MAY, JUNE = date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1)
OF_APRIL: Stamp = frozenset({("opinions-v1-2024.04", 3, 7.0, 16.0)})
OF_MAY: Stamp = frozenset({("opinions-v1-2024.05", 2, 4.0, 7.0)})
KNOWN = Known({APRIL: OF_APRIL, MAY: OF_MAY}, {APRIL: [1], MAY: [2]})


def of_may(count: int, highest: float, total: float) -> Stamp:
    return frozenset({("opinions-v1-2024.05", count, highest, total)})


def answered(parts: list[tuple[int, list[tuple[str, int, float, float]]]]) -> Mapping[str, Any]:
    buckets = [
        {
            "key": key,
            "by_index": {
                "buckets": [
                    {
                        "key": index,
                        "doc_count": count,
                        "numbers": {"max": highest, "sum": total},
                    }
                    for index, count, highest, total in indices
                ]
            },
        }
        for key, indices in parts
    ]
    return {"aggregations": {"parts": {"buckets": buckets}}}


def test_a_week_may_lie_in_two_indices() -> None:
    monday = 1714320000000  # 2024-04-29 in Shanghai
    april, may = ("opinions-v1-2024.04", 2, 9.0, 9.0), ("opinions-v1-2024.05", 4, 3.0, 6.0)
    for indices in ([april, may], [may, april]):
        answer = answered([(monday, indices)])
        found = stamps(partial(dict, answer), [], Interval.WEEK)
        assert found == {date(2024, 4, 29): frozenset({april, may})}
        assert size(found) == 6
    assert size(stamps(partial(dict, answered([])), [], Interval.WEEK)) == 0


@pytest.mark.parametrize(
    ("now", "parts"),
    [
        ({APRIL: OF_APRIL, MAY: OF_MAY}, []),
        ({APRIL: OF_APRIL}, []),  # May was dropped
        ({APRIL: OF_APRIL, MAY: of_may(1, 4.0, 4.0)}, [MAY]),  # an opinion was deleted
        ({APRIL: OF_APRIL, MAY: of_may(2, 5.0, 8.0)}, [MAY]),  # one was written again
        ({APRIL: OF_APRIL, MAY: of_may(2, 4.0, 6.0)}, [MAY]),  # a lower number was seen late
        ({JUNE: of_may(1, 0.0, 0.0), APRIL: OF_APRIL, MAY: OF_MAY}, [JUNE]),
        ({MAY: of_may(9, 9.0, 45.0), APRIL: frozenset()}, [APRIL, MAY]),
    ],
)
def test_only_parts_with_other_opinions_are_counted_anew(
    now: dict[date, Stamp], parts: list[date]
) -> None:
    assert changed(KNOWN, now) == parts
    assert changed(None, now) == sorted(now)


def test_the_answers_unused_for_longest_are_forgotten() -> None:
    answers = Remembered(9)
    for question in ("a", "b", "c"):
        answers.put(question, f"{question}!", 3)
    assert answers.get("a") == "a!"
    answers.put("d", "d!", 3)
    assert [answers.get(question) for question in "abcd"] == ["a!", None, "c!", "d!"]
    answers.put("e", "e!", 6)
    assert [answers.get(question) for question in "acde"] == [None, None, "d!", "e!"]
    answers.put("f", "f!", 100)
    assert answers.get("f") is None, "larger than all room"
    assert answers.get("e") == "e!"
    answers.put("e", "e?", 1)
    assert answers.get("e") == "e?"


def clauses(*parts: date, unit: Interval = Interval.MONTH, of: int = 99) -> list[Any]:
    every = {date.fromordinal(n): frozenset() for n in range(1, of)} | dict.fromkeys(parts, None)
    found = within(parts, every, unit)
    stretches = [stretch["bool"]["filter"] for each in found for stretch in each["bool"]["should"]]
    return [
        [
            datetime.fromtimestamp(at["range"]["created_at"][sign] / 1000, SHANGHAI).isoformat()
            for at, sign in zip(stretch, ("gte", "lt"), strict=True)
        ]
        for stretch in stretches
    ]


def test_parts_that_lie_together_are_one_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    december, january, march = date(2023, 12, 1), date(2024, 1, 1), date(2024, 3, 1)
    assert clauses(december, january, march) == [
        ["2023-12-01T00:00:00+08:00", "2024-02-01T00:00:00+08:00"],
        ["2024-03-01T00:00:00+08:00", "2024-04-01T00:00:00+08:00"],
    ]
    monday = date(2024, 4, 29)
    assert clauses(monday, unit=Interval.WEEK) == [
        ["2024-04-29T00:00:00+08:00", "2024-05-06T00:00:00+08:00"]
    ]
    assert within([MAY], {MAY: OF_MAY}, Interval.MONTH) == [], "all that passes"
    monkeypatch.setattr(asking, "STRETCHES", 1)
    assert clauses(december, march) == [], "too many to name"
