"""Where a table begins, whatever stands above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from minyi.domain import Comment
from minyi.errors import SettingError
from streams.intake.files import open_source
from streams.intake.ingest import plan
from tests.unit.test_intake_workbook import workbook

TITLE = ["市民热线诉求明细表（2024年3月）", "", "", ""]
SUBTITLE = ["统计单位：热线中心", "", "", "导出时间：2024-04-01"]
HEADER = ["序号", "工单编号", "诉求内容", "来电时间"]
ROW = ["1", "GD1", "支持加装电梯", "2024年3月5日"]


def put(path: Path, table: list[list[str]], delimiter: str = ",", first: str = "") -> Path:
    text = first + "".join(delimiter.join(row) + "\r\n" for row in table)
    path.write_bytes(workbook([*table]) if path.suffix == ".xlsx" else text.encode("gb18030"))
    return path


def read(path: Path, **given: str) -> list[tuple[str, str, str]]:
    return [
        (row.place.split()[-1], comment.id, comment.text)
        for row, comment in plan(open_source(path), given).read()
        if isinstance(comment, Comment)
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "above", [[], [TITLE], [TITLE, SUBTITLE], [TITLE[:1]], [["", "", "", ""], TITLE, ["", ""]]]
)
def test_titles_above_the_header_are_passed_over(
    tmp_path: Path, kind: str, above: list[list[str]]
) -> None:
    path = put(tmp_path / f"a.{kind}", [*above, HEADER, ROW])
    assert read(path) == [(str(len(above) + 2), "a:GD1", "支持加装电梯")]


def test_a_header_is_found_by_the_users_own_names(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", [TITLE, ["号", "甲", "说了什么", "何时"], ROW])
    assert read(path, text="说了什么", created_at="何时")[0][2] == "支持加装电梯"


def test_a_table_without_a_time_is_told_by_its_own_columns(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", [TITLE, ["工单编号", "诉求内容", "何时"], ROW[1:]])
    with pytest.raises(SettingError, match="There are: 工单编号, 诉求内容, 何时"):
        plan(open_source(path), {})


def test_comments_that_hold_names_of_columns_are_no_header(tmp_path: Path) -> None:
    rows = [HEADER, ROW, ["2", "内容", "内容", "2024-03-05"], ["3", "时间", "时间", "2024-03-05"]]
    assert [text for _, _, text in read(put(tmp_path / "a.csv", rows))] == [
        "支持加装电梯",
        "内容",
        "时间",
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("title", [[], [["一；二,三,四,五,六"]], [["a\tb\tc\td\te\tf"]]])
def test_the_delimiter_is_that_of_the_header(
    tmp_path: Path, delimiter: str, title: list[list[str]]
) -> None:
    path = put(tmp_path / "a.csv", [*title, HEADER, ROW], delimiter)
    assert [text for _, _, text in read(path)] == ["支持加装电梯"]


@pytest.mark.parametrize("delimiter", [",", ";", "~"])
def test_a_first_line_may_tell_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = put(tmp_path / "a.csv", [HEADER, ROW], delimiter, f"sep={delimiter}\r\n")
    assert read(path) == [("3", "a:GD1", "支持加装电梯")]
