"""What a file is, by its name and its first bytes."""

from __future__ import annotations

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
    """Return the encoding of a text's first bytes: what they mark, else UTF-8 unless that loses
    half of what is not ASCII and GB18030 loses less. A few broken rows do not turn a file."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    foreign = len(sample) - len(sample.decode("ascii", errors="ignore"))
    lost = {
        name: len(sample) - len(sample.decode(name, errors="ignore").encode(name))
        for name in ("utf-8", "gb18030")
    }
    much = lost["utf-8"] * 2 >= foreign
    return "gb18030" if much and lost["gb18030"] < lost["utf-8"] else "utf-8-sig"
