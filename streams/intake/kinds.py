"""What a file is, by its name and its first bytes."""

from __future__ import annotations

import re
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
"""Endings of old workbooks; new ones have them, too, when somebody renamed them, and so does text
that a system calls a workbook, since spreadsheet programs open it."""
_OTHERS = [".ods", ".fods", ".xlsb", ".numbers", ".html", ".htm", ".mht", ".mhtml", ".xml", ".dbf"]
"""Endings of what spreadsheet programs open and we do not."""
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = {b"\x1f\x8b": ".gz", b"\xfd7zXZ\x00": ".xz"}
_OLDER = re.compile(rb"\t[\x02\x04\x08]|\t\x00\x04\x00")
"""How workbooks begin that are no file of files, as some libraries still write them."""
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"
_MARKUP = re.compile(rb"<[a-z!?]|mime-version:", re.IGNORECASE)
_ORDER_OR_BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_MARKS = [(byte, 0) for byte in b"\r\n[{"], [(0, byte) for byte in b"\r\n[{"]
"""Pairs of bytes by which UTF-16 is known: of these, each the other way around is a character that
nobody writes."""
_SAVE = "open it in a spreadsheet program and save it as XLSX or CSV"


def kind_of(ending: str, sample: bytes) -> str:
    """Return how a file is read, one of ``KINDS``: as its name says, or as a workbook where it is
    one under the name of another, or as text where that is called a workbook.

    Args:
        ending: of its name, in lower case and without that of a packing.
        sample: its first bytes, unpacked.

    Raises:
        SettingError: when it is of no kind that can be read, with what to do.
    """
    begin = sample[:500].replace(b"\0", b"").lstrip(_ORDER_OR_BLANK)
    workbook = ending in SPREADSHEETS
    kind = "csv" if workbook else KINDS.get(ending)
    if sample.startswith(_OLD) or (workbook and _OLDER.match(sample)):
        raise SettingError(f"an old workbook (.xls, .et), or one with a password; {_SAVE}")
    if sample.startswith(_ZIP) and kind:
        if _OPEN_DOCUMENT in begin:
            raise SettingError(f"an OpenDocument table; {_SAVE}")
        return "xlsx"
    if kind in ("csv", "tsv"):
        if _MARKUP.match(begin):
            raise SettingError(f"a web page or XML and no table; {_SAVE}")
        for magic, packing in _PACKED.items():
            if sample.startswith(magic):
                raise SettingError(f"packed; let its name end in {packing}")
    if kind == "xlsx":
        raise SettingError("cannot be read as a workbook; if it is CSV, let its name end in .csv")
    if ending in _OTHERS:
        raise SettingError(f"a table of a kind that is not read ({ending}); {_SAVE}")
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
