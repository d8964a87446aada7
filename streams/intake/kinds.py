"""What a file is, by its name and its first bytes."""

from __future__ import annotations

from collections import Counter

from minyi.errors import SettingError

KINDS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".xlsm": "xlsx",
    ".xlsx": "xlsx",
}
SPREADSHEETS = (".xls", ".et")
"""Endings of old workbooks, which new ones have, too, when somebody renamed them."""
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = {b"\x1f\x8b": ".gz", b"\xfd7zXZ\x00": ".xz"}
_MARKUP = (b"<html", b"<!doctype", b"<?xml", b"<table", b"<head", b"<meta", b"<style")
_MARKS = [(byte, 0) for byte in b"\r\n[{"], [(0, byte) for byte in b"\r\n[{"]
"""Pairs of bytes by which UTF-16 is known: of these, each the other way around is a character that
nobody writes."""
_SAVE = "open it in a spreadsheet program and save it as XLSX or CSV"


def kind_of(ending: str, sample: bytes) -> str:
    """Return how a file is read, one of ``KINDS``: as its name says, or as a workbook where it is
    one under the name of another.

    Args:
        ending: of its name, in lower case and without that of a packing.
        sample: its first bytes, unpacked.

    Raises:
        SettingError: when it is of no kind that can be read, with what to do.
    """
    if sample.startswith(_OLD):
        raise SettingError(f"an old workbook (.xls, .et), or one with a password; {_SAVE}")
    if sample.startswith(_ZIP) and (ending in KINDS or ending in SPREADSHEETS):
        return "xlsx"
    kind = KINDS.get(ending)
    if kind in ("csv", "tsv") or ending in SPREADSHEETS:
        if sample.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_MARKUP):
            raise SettingError(f"a web page or XML and no table; {_SAVE}")
        for begin, packing in _PACKED.items():
            if sample.startswith(begin):
                raise SettingError(f"packed; let its name end in {packing}")
    if kind == "xlsx":
        raise SettingError("cannot be read as a workbook; if it is CSV, let its name end in .csv")
    if kind is None:
        known = ", ".join(KINDS)
        raise SettingError(f"unknown kind {ending!r}; known are {known}, also .gz and .xz")
    return kind


def detect_encoding(sample: bytes) -> str:
    """Return the encoding of a text's first bytes: what they mark, else UTF-16 where it shows, else
    UTF-8 unless that loses half of what is not ASCII and GB18030 or Big5 loses less, or a quarter
    and they lose nothing. A few broken rows do not turn a file."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    foreign = len(sample) - len(sample.decode("ascii", errors="ignore"))
    broken, mainland = _lost(sample, "utf-8"), _lost(sample, "gb18030")
    much = broken * 2 >= foreign or (broken * 4 >= foreign and not mainland)
    if (unmarked := _utf_16(sample)) and (much or sample.count(0) * 4 >= len(sample)):
        return unmarked
    if not much or mainland >= broken:
        return "utf-8-sig"
    # nearly all of Big5 is GB18030 as well, but in characters that GB2312, the common ones, lacks
    rare = _lost(sample, "gb2312")
    big5 = rare * 10 >= foreign and _lost(sample, "cp950") * 4 < rare
    return "big5hkscs" if big5 else "gb18030"


def _lost(sample: bytes, encoding: str) -> int:
    """Return how many bytes are no text in an encoding."""
    return len(sample) - len(sample.decode(encoding, errors="ignore").encode(encoding))


def _utf_16(sample: bytes) -> str | None:
    """Return the order of bytes in which a sample may be UTF-16, if nearly all is text in it."""
    if 0 not in sample:
        return None
    pairs = Counter(zip(sample[0::2], sample[1::2], strict=False))
    little, big = (sum(pairs[pair] for pair in marks) for marks in _MARKS)
    name = "utf-16-le" if little > big else "utf-16-be"
    text = (little or big) and not pairs[0, 0] and _lost(sample, name) * 100 <= len(sample) + 200
    return name if text else None
