"""A user's own labelled comments, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minyi.errors import SettingError
from minyi.registry import load_registry
from minyi.settings import ROOT
from minyi.text import fold
from minyi.vocabulary import Stance
from models.inputs import CELLS, policy_context, policy_names
from models.rows.examples import STANCE_INDEX, UNKNOWN, cells_of, policies, use_registry
from models.rows.own import read_labelled, registry_hash, summary
from models.rows.shared import SHARED_VARIABLE

GOOD: dict[str, Any] = {
    "text": "限号限得好，路上不堵了",
    "policy": "driving-restriction",
    "stance": "favor",
    "split": "train",
}


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this needs the public corpora."""
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


def written(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_row_on_a_policy_of_the_registry_is_read_as_that_policy(tmp_path: Path) -> None:
    path = written(tmp_path / "my.jsonl", GOOD | {"evaluation": ["effect+", "cost-"]})
    [row] = read_labelled(path, "train")
    policy = policies()["driving-restriction"]
    assert (row.context, row.names) == (policy_context(policy), policy_names(policy))
    assert row.text == GOOD["text"]
    assert row.stance == STANCE_INDEX[Stance.FAVOR]
    assert row.evaluation == cells_of(["effect+", "cost-"])


def test_a_policy_may_be_any_title(tmp_path: Path) -> None:
    path = written(tmp_path / "my.jsonl", GOOD | {"policy": "校園ＷiFi全覆蓋", "stance": "Against"})
    [row] = read_labelled(path, "train")
    assert row.context == fold("校園ＷiFi全覆蓋") == "校园wifi全覆盖"
    assert row.names == (row.context,)
    assert row.stance == STANCE_INDEX[Stance.AGAINST]


OWN_POLICY = policies()["parking"].model_copy(
    update={"id": "wh-parking", "title": "武汉路内停车收费新办法"}
)


@pytest.fixture
def own_registry() -> Iterator[None]:
    use_registry({OWN_POLICY.id: OWN_POLICY})
    yield
    use_registry({})


@pytest.mark.usefixtures("own_registry")
@pytest.mark.parametrize("name", ["wh-parking", "武汉路内停车收费新办法", "武漢路內停車收費新辦法"])
def test_a_policy_of_the_registry_that_is_served_is_read_as_it_is_served(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path / "my.jsonl", GOOD | {"policy": name}, GOOD)
    row, known = read_labelled(path, "train")
    assert (row.context, row.names) == (policy_context(OWN_POLICY), policy_names(OWN_POLICY))
    assert known.context == policy_context(policies()["driving-restriction"])


@pytest.mark.usefixtures("own_registry")
def test_what_rows_read_of_the_registry_that_is_served_has_a_hash(tmp_path: Path) -> None:
    project = written(tmp_path / "my.jsonl", GOOD, GOOD | {"policy": "校园WiFi"})
    assert registry_hash(project) is None
    served = written(tmp_path / "ours.jsonl", GOOD | {"policy": "wh-parking"}, GOOD)
    first = registry_hash(served)
    assert first
    use_registry({OWN_POLICY.id: OWN_POLICY.model_copy(update={"department": "交警"})})
    assert registry_hash(served) == first
    use_registry({OWN_POLICY.id: OWN_POLICY.model_copy(update={"keywords": ("咪表",)})})
    assert registry_hash(served) not in (first, None)
    use_registry(load_registry(ROOT / "data" / "policies"))
    assert registry_hash(project) is None


def test_what_was_not_judged_is_unknown_and_an_empty_list_is_nothing(tmp_path: Path) -> None:
    path = written(
        tmp_path / "my.jsonl", GOOD, GOOD | {"evaluation": None}, GOOD | {"evaluation": []}
    )
    absent, null, nothing = (row.evaluation for row in read_labelled(path, "train"))
    assert absent == null == (UNKNOWN,) * len(CELLS)
    assert nothing == (0,) * len(CELLS)


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "my.jsonl"
    path.write_text(f"\n{json.dumps(GOOD)}\n   \n{json.dumps(GOOD)}\n", "utf-8-sig")
    assert len(read_labelled(path, "train")) == 2
    assert read_labelled(written(path, ""), "train") == []


def test_a_text_keeps_whatever_characters_it_has(tmp_path: Path) -> None:
    text = "第一段\u2028第二段\x85第三段\x0b完"
    path = tmp_path / "my.jsonl"
    path.write_text(
        json.dumps(GOOD | {"text": text}, ensure_ascii=False) + "\r\n" + json.dumps(GOOD), "utf-8"
    )
    assert [row.text for row in read_labelled(path, "train")] == [text, GOOD["text"]]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text("一二三四五六七八九十", min_size=1), min_size=1, max_size=60))
def test_without_a_split_every_row_is_in_one_and_where_does_not_depend_on_others(
    tmp_path: Path, texts: set[str]
) -> None:
    own = [GOOD | {"split": None, "text": text} for text in sorted(texts)]
    path = written(tmp_path / "my.jsonl", *own)
    train, val = ({row.text for row in read_labelled(path, s)} for s in ("train", "val"))
    assert train | val == texts
    assert not train & val
    half = written(tmp_path / "half.jsonl", *own[::2])
    assert {row.text for row in read_labelled(half, "val")} <= val


def test_without_a_split_a_tenth_is_held_out_and_a_given_one_counts(tmp_path: Path) -> None:
    rows = [GOOD | {"text": f"第{number}条评论"} for number in range(1000)]
    given_split = written(
        tmp_path / "given.jsonl", *rows[:10], *(r | {"split": "val"} for r in rows[10:])
    )
    assert len(read_labelled(given_split, "train")) == 10
    assert len(read_labelled(given_split, "val")) == 990
    free = written(tmp_path / "free.jsonl", *(row | {"split": None} for row in rows))
    assert 70 < len(read_labelled(free, "val")) < 130


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", ""),
        ("[1, 2]", "not a JSON object"),
        ("支持限行", ""),
        ("[" * 100_000, ""),
        ('{"text": "\\ud800", "policy": "x", "stance": "favor", "split": "train"}', "surrogates"),
        (GOOD | {"text": ""}, "text missing"),
        (GOOD | {"policy": None, "stance": ""}, "policy, stance missing; needed are text"),
        ({}, "text, policy, stance missing"),
        (GOOD | {"stance": "pro"}, "no such stance: pro; known: favor, against, none"),
        (GOOD | {"stance": 1}, ""),
        (GOOD | {"policy": ["限行"]}, ""),
        (GOOD | {"evaluation": ["price-"]}, "no such evaluation: price-; known: effect+"),
        (GOOD | {"evaluation": "cost-"}, "evaluation must be a list"),
        (GOOD | {"evaluation": 5}, "evaluation must be a list"),
        (GOOD | {"evaluation": [["cost-"]]}, "no such evaluation: ['cost-']"),
        (GOOD | {"text": 5}, ""),
        (GOOD | {"text": 5, "split": None}, ""),
        (GOOD | {"split": "dev"}, "dev"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    tmp_path: Path, wrong: dict[str, Any] | str, said: str
) -> None:
    path = written(tmp_path / "my.jsonl", GOOD, "", wrong, GOOD)
    with pytest.raises(SettingError, match=rf"my\.jsonl, line 3: .*{re.escape(said)}"):
        read_labelled(path, "train")


def test_a_proposal_without_its_stance_is_passed_over(tmp_path: Path) -> None:
    proposal = GOOD | {"opinion_id": "o1", "stance": ""}
    path = written(tmp_path / "ask.jsonl", proposal, proposal | {"stance": "favor"})
    assert len(read_labelled(path, "train")) == 1


def test_the_last_label_of_an_opinion_counts_as_it_does_for_shares(tmp_path: Path) -> None:
    """Rounds of ``minyi model label`` are joined; a later one holds the labels of the earlier."""
    proposal = GOOD | {"opinion_id": "o1", "stance": ""}
    corrected, other = GOOD | {"opinion_id": "o1", "stance": "none"}, GOOD | {"opinion_id": "o2"}
    first = GOOD | {"opinion_id": "o1"}
    path = written(tmp_path / "my.jsonl", proposal, first, other, corrected, proposal, GOOD, GOOD)
    stances = [row.stance for row in read_labelled(path, "train")]
    assert stances == [STANCE_INDEX[Stance.NONE], *[STANCE_INDEX[Stance.FAVOR]] * 3]
    assert "4 labelled comments" in summary(path)
    assert "passed over" not in summary(path)


def test_what_a_file_holds_is_told_and_which_policies_are_read_by_their_name_alone(
    tmp_path: Path,
) -> None:
    """Nobody sees otherwise that an id was misspelt."""
    title = policies()["driving-restriction"].title
    path = written(
        tmp_path / "my.jsonl",
        GOOD,
        GOOD | {"policy": title, "split": "val"},
        *[GOOD | {"policy": "driving-restricton"}] * 2,
        GOOD | {"policy": "校园WiFi", "split": "test"},
        GOOD | {"opinion_id": "o1", "stance": ""},
    )
    told = (
        "my.jsonl: 5 labelled comments, 3 to train, 1 to validate, 1 to test; 1 without a stance "
        "passed over; in no registry, known by their names alone: driving-restricton, 校园WiFi"
    )
    assert summary(path) == told
    written(path, GOOD)
    assert summary(path) == "my.jsonl: 1 labelled comments, 1 to train, 0 to validate, 0 to test"


def test_of_many_policies_in_no_registry_the_first_are_named(tmp_path: Path) -> None:
    rows = [GOOD | {"policy": f"新规{number}"} for number in range(9)]
    told = summary(written(tmp_path / "my.jsonl", *rows))
    assert told.endswith("新规0, 新规1, 新规2, 新规3, 新规4 and 4 more")


def test_copies_of_a_comment_are_never_in_both_splits(tmp_path: Path) -> None:
    free = {name: value for name, value in GOOD.items() if name != "split"}
    texts = [f"第{number}条评论" for number in range(100)]
    rows = [free | {"text": text + end} for text in texts for end in ("", "！", "。。 ")]
    path = written(tmp_path / "my.jsonl", *rows)
    train, val = (
        {row.text.rstrip("！。 ") for row in read_labelled(path, split)}
        for split in ("train", "val")
    )
    assert val
    assert not train & val


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.jsonl"):
        read_labelled(tmp_path / "none.jsonl", "train")
    (tmp_path / "gbk.jsonl").write_bytes("支持限行".encode("gbk"))
    with pytest.raises(SettingError, match=r"gbk\.jsonl"):
        read_labelled(tmp_path / "gbk.jsonl", "train")
