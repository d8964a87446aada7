from __future__ import annotations

import gzip
import io
import json
import lzma
import struct
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from minyi.errors import SettingError
from tests.unit.test_intake_files import HEADER, Write, damaged, rows, values, write

__all__ = ["write"]


def workbook(table: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("pack", ["", ".gz", ".xz"])
def test_a_workbook_is_read(write: Write, pack: str) -> None:
    content = workbook([[None, None], HEADER, [datetime(2020, 1, 26, 9, 5), "好"], [], [None, 5]])
    packed = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[pack](content)
    read = rows(write("表.XLSX" + pack, packed))
    assert [row.values for row in read] == [
        {"留言时间": datetime(2020, 1, 26, 9, 5), "留言详情": "好"},
        {"留言时间": None, "留言详情": 5},
    ]
    assert [row.place for row in read] == ["row 3", "row 5"]
    assert json.loads(read[0].raw) == ["2020-01-26 09:05:00", "好"]


def test_a_workbook_whose_exporter_wrote_a_wrong_size_is_read_in_full(write: Write) -> None:
    content = workbook([HEADER, ["2020-01-26", "好"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry.endswith("sheet1.xml"):
                assert b'ref="A1:B2"' in data
                data = data.replace(b'ref="A1:B2"', b'ref="A1"')
            new.writestr(entry, data)
    assert values(write("a.xlsx", changed.getvalue())) == [
        {"留言时间": "2020-01-26", "留言详情": "好"}
    ]


def sheets(tables: dict[str, list[list[Any]]], hidden: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, table in tables.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = "hidden" if title == hidden else "visible"
        for row in table:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


NOTES = [["填表说明"], ["请按要求填写", "时间", "格式"]]
JANUARY, FEBRUARY = [HEADER, ["2020-01-26", "好"]], [HEADER, ["2020-02-26", "行"]]
READ = {"留言时间": "2020-01-26", "留言详情": "好"}


@pytest.mark.parametrize(
    "content",
    [
        sheets({"空": [], "一月": JANUARY}),
        sheets({"说明": NOTES, "汇总": [["部门", "件数"], ["住建局", 3]], "一月": JANUARY}),
        sheets({"隐": FEBRUARY, "一月": JANUARY}, hidden="隐"),
        sheets({"一月": JANUARY, "隐": FEBRUARY}, hidden="隐"),
        sheets({"一月": [*([[]] * 1_500), *JANUARY]}),
    ],
)
def test_the_sheet_that_holds_comments_is_read(write: Write, content: bytes) -> None:
    assert values(write("a.xlsx", content)) == [READ]


def test_a_second_sheet_of_comments_is_not_left_out_without_a_word(write: Write) -> None:
    """It may be February, or an excerpt of the first sheet that would count twice."""
    bad, good = rows(write("a.xlsx", sheets({"一月": JANUARY, "二月": FEBRUARY, "注": NOTES})))
    assert good.values == READ
    assert bad.place == "sheet 二月"
    assert bad.error is not None
    assert bad.error.reason == "not read, only '一月' is: save it as a file of its own"


def test_what_a_reader_of_workbooks_warns_of_is_no_trouble(write: Write) -> None:
    """Lists to choose from, as most forms have them, are not kept."""
    changed = io.BytesIO()
    listed = (
        b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"></ext></extLst></worksheet>'
    )
    with (
        zipfile.ZipFile(io.BytesIO(workbook(JANUARY))) as old,
        zipfile.ZipFile(changed, "w") as new,
    ):
        for entry in old.namelist():
            data = old.read(entry)
            if entry.endswith("sheet1.xml"):
                data = data.replace(b"</worksheet>", listed)
            new.writestr(entry, data)
    assert values(write("a.xlsx", changed.getvalue())) == [READ]


def zipped(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 not really",
        b"time,text\n2026,a\n",
        zipped(a=b"b"),
        zipped(**{"[Content_Types].xml": b"<Types/>"}),
        zipped(**{"[Content_Types].xml": b"<!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;&b;</x>"}),
        workbook([HEADER])[:-200],
        damaged(workbook([HEADER, *([["2020-01-26", "好"]] * 500)])),
    ],
)
def test_a_broken_workbook_is_one_clear_error(write: Write, content: bytes) -> None:
    with pytest.raises(SettingError, match=r"a\.xlsx: cannot be read"):
        rows(write("a.xlsx", content))


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(write: Write) -> None:
    content = bytearray(workbook([HEADER]))
    entry = content.index(b"PK\x01\x02")  # the first entry of the directory claims 4 GB
    struct.pack_into("<I", content, entry + 24, 0xFFFF_FFF0)
    with pytest.raises(SettingError, match="save it as CSV"):
        rows(write("a.xlsx", bytes(content)))


def test_a_real_zip_bomb_is_not_opened(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.intake.workbook.MAX_XLSX_BYTES", 10_000_000)
    bomb = zipped(**{"xl/sharedStrings.xml": b"<si><t/></si>" * 1_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(SettingError, match="unpacks to 13,000,000 bytes"):
        rows(write("a.xlsx", bomb))
