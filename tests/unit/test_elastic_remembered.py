"""Answers are given again for the same opinions only, part by part, and forgotten in the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest

from indexers.remembered import Known, Remembered, Stamp, changed, size, stamps
from minyi.query import Interval

APRIL, MAY, JUNE = date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1)
OF_APRIL: Stamp = frozenset({("opinions-v1-2024.04", 3, 7.0)})
OF_MAY: Stamp = frozenset({("opinions-v1-2024.05", 2, 4.0)})
KNOWN = Known({APRIL: OF_APRIL, MAY: OF_MAY}, {APRIL: [1], MAY: [2]})


def of_may(count: int, newest: float) -> Stamp:
    return frozenset({("opinions-v1-2024.05", count, newest)})


def answered(parts: list[tuple[int, list[tuple[str, int, float]]]]) -> Mapping[str, Any]:
    buckets = [
        {
            "key": key,
            "by_index": {
                "buckets": [
                    {"key": index, "doc_count": count, "newest": {"value": newest}}
                    for index, count, newest in indices
                ]
            },
        }
        for key, indices in parts
    ]
    return {"aggregations": {"parts": {"buckets": buckets}}}


def test_a_week_may_lie_in_two_indices() -> None:
    monday = 1714320000000  # 2024-04-29 in Shanghai
    april, may = ("opinions-v1-2024.04", 2, 9.0), ("opinions-v1-2024.05", 4, 1.0)
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
        ({APRIL: OF_APRIL, MAY: of_may(1, 4.0)}, [MAY]),  # an opinion was deleted
        ({APRIL: OF_APRIL, MAY: of_may(2, 5.0)}, [MAY]),  # one was written again
        ({JUNE: of_may(1, 0.0), APRIL: OF_APRIL, MAY: OF_MAY}, [JUNE]),
        ({MAY: of_may(9, 9.0), APRIL: frozenset()}, [APRIL, MAY]),
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
        answers.put(question, f"{question}!", 2)
    assert answers.get("a") == "a!"
    answers.put("d", "d!", 2)
    assert [answers.get(question) for question in "abcd"] == ["a!", None, "c!", "d!"]
    answers.put("e", "e!", 100)
    assert not any(answers.get(question) for question in "abcde"), "larger than all room"
