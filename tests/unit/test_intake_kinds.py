from __future__ import annotations

import gzip
import io
import json
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.errors import SettingError
from streams.intake.files import open_source
from streams.intake.kinds import detect_encoding
from tests.unit.test_intake_files import (
    CSV,
    EXPECTED,
    HEADER,
    JSONL,
    ROWS,
    Write,
    rows,
    values,
    write,
)
from tests.unit.test_intake_workbook import workbook

__all__ = ["write"]

OLD = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
"""How .xls, .et and every workbook with a password begin."""


@pytest.mark.parametrize("name", ["a.docx", "a", "a.gz", "a.csv.zip", ".csv"])
def test_an_unknown_kind_lists_the_known(write: Write, name: str) -> None:
    with pytest.raises(SettingError, match=r"known are \.jsonl.*\.xlsx, also \.gz and \.xz"):
        open_source(write(name, gzip.compress(b"x") if name == "a.gz" else b"x"))


@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.csv", "a.xlsx", "a.csv.gz"])
def test_an_old_workbook_is_told_from_a_table(write: Write, name: str) -> None:
    content = gzip.compress(OLD) if name.endswith(".gz") else OLD
    with pytest.raises(SettingError, match=r"a\..*: an old workbook.*save it as XLSX or CSV"):
        open_source(write(name, content))


@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.csv", "a.xlsm"])
def test_a_workbook_under_another_name_is_read(write: Write, name: str) -> None:
    assert values(write(name, workbook([HEADER, *ROWS]))) == EXPECTED


@pytest.mark.parametrize("name", ["a.xls", "a.csv"])
@pytest.mark.parametrize(
    "page",
    [
        "<html><table>",
        "\r\n<!DOCTYPE html>",
        '<?xml version="1.0"?><Workbook>',
        "<!-- 导出 -->\n<table>",
        "MIME-Version: 1.0\nContent-Type: multipart/related",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_page_that_a_system_calls_a_table_is_told(
    write: Write, name: str, page: str, encoding: str
) -> None:
    with pytest.raises(SettingError, match=r"a web page or XML.*save it as XLSX or CSV"):
        open_source(write(name, page.encode(encoding)))


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.ods", "a.xlsb", "a.numbers", "a.xml"])
def test_a_table_of_another_kind_is_told_what_to_do(write: Write, name: str) -> None:
    with pytest.raises(SettingError, match=r"open it in a spreadsheet program and save it as XLSX"):
        open_source(write(name, b"PK\x03\x04" if name == "a.ods" else b"x"))


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.csv"])
def test_an_open_document_under_another_name_is_told(write: Write, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(SettingError, match=r"an OpenDocument table.*save it as XLSX or CSV"):
        open_source(write(name, content.getvalue()))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.xls.gz"])
def test_a_text_that_a_system_calls_a_workbook_is_read(
    write: Write, name: str, encoding: str
) -> None:
    """Spreadsheet programs open these, so nobody knows."""
    text = CSV.replace(",", "\t").encode(encoding)
    content = gzip.compress(text) if name.endswith("gz") else text
    assert [list(row or {}) for row in values(write(name, content))] == [HEADER] * 2


def test_a_workbook_older_than_old_is_told(write: Write) -> None:
    with pytest.raises(SettingError, match=r"an old workbook"):
        open_source(write("a.xls", bytes.fromhex("0908080000051000") + b"\0" * 600))


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, "gz"), (lzma.compress, "xz")])
def test_a_packed_file_without_the_ending_is_told(write: Write, pack: object, ending: str) -> None:
    assert callable(pack)
    with pytest.raises(SettingError, match=rf"a\.csv: packed; let its name end in \.{ending}"):
        open_source(write("a.csv", pack(CSV.encode())))


def test_a_table_that_is_called_a_workbook_is_told(write: Write) -> None:
    with pytest.raises(SettingError, match=r"if it is CSV, let its name end in \.csv"):
        open_source(write("a.xlsx", CSV.encode("gbk")))


def test_what_a_spreadsheet_saves_as_unicode_text_is_read(write: Write) -> None:
    text = "留言时间\t留言详情\r\n2020-01-26\t支持，赞成\r\n"
    assert values(write("a.txt", text.encode("utf-16"))) == [
        {"留言时间": "2020-01-26", "留言详情": "支持，赞成"}
    ]


@pytest.mark.parametrize(
    ("sample", "encoding"),
    [
        (b"", "utf-8-sig"),
        (b"ascii", "utf-8-sig"),
        ("你".encode("gb18030"), "gb18030"),
        ("联通".encode("gb18030"), "gb18030"),
        ("内容,时间\n通路通车通知,2020-01-01\n".encode("gb18030"), "gb18030"),
        ("你".encode(), "utf-8-sig"),
        ("你好".encode()[:-1], "utf-8-sig"),
        ("\ufffd" * 50 + "a", "utf-8-sig"),
        ("支持加装电梯\n" * 50, "utf-8-sig"),
    ],
)
def test_the_encoding_is_found(sample: bytes | str, encoding: str) -> None:
    assert detect_encoding(sample.encode() if isinstance(sample, str) else sample) == encoding


TRADITIONAL = "留言時間,留言內容\n2020-01-26,支持舊樓加裝電梯，但費用應由住戶與政府分擔\n"
SIMPLIFIED = "留言时间,留言内容\n2020-01-26,支持旧楼加装电梯，但费用应由住户与政府分担😀\n"


@pytest.mark.parametrize("rows", [1, 300])
def test_big_5_is_told_from_gb18030(rows: int) -> None:
    for text in (TRADITIONAL, SIMPLIFIED):
        text *= rows
        assert detect_encoding(text.encode("gb18030")) == "gb18030"
        assert detect_encoding(text.encode()) == "utf-8-sig"
    assert detect_encoding((TRADITIONAL * rows).encode("big5")) == "big5hkscs"
    assert detect_encoding((TRADITIONAL * rows).encode("big5")[:-5]) == "big5hkscs"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json"])
def test_big_5_is_read(write: Write, name: str) -> None:
    text = TRADITIONAL
    if name == "a.json":
        text = json.dumps(
            [{"留言時間": "2020-01-26", "內容": "支持舊樓加裝電梯"}], ensure_ascii=False
        )
    read = values(write(name, text.encode("big5")))
    assert read[0] is not None
    assert "支持舊樓加裝電梯" in list(read[0].values())[1]


def test_a_bad_row_in_big_5_keeps_its_own_bytes(write: Write) -> None:
    odd = "2020-01-27,許功蓋,太多\n".encode("big5") + b"2020-01-28,\xff\xff\n"
    _, long, broken = rows(write("a.csv", TRADITIONAL.encode("big5") + odd))
    assert long.raw + broken.raw == odd
    assert long.error is not None
    assert broken.error is not None


def test_no_bytes_of_big_5_stop_the_reading() -> None:
    for first in range(0x81, 0xFF):
        for second in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            code = bytes((first, second))
            text = code.decode("big5hkscs", errors="surrogateescape")
            assert text.encode("big5hkscs", errors="surrogateescape")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        CSV,
        SIMPLIFIED * 500,
        "时间,内容\n2020-01-26," + "一　" * 2_000 + "\n",
        '[{"time": "2020-01-26", "text": "支持"}]',
        "time,text\n2020-01-26,good\n",
    ],
)
def test_utf_16_without_a_mark_is_known(encoding: str, text: str) -> None:
    assert detect_encoding(text.encode(encoding)) == encoding
    assert detect_encoding(text.encode(encoding)[:-1]) == encoding


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read(write: Write, encoding: str) -> None:
    assert values(write("a.csv", CSV.encode(encoding))) == EXPECTED
    assert values(write("a.jsonl", JSONL.encode(encoding))) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_bytes_of_nothing_do_not_turn_a_file_into_utf_16(encoding: str) -> None:
    text = TRADITIONAL.replace("26,", "26\0\0\0,") * 20
    found = detect_encoding(text.encode(encoding))
    assert found == {"utf-8": "utf-8-sig", "big5": "big5hkscs"}.get(encoding, encoding)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4))
def test_chinese_text_is_told_apart(text: str) -> None:
    assert detect_encoding(text.encode()) == "utf-8-sig"
    assert detect_encoding(text.encode("utf-16")) == "utf-16"
