"""Texts that training reads: what they are about, and that nothing held out is among them."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.rows import apart
from models.rows.examples import Example, corpus, held_out
from models.rows.shared import SHARED_VARIABLE
from models.rows.sources import rows_of

LONG = "这条评论够长，说得清楚"
TESTED = "这条评论用来考试，谁也不许先看"
MEASURED = "这条微博只用来验证，一样不许先看"
TRAINS = next(
    n
    for n in range(100)
    if not held_out(f"nlpcc{n}", 0.1) and not held_out(f"nlpcc{n + 1000}", 0.1)
)
VALIDATES = next(n for n in range(100) if held_out(f"nlpcc{n}", 0.1))
ROWS: dict[str, list[dict[str, Any]]] = {
    "c_stance": [
        {"target": f" {split}的 对象", "text": f"{LONG}{split}", "split": split, "stance": "FAVOR"}
        | {"target_type": "noun_phrase"}
        for split in ("train", "val", "test")
    ]
    + [
        {"target": "别的对象", "text": f"{TESTED}！", "split": "train", "stance": "AGAINST"}
        | {"target_type": "noun_phrase"}
    ],
    "nlpcc2016_stance": [
        {"id": n, "target": "iPhone SE", "text": f"{LONG}{n}{split}", "split": split}
        | {"stance": stance}
        for n, split, stance in (
            (VALIDATES, "train", "FAVOR"),
            (VALIDATES + 1000, "unlabelled", None),
            (3, "test", "NONE"),
            (TRAINS, "train", "AGAINST"),
        )
    ]
    + [
        {"id": TRAINS + 1000, "target": "开放二胎", "text": f"{LONG}3test。", "split": "train"}
        | {"stance": "FAVOR"}
    ],
    "weibo_event_stance": [{"event": "某事", "text": LONG}, {"event": "某事", "text": TESTED}],
    "weibo_2014_two_sessions": [{"topic_desc": "二胎政策 second_child", "text": LONG}],
    "taidi2020_messages": [
        {"topic": "考试题", "text": TESTED},
        {"topic": "公交太少", "text": LONG},
        {"topic": None, "text": LONG},
    ],
    "covid_weibo_daily": [
        {"text": "第一条微博，足够长了"},
        {"text": f"{TESTED} "},
        {"text": MEASURED},
    ],
    "weibo_2014_raw_posts": [{"text": "转发微博"}, {"text": LONG}],
}


@pytest.fixture(autouse=True)
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The corpora in small, with a row or two each; what our labels hold out."""
    (tmp_path / "data").mkdir()
    for name, found in ROWS.items():
        with lzma.open(tmp_path / "data" / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    tested = [Example("", TESTED), Example("", f"考试题\n{TESTED}")]
    monkeypatch.setattr(apart, "gold", lambda split, linked=True: tested)
    monkeypatch.setattr(apart, "measures", lambda split: [Example("", MEASURED)] * (split == "val"))
    for read in (corpus, apart.keys_apart):
        read.cache_clear()
    yield
    for read in (corpus, apart.keys_apart):
        read.cache_clear()


def test_a_text_stands_with_what_it_is_about_and_nothing_held_out_is_read() -> None:
    contexts = [row.context for row in rows_of("texts_about", "train")]
    assert contexts == ["train的 对象", "iPhone SE", "iPhone SE", "某事", "二胎政策", "公交太少"]


def test_posts_stand_alone_and_say_something() -> None:
    found = rows_of("posts", "train")
    assert {row.context for row in found} == {""}
    assert [row.text for row in found] == ["第一条微博，足够长了", LONG]


def test_labelled_rows_whose_text_is_held_out_elsewhere_are_not_trained_on() -> None:
    assert [row.text for row in rows_of("c_stance_noun", "train")] == [f"{LONG}train"]
    assert [row.text for row in rows_of("c_stance_noun", "val")] == [f"{LONG}val"]
    assert [row.context for row in rows_of("nlpcc", "train")] == ["iPhone SE"]
