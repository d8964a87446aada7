from __future__ import annotations

import gzip
import io
import json
import lzma
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minyi.errors import SettingError
from streams.intake import files
from streams.intake.files import open_source
from streams.intake.rows import Row

HEADER = ["留言时间", "留言详情"]
ROWS = [["2020-01-26", "上海的老楼，支持加装电梯"], ["2020-01-27", "他说“好”,又说\n不好"]]
CSV = '留言时间,留言详情\n2020-01-26,上海的老楼，支持加装电梯\n2020-01-27,"他说“好”,又说\n不好"\n'
EXPECTED = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
JSONL = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in EXPECTED)

Write = Callable[[str, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


def rows(path: Path) -> list[Row]:
    return list(open_source(path).rows())


def values(path: Path) -> list[dict[str, Any] | None]:
    return [row.values for row in rows(path)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", CSV),
        ("a.csv", CSV.replace("\n", "\r\n").replace("又说\r\n", "又说\n")),
        ("a.tsv", CSV.replace(",", "\t", 1).replace("6,", "6\t").replace("7,", "7\t")),
        ("a.csv", "\n \n" + CSV),
        ("a.jsonl", JSONL),
        ("a.ndjson", "\n" + JSONL.replace("\n", "\r\n")),
        ("a.json", JSONL),
        ("a.json", json.dumps(EXPECTED, ensure_ascii=False, indent=2)),
    ],
)
@pytest.mark.parametrize("pack", ["", ".gz", ".xz"])
def test_every_kind_encoding_and_packing_reads_the_same(
    write: Write, name: str, text: str, encoding: str, pack: str
) -> None:
    packed = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[pack](text.encode(encoding))
    assert values(write(name + pack, packed)) == EXPECTED


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    table = "\n".join(delimiter.join(row) for row in (HEADER, ["2020-01-26", "好"]))
    assert values(write("a.csv", table.encode())) == [{"留言时间": "2020-01-26", "留言详情": "好"}]


def test_bad_lines_say_where_and_keep_their_bytes(write: Write) -> None:
    lines = [
        JSONL.splitlines()[0].encode(),
        b'{"\xe7\x95',
        b"[1, 2]",
        b'{"a": "\xff\xfe"}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": "' + b"x" * 1_000_000 + b'"}',
        JSONL.splitlines()[0].encode(),
    ]
    read = rows(write("a.jsonl", b"\n".join(lines)))
    assert [row.raw for row in read] == lines
    assert [row.place for row in read] == [f"line {n}" for n in range(1, 9)]
    good = [row.values for row in read if row.error is None]
    assert good == [EXPECTED[0], EXPECTED[0]]
    reasons = [row.error.reason for row in read if row.error]
    assert "holds bytes that are no text" in reasons[0]
    assert reasons[1] == "not a JSON object"
    assert "more than 1,000,000" in reasons[-1]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_bad_csv_row_keeps_its_own_bytes(write: Write, encoding: str) -> None:
    odd = '2020-01-27,太多,"格\n子",了\n'.encode(encoding)
    content = "留言时间,留言详情\n".encode(encoding) + odd + "2020-01-28,好\n".encode(encoding)
    bad, good = rows(write("a.csv", content))
    assert bad.error is not None
    assert (bad.place, bad.raw, bad.error.reason) == ("line 2", odd, "4 cells under 2 columns")
    assert (good.place, good.values) == ("line 4", {"留言时间": "2020-01-28", "留言详情": "好"})


def test_any_number_of_columns_of_one_name_is_read_in_time(write: Write) -> None:
    begun = time.process_time()
    (row,) = rows(write("a.csv", b"a," * 50_000 + b"A\n" + b"1," * 50_000 + b"2\n"))
    assert time.process_time() - begun < 2
    assert row.values is not None
    assert len(row.values) == 50_001
    assert (row.values["a"], row.values["A.50001"]) == ("1", "2")


def test_blank_cells_beyond_the_columns_are_no_fault(write: Write) -> None:
    assert values(write("a.csv", b"time,text\n2020,a,,\n2021\n,\n")) == [
        {"time": "2020", "text": "a"},
        {"time": "2021"},
    ]


@pytest.mark.parametrize("cell", ['"没有收尾', '"收"尾"不对', '他,"说"x"'])
def test_a_stray_quote_costs_one_row_only(write: Write, cell: str) -> None:
    lines = ["时间,内容", "1,甲", f"2,{cell}", "3,丙", '4,"丁\n丁"', '5,他说"戊"']
    bad_or_read, *others = rows(write("a.csv", "\n".join(lines).encode()))[1:]
    assert bad_or_read.place == "line 3"
    assert bad_or_read.error is not None
    assert [(row.place, row.values) for row in others] == [
        ("line 4", {"时间": "3", "内容": "丙"}),
        ("line 5", {"时间": "4", "内容": "丁\n丁"}),
        ("line 7", {"时间": "5", "内容": '他说"戊"'}),
    ]


def test_quotes_in_pairs_are_read_where_they_should_not_stand(write: Write) -> None:
    (row,) = rows(write("a.csv", '时间,内容\n1,"好"的政策\n'.encode()))
    assert row.values == {"时间": "1", "内容": "好的政策"}


def test_a_formula_that_only_keeps_a_number_as_it_is_is_that_number(write: Write) -> None:
    content = 'id,time,text\n="0012",2020,="他说""好"""\n"=""0013""",2021,="\n'
    assert values(write("a.csv", content.encode())) == [
        {"id": "0012", "time": "2020", "text": '他说"好"'},
        {"id": "0013", "time": "2021", "text": '="'},
    ]


def test_a_huge_cell_costs_one_row_only(write: Write) -> None:
    content = b"time,text\n1,a\n2," + b"x" * 3_000_000 + b"\n3,c\n"
    first, huge, last = rows(write("a.csv", content))
    assert first.values
    assert last.values == {"time": "3", "text": "c"}
    assert huge.error is not None
    assert len(huge.raw) == 3_000_003


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_line_without_end_is_refused_in_bounded_memory(
    write: Write, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_LINE", 10_000)
    with pytest.raises(SettingError, match="a line has over 10,000"):
        rows(write(name, b"x" * 50_000))


def test_an_array_without_end_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ARRAY_BYTES", 1_000)
    with pytest.raises(SettingError, match="one object a line"):
        rows(write("a.json", json.dumps(EXPECTED * 100).encode()))


def test_an_item_that_is_no_object_is_one_bad_row(write: Write) -> None:
    one, two, three = rows(write("a.json", b'[{"a": 1}, 5, {"a": "\\ud800"}]'))
    assert (one.values, two.place, three.values) == ({"a": 1}, "item 2", {"a": "\ud800"})
    assert two.error is not None


def test_undecodable_bytes_cost_their_rows_only(write: Write) -> None:
    content = CSV.encode() + b"2020-01-28,\xe6\x94\n" * 5 + "2020-01-29,末\n".encode()
    read = rows(write("a.csv", content))
    assert [row.error is None for row in read] == [True] * 2 + [False] * 5 + [True]
    assert read[2].raw == b"2020-01-28,\xe6\x94\n"
    assert read[-1].values == {"留言时间": "2020-01-29", "留言详情": "末"}


def test_broken_utf_16_costs_its_row_only(write: Write) -> None:
    text = CSV + "2020-01-30,\udc00\n2020-01-31,末\n"
    read = rows(write("a.csv", text.encode("utf-16", errors="surrogatepass")))
    assert [row.error is None for row in read] == [True, True, False, True]


def damaged(packed: bytes) -> bytes:
    begin, end = len(packed) // 2, len(packed) // 2 + 40
    return packed[:begin] + bytes(b ^ 0xFF for b in packed[begin:end]) + packed[end:]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("harm", [lambda p: p[:-30], lambda p: p[: len(p) // 2], damaged])
@pytest.mark.parametrize("sample", [1_000, 1_000_000])
def test_a_cut_or_damaged_file_is_one_clear_error(
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[bytes], bytes],
    harm: Callable[[bytes], bytes],
    sample: int,
) -> None:
    monkeypatch.setattr(files, "SAMPLE_BYTES", sample)
    noise = Random(1).randbytes(40_000).hex().encode()
    lines = b"".join(b'{"text": "%s"}\n' % noise[i : i + 40] for i in range(0, 80_000, 40))
    ending = "gz" if pack is gzip.compress else "xz"
    path = write(f"a.jsonl.{ending}", harm(pack(lines)))
    with pytest.raises(SettingError, match=r"a\.jsonl\.(gz|xz): cannot be read"):
        rows(path)


def test_a_cut_utf_16_file_is_one_clear_error(write: Write) -> None:
    with pytest.raises(SettingError, match="cannot be read to its end"):
        rows(write("a.csv", CSV.encode("utf-16")[:-1]))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(SettingError, match=r"a\.csv: a folder"):
        open_source(tmp_path / "a.csv")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"b\.csv: no such file"):
        open_source(tmp_path / "b.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.tsv"])
def test_an_empty_file_has_no_rows(write: Write, name: str) -> None:
    assert rows(write(name, b"")) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400),
    name=st.sampled_from(["a.csv", "a.jsonl", "a.json", "a.xlsx", "a.jsonl.gz", "a.tsv.xz"]),
)
def test_any_bytes_are_rows_or_one_clear_error(write: Write, content: bytes, name: str) -> None:
    try:
        read = rows(write(name, content))
    except SettingError:
        return
    assert all((row.values is None) != (row.error is None) for row in read)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(alphabet='a"\n,\r 好', max_size=6), min_size=2, max_size=2)))
def test_csv_with_any_quotes_is_read_as_the_standard_says(
    write: Write, table: list[list[str]]
) -> None:
    import csv

    text = io.StringIO(newline="")
    csv.writer(text).writerows([["x", "y"], *table])
    expected = [dict(zip("xy", r, strict=True)) for r in table if any(c.strip() for c in r)]
    assert values(write("a.csv", text.getvalue().encode())) == expected
