"""The embedded index's daily sums are exact whatever is written, and answer as the facts do."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_worlds import ALL, BATCHES, NOON, opinion

from indexers import daily
from indexers.embedded import FILE, EmbeddedIndex
from minyi.domain import SHANGHAI, Opinion
from minyi.outputs import OUTPUTS, output
from minyi.query import Filters, Group, Interval
from minyi.vocabulary import EVALUATIONS, Domain, Stance

MIDNIGHTS = st.sampled_from(
    [None, *(datetime(2024, 5, day, tzinfo=SHANGHAI) for day in (1, 15, 16))]
)
WHOLE_DAYS = st.builds(
    Filters,
    policy_id=st.sampled_from([None, "waste", "nothing"]),
    domain=st.sampled_from([None, Domain.TRANSPORT, Domain.HEALTH]),
    since=MIDNIGHTS,
    until=MIDNIGHTS,
)
NO_FIXTURE_RESET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    index = EmbeddedIndex(tmp_path)
    yield index
    index.close()


def kept(folder: Path) -> dict[tuple[str, int, str, str], list[int]]:
    """Return what the file holds: the sums by policy, day, domain and model."""
    db = sqlite3.connect(folder / FILE)
    names = dict(db.execute("SELECT code, name FROM name"))
    rows = np.frombuffer(
        b"".join(key + sums for key, sums in db.execute("SELECT * FROM daily")), daily.DAY
    )
    db.close()
    return {
        (names[policy], day, names[domain], names[model]): sums.tolist()
        for policy, day, domain, model, sums in rows
    }


def recounted(opinions: tuple[Opinion, ...]) -> dict[tuple[str, int, str, str], list[int]]:
    """Return the same, counted one by one."""
    days: dict[tuple[str, int, str, str], Counter[int]] = {}
    for o in opinions:
        day = o.created_at.astimezone(SHANGHAI).toordinal()
        sums = days.setdefault((o.policy_id, day, str(o.domain), o.model_id), Counter())
        sums[output(o.stance, o.probabilities)] += 1
        sums.update({OUTPUTS + EVALUATIONS.index((e.aspect, e.polarity)) for e in o.evaluations})
    return {key: [sums[n] for n in range(daily.WIDTH)] for key, sums in days.items()}


@given(batches=BATCHES)
@settings(max_examples=60, suppress_health_check=NO_FIXTURE_RESET)
def test_the_sums_equal_a_recount_after_every_write(
    tmp_path_factory: pytest.TempPathFactory, batches: list
) -> None:
    folder = tmp_path_factory.mktemp("index")
    index = EmbeddedIndex(folder)
    for action, batch in batches:
        getattr(index, action)(batch)
        assert kept(folder) == recounted(index.search("", ALL, limit=100).items)
    index.close()


@given(batches=BATCHES, filters=WHOLE_DAYS, interval=st.sampled_from(Interval))
@settings(max_examples=60, suppress_health_check=NO_FIXTURE_RESET)
def test_sums_and_facts_give_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list,
    filters: Filters,
    interval: Interval,
) -> None:
    index = EmbeddedIndex(tmp_path_factory.mktemp("index"))
    for action, batch in batches:
        getattr(index, action)(batch)

    def answers() -> list:
        return [
            index.trend(filters, interval),
            index.trend(filters, interval, Group.DOMAIN),
            index.totals(filters),
            index.volumes(filters, interval),
            index.search("", filters).total,
            index.search("", filters.model_copy(update={"stance": Stance.FAVOR})).total,
        ]

    assert daily.hold_answer(filters)
    from_sums = answers()
    with patch.object(daily, "hold_answer", return_value=False):
        assert answers() == from_sums
    index.close()


@pytest.mark.parametrize(
    ("filters", "answered"),
    [
        (ALL, True),
        (Filters(policy_id="waste", domain=Domain.HEALTH), True),
        (Filters(since=datetime(2024, 5, 1, tzinfo=SHANGHAI)), True),
        (Filters(until=datetime(2024, 4, 30, 16, tzinfo=UTC)), True),
        (Filters(until=datetime(2024, 5, 1, tzinfo=UTC)), False),
        (Filters(since=NOON), False),
        (Filters(region="北京"), False),
        (Filters(stance="favor"), False),
        (Filters(sure=False), False),
        (Filters(lacking=("region",)), False),
    ],
)
def test_the_sums_answer_for_whole_days_only(filters: Filters, answered: bool) -> None:
    assert daily.hold_answer(filters) is answered
    assert not daily.hold_answer(filters, Group.REGION)


def test_a_late_opinion_lands_in_its_day_and_leaves_it_again(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    early = opinion("late", created_at=datetime(2024, 1, 1, tzinfo=UTC))
    index.upsert([opinion("a"), opinion("b")])
    before = kept(tmp_path)
    index.upsert([early])
    assert len(kept(tmp_path)) == len(before) + 1
    index.upsert([early.model_copy(update={"created_at": NOON})])
    assert [p.counts.total for p in index.trend(ALL, Interval.DAY)] == [3]
    index.delete([early.id])
    assert kept(tmp_path) == before, "no empty day is kept"
