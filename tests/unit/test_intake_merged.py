"""Cells of a workbook that are merged over several rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from minyi.domain import Comment
from streams.intake.files import open_source
from streams.intake.ingest import plan
from streams.intake.merged import Merged, merged_cells

HEADER = ["工单编号", "诉求标题", "诉求内容", "来电时间", "承办单位"]
ROWS = [
    ["GD1", "加装电梯", "支持加装电梯", "2024-03-05", "住建局"],
    [None, None, "再次来电，仍然支持", None, None],
    ["GD2", None, "反对尾号限行", "2024-03-06", "交通局"],
]


def put(folder: Path, table: list[list[Any]], *merged: str) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in table:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    content = io.BytesIO()
    book.save(content)
    (folder / "a.xlsx").write_bytes(content.getvalue())
    return folder / "a.xlsx"


def read(path: Path, **given: str) -> list[tuple[str, Any]]:
    return [
        (row.place, result if isinstance(result, Comment) else result.reason)
        for row, result in plan(open_source(path), given).read()
    ]


def test_a_merged_value_belongs_to_each_of_its_rows(tmp_path: Path) -> None:
    path = put(tmp_path, [HEADER, *ROWS], "B2:B3", "D2:D3")
    first, second, third = (comment for _, comment in read(path))
    assert [c.title for c in (first, second, third)] == ["加装电梯", "加装电梯", None]
    assert first.created_at == second.created_at < third.created_at
    assert second.text == "再次来电，仍然支持"


def test_two_comments_under_one_merged_number_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = put(tmp_path, [HEADER, *ROWS], "A2:A3", "B2:B3", "D2:D3")
    ids = [comment.id for _, comment in read(path)]
    assert (ids[0], ids[2]) == ("a:GD1", "a:GD2")
    assert ids[1].startswith("row-")


def test_a_comment_whose_text_is_merged_is_read_once(tmp_path: Path) -> None:
    """Two offices worked on it; it would count twice."""
    table = [HEADER, ROWS[0], [None, None, None, None, "城管局"], ROWS[2]]
    (_, first), (place, reason), (_, last) = read(
        put(tmp_path, table, "A2:A3", "B2:B3", "C2:C3", "D2:D3")
    )
    assert (first.id, last.id) == ("a:GD1", "a:GD2")
    assert (place, reason) == ("row 3", "its text is one merged cell with row 2, which is read")


def test_several_numbers_under_one_merged_text_are_comments_of_their_own(tmp_path: Path) -> None:
    """Three people handed in one letter."""
    table = [HEADER, ROWS[0], ["GD1b", *[None] * 4], ["GD1c", *[None] * 4]]
    path = put(tmp_path, table, "B2:B4", "C2:C4", "D2:D4")
    comments = [comment for _, comment in read(path)]
    assert [(c.id, c.text) for c in comments] == [
        (f"a:{number}", "支持加装电梯") for number in ("GD1", "GD1b", "GD1c")
    ]


def test_what_a_merged_cell_hides_is_not_read(tmp_path: Path) -> None:
    """Some programs leave a value in each cell; only the first can be seen."""
    path = put(tmp_path, [HEADER, ROWS[0], ["GD2", "被遮住", *ROWS[2][2:]]])
    book = openpyxl.load_workbook(path)
    for cells in ("A2:A3", "B2:B3"):
        book.worksheets[0].merged_cells.add(cells)
    book.save(path)
    first, second = (comment for _, comment in read(path))
    assert (first.title, second.title) == ("加装电梯", "加装电梯")
    assert second.id.startswith("row-")


@pytest.mark.parametrize("merged", ["B3:B4", "A20:A30", "E2:E4", "B3:B60"])
def test_other_merged_cells_cost_no_comment(tmp_path: Path, merged: str) -> None:
    table = [HEADER, ROWS[0], ROWS[2], ["GD3", None, "支持", "2024-03-07", "住建局"]]
    read_ = read(put(tmp_path, table, merged))
    assert [comment.id for _, comment in read_] == ["a:GD1", "a:GD2", "a:GD3"]


def test_a_merged_note_beside_the_table_costs_no_more_than_its_own_row(tmp_path: Path) -> None:
    table = [HEADER, [*ROWS[0], "说明"], ROWS[2]]
    (place, reason), (_, comment) = read(put(tmp_path, table, "F2:F3"))
    assert (place, reason) == ("row 2", "6 cells under 5 columns")
    assert comment.id == "a:GD2"


def test_a_blank_row_in_a_merged_cell_is_no_row(tmp_path: Path) -> None:
    path = put(tmp_path, [HEADER, ROWS[0], [], ROWS[2]], *(f"{c}2:{c}3" for c in "ABCDE"))
    assert [place for place, _ in read(path)] == ["row 2", "row 4"]


def test_a_header_of_two_rows_has_merged_cells_of_its_own(tmp_path: Path) -> None:
    table = [
        ["热线诉求明细表"],
        ["工单编号", "诉求标题", "诉求内容", "来电时间", "联系人", None],
        [None, None, None, None, "姓名", "区域"],
        [*ROWS[0][:4], "张三", "城东区"],
        ["GD2", None, *ROWS[2][2:4], "李四", "城西区"],
    ]
    merged = ["A1:F1", *(f"{column}2:{column}3" for column in "ABCD"), "E2:F2", "B4:B5"]
    comments = [comment for _, comment in read(put(tmp_path, table, *merged))]
    assert [(c.id, c.title, c.author, c.region) for c in comments] == [
        ("a:GD1", "加装电梯", "张三", "城东区"),
        ("a:GD2", "加装电梯", "李四", "城西区"),
    ]


@pytest.mark.parametrize("chunk", [1, 50, 1_000_000])
def test_merged_cells_are_found_wherever_the_sheet_is_cut(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.intake.merged._CHUNK", chunk)
    sheet = (
        b"<x:worksheet><x:sheetData><x:c><x:v>a &lt;mergeCell ref=</x:v></x:c></x:sheetData>"
        b"<x:mergeCells count='3'><x:mergeCell ref='AA3:AB9'/><x:mergeCell ref=\"A1:F1\"/>"
        b'<x:mergeCell foo="" ref="B2:B3"/></x:mergeCells></x:worksheet>'
    )
    assert merged_cells(io.BytesIO(sheet)) == [Merged(2, 3, 1), Merged(3, 9, 26)]
