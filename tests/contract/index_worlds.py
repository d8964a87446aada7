"""Made opinions, and random worlds of them, in which an index is compared with the plain one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_reference import ReferenceIndex

from minyi.domain import Evaluation, Opinion, Reply, StanceProbabilities
from minyi.outputs import LEVELS
from minyi.ports import About, Index
from minyi.query import Counts, Facet, Filters, Group, Interval
from minyi.vocabulary import AgeBand, Aspect, Domain, Polarity, Stance
from tests import opinions

NOON = datetime(2024, 5, 15, 4, 0, tzinfo=UTC)  # a Wednesday, noon in Shanghai
ALL = Filters()


def opinion(
    comment: str, text: str = "支持垃圾分类", policy: str = "waste", **more: Any
) -> Opinion:
    """Make an opinion; ``praise`` and ``criticism`` list aspects."""
    said = [
        {"aspect": aspect, "polarity": polarity, "probability": 0.9}
        for polarity in Polarity
        for aspect in more.pop(polarity.value, ())
    ]
    values = {
        "domain": Domain.ENVIRONMENT,
        "source": "weibo",
        "created_at": NOON,
        "link": {"policy_id": policy, "by": "alias", "evidence": ["垃圾分类"]},
        "probabilities": {"favor": 0.7, "against": 0.2, "none": 0.1},
        "evaluations": said,
        "model_id": "m1",
    }
    return opinions.opinion(comment, text, policy, **(values | more))


def plain(counts: Counts) -> Counts:
    """Return the counts without the outputs, which most tests do not speak of."""
    return counts.model_copy(update={"outputs": {}})


def found(index: Index, query: str, filters: Filters = ALL) -> set[str]:
    page = index.search(query, filters, limit=100)
    assert page.cursor is None
    assert page.total == len(page.items)
    return {o.comment_id for o in page.items}


def listing(index: Index, query: str, filters: Filters, limit: int) -> list[Opinion]:
    """Follow the cursors to the end."""
    items, cursor = [], None
    while True:
        page = index.search(query, filters, limit, cursor)
        assert len(page.items) <= limit
        items += page.items
        if (cursor := page.cursor) is None:
            assert page.total == len(items)
            return items


# Few characters, so that random texts and queries meet; several forms of the same ones, the
# operators of query languages, and characters that break careless stores.
LETTERS = st.text(alphabet='垃圾分類类台臺Ａa1 　"*-()^:%_\\\n🎉é\x00', max_size=12)
REGIONS = st.sampled_from([None, "北京", "上海", "四川 成都"])
TIMES = st.one_of(
    st.sampled_from([NOON, NOON + timedelta(hours=12), NOON + timedelta(days=16, hours=12)]),
    st.datetimes(datetime(2024, 4, 28), datetime(2024, 6, 3), timezones=st.just(UTC)),
)
EVALUATIONS = st.lists(
    st.builds(
        Evaluation,
        aspect=st.sampled_from([Aspect.EFFECT, Aspect.COST, Aspect.SERVICE]),
        polarity=st.sampled_from(Polarity),
        probability=st.floats(0, 1),
    ),
    max_size=3,
).map(tuple)
PROBABILITIES = st.builds(
    StanceProbabilities,
    **dict.fromkeys(("favor", "against", "none"), st.sampled_from([*LEVELS, 0.1, 0.3, 0.97])),
)
"""On the borders of the levels, between them, and equal ones."""
OPINIONS = st.builds(
    opinion,
    st.sampled_from([f"c{n}" for n in range(12)]),
    LETTERS,
    policy=st.sampled_from(["waste", "metro"]),
    domain=st.sampled_from([Domain.ENVIRONMENT, Domain.TRANSPORT]),
    source=st.sampled_from(["weibo", "12345"]),
    channel=st.sampled_from([None, "热线", "网站"]),
    region=REGIONS,
    age=st.sampled_from([None, AgeBand.YOUNG, AgeBand.SENIOR]),
    author=st.sampled_from([None, None, "0123456789abcdef", "fedcba9876543210", "f"]),
    title=st.none() | LETTERS,
    created_at=TIMES,
    reply=st.none() | st.builds(Reply, text=st.just("已办理"), at=st.none() | TIMES),
    probabilities=PROBABILITIES,
    model_id=st.sampled_from(["m1", "m2"]),
    stance=st.sampled_from(Stance),
    evaluations=EVALUATIONS,
    sure=st.booleans(),
    likes=st.none() | st.integers(0, 2**53),
)
FILTERS = st.builds(
    Filters,
    policy_id=st.sampled_from([None, None, "waste", "nothing"]),
    stance=st.none() | st.sampled_from(Stance),
    aspect=st.sampled_from([None, None, Aspect.EFFECT, Aspect.COST]),
    polarity=st.none() | st.sampled_from(Polarity),
    region=REGIONS,
    channel=st.sampled_from([None, None, "热线"]),
    source=st.sampled_from([None, None, "12345"]),
    domain=st.sampled_from([None, None, Domain.TRANSPORT]),
    age=st.sampled_from([None, None, AgeBand.YOUNG]),
    lacking=st.sampled_from(
        [(), (), (), (Facet.REGION,), (Facet.AGE, Facet.CHANNEL), (Facet.POLICY,)]
    ),
    sure=st.sampled_from([None, None, True, False]),
    since=st.none() | TIMES,
    until=st.none() | TIMES,
)
ABOUTS = st.builds(
    About,
    st.sampled_from([f"c{n}" for n in range(12)]),
    st.frozensets(st.sampled_from(["waste", "metro"])),
)
BATCHES = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(OPINIONS, max_size=12)),
        st.tuples(st.just("delete"), st.lists(OPINIONS.map(lambda o: o.id), max_size=4)),
        st.tuples(st.just("retract"), st.lists(ABOUTS, max_size=4)),
    ),
    max_size=6,
)


def random_worlds(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a test take random writes and questions."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        asked = given(
            batches=BATCHES,
            query=LETTERS,
            filters=FILTERS,
            interval=st.sampled_from(Interval),
            group=st.none() | st.sampled_from(Group),
            by=st.lists(st.sampled_from(Facet), unique=True, max_size=3),
            limit=st.integers(1, 5),
        )(test)
        return settings(
            max_examples=examples,
            suppress_health_check=[
                HealthCheck.function_scoped_fixture,  # every example asks it for an empty index
                HealthCheck.differing_executors,  # one subclass an adapter
                HealthCheck.too_slow,
            ],
        )(asked)

    return decorate


def equals_the_plain_reference(
    self: object,
    fresh: Callable[[], Index],
    batches: list[tuple[str, list[Any]]],
    query: str,
    filters: Filters,
    interval: Interval,
    group: Group | None,
    by: list[Facet],
    limit: int,
) -> None:
    index, reference = fresh(), ReferenceIndex()
    try:
        for action, batch in batches:
            if action == "upsert":
                index.upsert(batch)
                reference.upsert(batch)
            elif action == "retract":
                assert index.retract(batch) == reference.retract(batch)
            else:
                assert index.delete(batch) == reference.delete(batch)
        assert index.count() == reference.count()
        assert index.digest() == reference.digest()
        for seen in (ALL, filters):
            assert index.newest(seen) == reference.newest(seen)
            assert index.totals(seen) == reference.totals(seen)
            assert index.trend(seen, interval, group) == reference.trend(seen, interval, group)
            volumes, expected = index.volumes(seen, interval), reference.volumes(seen, interval)
            assert list(volumes.items()) == list(expected.items())
            assert index.votes(seen, interval, group) == reference.votes(seen, interval, group)
            assert index.cells(seen, by) == reference.cells(seen, by)
            assert index.cells(seen, by, interval) == reference.cells(seen, by, interval)
            assert index.answers(seen, by) == reference.answers(seen, by)
            for words in ("", query):
                assert listing(index, words, seen, limit) == listing(reference, words, seen, limit)
    finally:
        index.close()
