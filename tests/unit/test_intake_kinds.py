from __future__ import annotations

import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.errors import SettingError
from streams.intake.files import open_source
from streams.intake.kinds import detect_encoding
from tests.unit.test_intake_files import CSV, EXPECTED, HEADER, ROWS, Write, values, write
from tests.unit.test_intake_workbook import workbook

__all__ = ["write"]

OLD = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
"""How .xls, .et and every workbook with a password begin."""


@pytest.mark.parametrize("name", ["a.docx", "a", "a.gz", "a.xls", "a.et", "a.csv.zip", ".csv"])
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
    "page", ["<html><table>", "\ufeff\r\n<!DOCTYPE html>", '<?xml version="1.0"?><Workbook>']
)
def test_a_page_that_a_system_calls_a_table_is_told(write: Write, name: str, page: str) -> None:
    with pytest.raises(SettingError, match=r"a web page or XML.*save it as XLSX or CSV"):
        open_source(write(name, page.encode()))


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
        ("你".encode(), "utf-8-sig"),
        ("你好".encode()[:-1], "utf-8-sig"),
        ("\ufffd" * 50 + "a", "utf-8-sig"),
        ("支持加装电梯\n" * 50, "utf-8-sig"),
    ],
)
def test_the_encoding_is_found(sample: bytes | str, encoding: str) -> None:
    assert detect_encoding(sample.encode() if isinstance(sample, str) else sample) == encoding


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4))
def test_chinese_text_is_told_apart(text: str) -> None:
    assert detect_encoding(text.encode()) == "utf-8-sig"
    assert detect_encoding(text.encode("utf-16")) == "utf-16"
