"""Campaigns of a policy: what they are, and what the figures are when each counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.campaigns.campaign import campaign_id, describe
from minyi.campaigns.collapsing import Clustered
from minyi.campaigns.headlines import Headline
from minyi.campaigns.reader import CampaignReader
from minyi.campaigns.said import Said, passes
from minyi.domain import Opinion
from minyi.query import Facet, Filters
from minyi.vocabulary import Aspect, Polarity, Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import ELEVATOR, World, opinion

FAVOR, AGAINST, NONE = Stance
CALL = (
    "我们坚决反对在本小区强行施工！低层住户采光被挡、噪音不断，没有合理补偿就是不公平，请立即叫停"
)
OWN = (
    "我妈八十二了下楼一趟要歇四回早点装吧", "楼下那户死活不签字一拖就是三年谁来管管",
    "装好两个月了买菜遛弯都方便物业也没涨价", "井道正对着我家厨房窗户白天都要开灯",
    "请问补贴标准今年还是按去年的算吗", "施工队把花坛挖了到现在也没恢复原样",
    "六楼出钱多一楼不出钱这个比例大家都认", "我们单元九户全同意资料交上去半年没回音",
    "光听雷声不见下雨开会开了七八回", "希望把电费和维保写进协议里免得以后扯皮",
    "公示贴在没人走的后门这叫公示吗", "隔壁小区装完房价涨了一成我们还在吵",
)  # fmt: skip


def said(*opinions: Opinion) -> list[Said]:
    return [Said.of(o) for o in sorted(opinions, key=lambda o: (o.created_at, o.id))]


def reader(index: ReferenceIndex, **limits: int) -> CampaignReader:
    return CampaignReader(index, World(), **limits)


def filled(copies: int = 9) -> ReferenceIndex:
    """Twelve people of their own, eight for; and nine copies of a call against."""
    index = ReferenceIndex()
    for number, text in enumerate(OWN):
        stance = AGAINST if number % 3 == 0 else FAVOR
        index.upsert([opinion(number, stance, text=text, region="A市", author=f"{number:016x}")])
    for number in range(100, 100 + copies):
        more: dict[str, Any] = {"region": "B市" if number % 2 else None, "channel": "热线"}
        index.upsert([opinion(number, AGAINST, text=f"{CALL}{'！' * (number % 4)}", **more)])
    return index


def test_a_campaign_counts_once_and_a_flipped_headline_is_named() -> None:
    scoped = reader(filled()).read(ELEVATOR.id).clustered.within(Filters())
    figures = scoped.figures()
    assert (figures.raw.favor.count, figures.raw.against.count) == (8, 4 + 9)
    assert (figures.collapsed.favor.count, figures.collapsed.against.count) == (8, 4 + 1)
    assert (figures.campaigns, figures.in_campaigns) == (1, 9)
    assert figures.collapsed.favor.denominator == "opinions, campaigns counted once"
    assert {(f.headline, f.stance, f.raw, f.collapsed) for f in figures.flips} == {
        (Headline.LEAD, None, "against", "favor"),
        (Headline.HALF, FAVOR, "not above", "above"),
        (Headline.HALF, AGAINST, "above", "not above"),
    }


def test_nothing_is_called_flipped_where_there_are_too_few() -> None:
    scoped = reader(filled()).read(ELEVATOR.id).clustered.within(Filters(region="B市"))
    figures = scoped.figures()
    assert figures.raw.too_few
    assert figures.flips == ()


def test_a_campaign_says_who_where_and_when() -> None:
    scoped = reader(filled()).read(ELEVATOR.id).clustered.within(Filters())
    ((name, members),) = scoped.campaigns.items()
    found = describe(name, members)
    assert found.id == campaign_id(members[0])
    assert (found.opinions, found.authors, found.texts, found.short) == (9, 9, 1, False)
    assert found.text == CALL  # as it was first written
    assert found.likeness == (1, 1)
    assert [(p.value, p.opinions) for p in found.regions.largest] == [(None, 5), ("B市", 4)]
    assert (found.channels.values, found.sources.largest[0].value) == (1, "petition")
    assert found.last - found.first == timedelta(hours=8)
    assert found.stances == {FAVOR: 0, AGAINST: 9, NONE: 0}


def test_a_campaign_says_how_many_have_no_author() -> None:
    """Each counts as one author: 20 copies without a name are not 20 people for sure."""
    names = ["a", "a", None, None, None]
    said = [opinion(n, AGAINST, text=CALL, author=name) for n, name in enumerate(names)]
    found = describe("x", [Said.of(one) for one in said])
    assert (found.authors, found.unnamed) == (4, 3)


def test_the_id_of_a_campaign_is_the_same_under_any_filter() -> None:
    clustered = reader(filled()).read(ELEVATOR.id).clustered
    everywhere = clustered.within(Filters())
    somewhere = clustered.within(Filters(region="B市"))
    assert list(everywhere.campaigns) == list(somewhere.campaigns)
    assert [len(m) for m in somewhere.campaigns.values()] == [4]


def test_the_majority_speaks_for_a_campaign_and_the_earliest_breaks_a_tie() -> None:
    tied = said(opinion(1, FAVOR), opinion(2, AGAINST))
    assert describe("x", tied).stance is FAVOR
    assert describe("x", [*tied, *said(opinion(3, AGAINST))]).stance is AGAINST


def test_what_any_member_criticises_the_campaign_criticises_once() -> None:
    cost = [{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]
    members = said(*(opinion(n, AGAINST, evaluations=cost if n else []) for n in range(3)))
    figures = Clustered(members, [[0, 1, 2]]).within(Filters()).figures()
    shares = {e.aspect: e.criticism.count for e in figures.collapsed.evaluations}
    assert shares == {aspect: int(aspect is Aspect.COST) for aspect in Aspect}


def test_short_texts_are_marked() -> None:
    named = f"支持{ELEVATOR.title}"
    members = said(opinion(1, FAVOR, text=named), opinion(2, FAVOR, text=named))
    assert describe("x", members).short


def test_a_campaign_of_short_texts_is_shown_with_its_title() -> None:
    """Its title is what they have in common."""
    members = said(*(opinion(n, FAVOR, text="如题！", title="早日加装") for n in (1, 2)))
    assert describe("x", members).text == "早日加装\n如题！"


PLACES = st.sampled_from(["A市", "B市", None])


@given(
    st.lists(st.tuples(PLACES, st.sampled_from(list(Stance)), st.booleans()), max_size=8),
    st.builds(
        Filters,
        region=PLACES,
        stance=st.sampled_from([None, *Stance]),
        sure=st.sampled_from([None, True, False]),
        lacking=st.sampled_from([(), (Facet.REGION,), (Facet.AGE,), (Facet.POLICY,)]),
        aspect=st.sampled_from([None, Aspect.COST]),
        polarity=st.sampled_from([None, *Polarity]),
        since=st.sampled_from([None, datetime(2026, 1, 5, 6, tzinfo=UTC)]),
        until=st.sampled_from([None, datetime(2026, 1, 5, 7, tzinfo=UTC)]),
    ),
)
def test_filters_keep_what_an_index_keeps(
    rows: list[tuple[str | None, Stance, bool]], filters: Filters
) -> None:
    cost = [{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]
    opinions = [
        opinion(n, stance, region=region, sure=sure, evaluations=cost if n % 2 else [])
        for n, (region, stance, sure) in enumerate(rows)
    ]
    index = ReferenceIndex()
    index.upsert(opinions)
    kept = {o.id for o in index.search("", filters, 100).items}
    assert {o.id for o in opinions if passes(Said.of(o), filters)} == kept


def test_newer_opinions_are_added_and_everything_else_is_read_again() -> None:
    index = filled(copies=3)
    own = reader(index)

    def fresh() -> Any:
        return reader(index).read(ELEVATOR.id).clustered

    before = own.read(ELEVATOR.id)
    assert own.read(ELEVATOR.id) is before  # nothing has changed
    late = opinion(-5, FAVOR, text=CALL, likes=0)
    changes: list[list[Opinion]] = [
        [opinion(200, AGAINST, text=CALL + "快快快"), opinion(201, FAVOR)],  # newer ones
        [late],  # one that came late: now the earliest of the campaign
        [opinion(201, AGAINST)],  # one that was tagged anew
    ]
    for change in changes:
        index.upsert(change)
        assert own.read(ELEVATOR.id).clustered == fresh()
    index.delete([late.id])
    assert own.read(ELEVATOR.id).clustered == fresh()
    assert own.read("quiet-policy").clustered.said == ()


def test_only_so_many_opinions_are_read_and_kept() -> None:
    index = filled()
    own = reader(index, opinions=8, held=8)
    read = own.read(ELEVATOR.id)
    assert (len(read.clustered.said), read.total) == (8, 21)
    assert {one.text.rstrip("！") for one in read.clustered.said} == {CALL}
    index.upsert([opinion(300, FAVOR)])
    assert own.read(ELEVATOR.id).clustered == reader(index, opinions=8).read(ELEVATOR.id).clustered
    for policy in ("ebike-standard", "quiet-policy", ELEVATOR.id):
        own.read(policy)
    assert sum(len(held.said) for held in own._policies.values()) <= 8


@pytest.mark.parametrize("page", [1, 4])
def test_how_it_is_read_changes_nothing(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reader(filled()).read(ELEVATOR.id).clustered
    monkeypatch.setattr("minyi.campaigns.reader.PAGE", page)
    monkeypatch.setattr("minyi.campaigns.reader.BATCH", page)
    assert reader(filled()).read(ELEVATOR.id).clustered == whole
