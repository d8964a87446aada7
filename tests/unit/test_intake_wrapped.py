"""Comments as an interface of programs answers them: a list within an object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minyi.domain import Comment
from minyi.errors import InvalidRecord, SettingError
from streams.intake import files
from streams.intake.files import open_source
from streams.intake.ingest import plan

ONE = {"工单编号": "GD1", "诉求内容": "支持加装电梯", "来电时间": "2024-03-05"}
TWO = ONE | {"工单编号": "GD2", "诉求内容": "反对尾号限行"}
TEXTS = ["支持加装电梯", "反对尾号限行"]
ANSWERS: list[dict[str, Any]] = [
    {"code": 0, "data": [ONE, TWO]},
    {"rows": [ONE, TWO], "total": 2},
    {"code": 200, "data": {"list": [ONE, TWO], "total": 2, "pageNum": 1}},
    {
        "code": 200,
        "message": "成功",
        "time": "1709600000",
        "data": {"page": {"records": [ONE, TWO]}},
    },
    {"data": {"columns": [{"title": "诉求内容", "width": 3}], "list": [ONE, TWO]}},
]


def put(path: Path, *values: Any, indent: int | None = None) -> Path:
    path.write_text("\n".join(json.dumps(v, ensure_ascii=False, indent=indent) for v in values))
    return path


def read(path: Path, **given: str) -> list[tuple[str, str]]:
    """Return place and text, or reason, of every row."""
    return [
        (row.place, result.text if isinstance(result, Comment) else result.reason)
        for row, result in plan(open_source(path), given).read()
    ]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_is_read_by_the_list_that_it_holds(
    tmp_path: Path, answer: dict[str, Any], indent: int | None
) -> None:
    path = put(tmp_path / "a.json", answer, indent=indent)
    assert read(path) == list(zip(("item 1", "item 2"), TEXTS, strict=True))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_answers_may_stand_one_a_line(tmp_path: Path, name: str) -> None:
    failed = {"code": 500, "msg": "请求过于频繁", "data": None}
    path = put(tmp_path / name, ANSWERS[0], failed, ANSWERS[2])
    places, texts = zip(*read(path), strict=True)
    assert places == (
        "line 1, item 1",
        "line 1, item 2",
        "line 2",
        "line 3, item 1",
        "line 3, item 2",
    )
    assert [text for text in texts if text in TEXTS] == TEXTS * 2


def test_answers_may_stand_in_an_array(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", [ANSWERS[0], ANSWERS[1]])
    assert [text for _, text in read(path)] == TEXTS * 2


def test_an_answer_may_be_longer_than_a_comment(tmp_path: Path) -> None:
    many = [ONE | {"诉求内容": "长" * 15_000} for _ in range(30)]
    assert len(read(put(tmp_path / "a.jsonl", {"data": many}, ANSWERS[0]))) == 32


def test_a_bad_row_of_an_answer_is_told_by_its_place(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", {"code": 0, "data": [ONE, 5, {"诉求内容": "没有时间"}]})
    assert [place for place, _ in read(path)] == ["item 1", "item 2", "item 3"]
    results = [result for _, result in plan(open_source(path), {}).read()]
    assert [isinstance(result, InvalidRecord) for result in results] == [False, True, True]


def test_an_answer_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"data": [ONE]})
    path.write_text(f'{line}\n{line[:-1]}, "data": []}}\n')
    assert read(path)[1] == ("line 2", "the name 'data' stands twice")


def test_a_second_list_of_comments_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", {"data": {"top": [ONE], "list": [TWO]}})
    told, first = read(path)
    assert told == ("list data.list", "not read, only 'data.top' is: save it as a file of its own")
    assert first == ("item 1", TEXTS[0])


def test_a_comment_that_holds_lists_is_a_comment(tmp_path: Path) -> None:
    reply = {"text": "同意", "created_at": "2026-01-02"}
    comment = {"text": "支持", "created_at": "2026-01-01", "data": [reply], "files": [{"url": "x"}]}
    posted = {"message": "支持", "time": "2026-01-01", "comments": [{"title": "同意"}]}
    dateless = {"text": "没有时间", "files": [{"url": "x", "source": "y"}]}
    assert read(put(tmp_path / "a.jsonl", comment, comment, dateless))[:2] == [
        ("line 1", "支持"),
        ("line 2", "支持"),
    ]
    assert read(put(tmp_path / "b.json", comment, indent=1)) == [("item 1", "支持")]
    assert read(put(tmp_path / "c.json", posted, indent=1)) == [("item 1", "支持")]
    assert read(put(tmp_path / "d.jsonl", comment, dateless))[1][0] == "line 2"


def test_an_answer_in_other_words_is_told_by_them_and_read_with_a_map(tmp_path: Path) -> None:
    path = put(
        tmp_path / "a.json", {"code": 0, "message": "ok", "data": [{"nr": "好", "sj": "2026-1-1"}]}
    )
    with pytest.raises(SettingError, match="There are: nr, sj"):
        plan(open_source(path), {})
    assert read(path, text="nr", created_at="sj") == [("item 1", "好")]


def test_a_broken_first_line_does_not_make_lines_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "a.json", ONE, TWO)
    path.write_text('{"text": "半\n' + path.read_text())
    assert [place for place, _ in read(path)] == ["line 1", "line 2", "line 3"]
    monkeypatch.setattr(files, "MAX_ARRAY_BYTES", 100)
    assert [place for place, _ in read(path)] == ["line 1", "line 2", "line 3"]
