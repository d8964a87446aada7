from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from minyi.domain import (
    Comment,
    Link,
    LinkBy,
    Opinion,
    Reply,
    StanceProbabilities,
    Tagging,
    opinion_id,
)
from minyi.errors import InvalidRecord
from minyi.pipeline import LinkedComment, opinions, protect, reading
from minyi.policy import Policy
from minyi.vocabulary import Domain, Stance

PHONE, MAIL = "13800138000", "zhang.san@example.com"
POLICY = Policy(
    id="elevator-retrofit",
    title="加装电梯",
    domain=Domain.HOUSING,
    description="为老旧小区住宅楼加装电梯，业主分摊费用，政府给予补贴。",
    department="住房和城乡建设部",
)


def comment(text: str = "支持加装电梯", **more: object) -> Comment:
    values = {"id": "c1", "source": "s", "text": text, "created_at": "2026-03-01T08:00:00+08:00"}
    return Comment.from_mapping(values | more)


def tagging(span: tuple[int, int] | None = None) -> Tagging:
    return Tagging(
        stance=Stance.FAVOR,
        probabilities=StanceProbabilities(favor=0.8, against=0.1, none=0.1),
        span=span,
    )


def opinion(of: Comment, span: tuple[int, int] | None = None) -> Opinion:
    link = Link(policy_id=POLICY.id, by=LinkBy.ALIAS, evidence=("加装电梯",))
    linked = LinkedComment(comment=of, links=(link,))
    (made,) = opinions(linked, [tagging(span)], {POLICY.id: POLICY}, "m1")
    return made


@pytest.mark.parametrize(("age", "band"), [(35, "30-44"), ("60+", "60+"), (None, None)])
def test_an_opinion_keeps_the_band_of_an_age(age: object, band: str | None) -> None:
    read = Comment.from_json(comment(age=age).to_json())
    assert opinion(read).age == band


@pytest.mark.parametrize("age", [131, -1, "60-69", "old", 1.5])
def test_what_is_no_age_is_refused_by_its_field(age: object) -> None:
    with pytest.raises(InvalidRecord) as caught:
        comment(age=age)
    assert caught.value.place == "field age"


def test_no_personal_data_is_left_in_an_opinion() -> None:
    whole = comment(
        f"我叫张三，电话{PHONE}，支持加装电梯",
        title=f"投诉人：李四，联系{MAIL}",
        url=f"https://example.org/?u={MAIL}",
        author="user-77",
        reply={"text": f"请致电{PHONE}", "department": f"住建局（联系人{PHONE}）"},
        region=f"城东区{PHONE}",
        channel=f"热线{PHONE}",
        source=f"导出{MAIL}",
        id=f"导出{MAIL}:1",
        mood=PHONE,
    )
    written = opinion(protect(whole, "key")).to_json().decode()
    for personal in (PHONE, MAIL, "user-77", "张三", "李四"):
        assert personal in json.dumps(json.loads(whole.to_json()), ensure_ascii=False)
        assert personal not in written
    for kept in ("住建局（联系人〔手机号〕）", "城东区", "热线"):
        assert kept in written


@pytest.mark.parametrize(
    "id_", [f"热线{PHONE}:1", f"{MAIL}-1", "1️⃣3️⃣8️⃣00138000", "京A12345:7", "联系人：张三:1"]
)
def test_an_id_with_personal_data_is_told_apart_but_not_shown(id_: str) -> None:
    one, again, other, keyed = (
        opinion(protect(comment(id=i), key)).comment_id
        for i, key in ((id_, "key"), (id_, "key"), (f"{id_}1", "key"), (id_, "other"))
    )
    assert one == again
    assert len({one, other, keyed, id_}) == 4
    assert PHONE not in one
    assert opinion(protect(comment(id=id_), "key")).id == opinion_id(one, POLICY.id)


@pytest.mark.parametrize(
    "id_", ["热线2026:1", "weibo:4465120000000001", "20260301083000123", "工单862026030112", "w1"]
)
def test_an_id_that_is_only_a_number_leads_back_to_the_comment(id_: str) -> None:
    assert protect(comment(id=id_), "key").id == id_


@pytest.mark.parametrize("source", ["微信", "QQ", "wechat", "加V"])
def test_an_id_behind_its_source_is_no_account_there(source: str) -> None:
    """``source:id`` is how rows of a file are called."""
    for own in ("2026030100012", "GD20260301-12"):
        assert protect(comment(source=source, id=f"{source}:{own}"), "key").id == f"{source}:{own}"
    for own in (PHONE, "微信minyi2026"):
        assert PHONE not in (id_ := protect(comment(source=source, id=f"{source}:{own}"), "key").id)
        assert id_.startswith("hashed-")


def test_an_author_is_told_apart_but_not_named() -> None:
    one, two = protect(comment(author="a"), "key"), protect(comment(author="b"), "key")
    assert one.author == protect(comment(author="a", id="c2"), "key").author != two.author
    assert protect(comment(), "key").author is None


def test_one_letter_that_several_people_signed_is_a_duplicate() -> None:
    signed = [protect(comment(f"支持加装电梯！申请人：{name}"), "key") for name in ("张三", "李四")]
    assert len({opinion(one).duplicate_key for one in signed}) == 1


def test_petitions_whose_titles_say_it_all_are_no_duplicates() -> None:
    titles = ("早高峰快了，支持加装电梯", "加装电梯应该取消")
    same = [opinion(comment("如题", title=title)).duplicate_key for title in titles]
    assert len(set(same)) == 2


LONGEST = {
    "id": 200, "source": 100, "text": 20_000, "title": 500, "url": 2000, "author": 200,
    "region": 100, "channel": 100, "reply": 20_000, "department": 200,
}  # fmt: skip
PARTS = ("我叫王伟，", "联系人：李娜。", "此致敬礼\n张三", "a@b.co ", "京A1234警", "好", " ")
"""Of texts that have another length when redacted."""


def long_comment(texts: Mapping[str, str]) -> Comment:
    """Return a comment whose fields hold these texts over and over, up to their longest."""
    long = {field: (text * 20_000)[: LONGEST[field]] for field, text in texts.items()}
    reply = {"text": long.pop("reply", "好"), "department": long.pop("department", None)}
    return comment(**{"text": "支持", "reply": reply} | long)


@given(
    st.dictionaries(
        st.sampled_from(list(LONGEST)),
        st.text(max_size=200) | st.lists(st.sampled_from(PARTS), min_size=1).map("".join),
    )
)
def test_what_is_accepted_can_be_linked(texts: dict[str, str]) -> None:
    try:
        original = long_comment(texts)
    except InvalidRecord:
        reject()
    linked = LinkedComment(comment=protect(original, "key"), links=())
    assert LinkedComment.from_json(linked.to_json()) == linked


@pytest.mark.parametrize("field", ["source", "text", "title", "url", "region", "channel"])
def test_what_redaction_makes_too_long_is_cut(field: str) -> None:
    kept = "好" * (LONGEST[field] - 10)
    of = protect(long_comment({field: f"我叫王伟，{kept}请回复我！"}), "key")
    assert getattr(of, field) == f"我叫〔姓名〕，{kept}请回复"


@pytest.mark.parametrize(
    ("title", "text", "read"),
    [
        (None, "支持", "支持"),
        ("加装电梯", "我支持", "加装电梯\n我支持"),
        ("加装电梯", "加装电梯，我支持", "加装电梯，我支持"),
    ],
)
def test_the_tagger_reads_the_title_once(title: str | None, text: str, read: str) -> None:
    assert reading(comment(text, title=title)) == read


@pytest.mark.parametrize("title", [None, "加装电梯", "我支持这个"])
def test_the_evidence_span_points_into_the_text(title: str | None) -> None:
    of = comment("我支持这个，早该装了", title=title)
    start = reading(of).index("早该装")
    span = opinion(of, (start, start + 3)).span
    assert span is not None
    assert of.text[slice(*span)] == "早该装"


def test_a_span_in_the_title_has_no_place_in_the_text() -> None:
    assert opinion(comment("早该装了", title="加装电梯"), (0, 4)).span is None
    assert opinion(comment("早该装了"), None).span is None


def test_an_opinion_has_the_same_id_whenever_it_is_made() -> None:
    first, second = opinion(comment("支持")), opinion(comment("支持，改过的文字"))
    assert first.id == second.id == opinion_id("c1", POLICY.id)
    assert opinion_id("c1", "p") != opinion_id("c1p", "")
    assert Opinion.from_json(first.to_json()) == first


def test_a_comment_with_several_links_makes_one_opinion_each() -> None:
    other = POLICY.model_copy(update={"id": "property-fee"})
    links = tuple(Link(policy_id=p, by=LinkBy.ALIAS) for p in (POLICY.id, other.id))
    linked = LinkedComment(comment=comment(), links=links)
    made = opinions(linked, [tagging(), tagging()], {POLICY.id: POLICY, other.id: other}, "m1")
    assert [o.policy_id for o in made] == [POLICY.id, other.id]
    assert len({o.id for o in made}) == 2


def test_the_reply_travels_along() -> None:
    of = comment(reply={"text": "已收到", "at": "2026-03-02", "department": "住建局"})
    assert opinion(of).reply == Reply(
        text="已收到", at=datetime(2026, 3, 1, 16, tzinfo=UTC), department="住建局"
    )
