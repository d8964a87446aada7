"""How dead letters look in the terminal: nothing in them is taken for markup or for control."""

from __future__ import annotations

import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from minyi.cli.tables import plain
from minyi.dead_letter import DeadLetter, LetterHead
from minyi.domain import SHANGHAI

SHORT = 10
"""Digits of a key that lists show; any that are unique will do."""
HEX_SHOWN = 1_024
"""Bytes of an original that are shown as hexadecimal digits; ``--raw`` writes all."""
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, keep: str = "") -> str:
    """Return a text with what cannot be seen, or steers a terminal, written as escapes."""
    return "".join(
        c if c in keep or unicodedata.category(c) not in UNSEEN else _escape(c) for c in text
    )


def listing(heads: Sequence[LetterHead], total: int) -> Table:
    """Return dead letters as a table, with their times in Asia/Shanghai."""
    table = Table(caption=f"{len(heads):,} of {total:,} dead letters, the newest first")
    for name in ("key", "when", "stage", "origin", "place", "reason"):
        table.add_column(name, overflow="fold", no_wrap=name in ("key", "when"))
    for head in heads:
        cells = (head.stage, head.origin, head.place, head.reason)
        table.add_row(*plain(head.key[:SHORT], _time(head), *map(visible, cells)))
    return table


def details(letter: DeadLetter) -> Text:
    """Return a dead letter with its original, as text where it is UTF-8."""
    head = letter.head
    lines = [
        ("key", head.key),
        ("when", _time(head)),
        ("stage", head.stage),
        ("origin", head.origin),
        ("place", head.place or "–"),
        ("reason", head.reason),
        ("size", f"{letter.size:,} bytes"),
    ]
    if head.retry_of:
        lines.append(("retried", f"from {head.retry_of}"))
    text = Text()
    for name, value in lines:
        text.append(f"{name:<8}", "bold").append(f"{visible(value)}\n")
    text.append("The original as it was received; it may hold personal data:\n", "yellow")
    return text.append("\n".join(_original(letter)))


def _original(letter: DeadLetter) -> Iterable[str]:
    content = letter.content
    try:
        # a cut may go through the middle of a character
        text = getincrementaldecoder("utf-8")().decode(content, final=not letter.cut)
    except UnicodeDecodeError:
        yield from _hex(content)
    else:
        yield visible(text, keep="\n\t")
    if letter.cut:
        yield f"… cut: only the first {len(content):,} of {letter.size:,} bytes were kept"


def _hex(content: bytes) -> Iterable[str]:
    """Yield lines of 16 bytes with their offsets."""
    for start in range(0, min(len(content), HEX_SHOWN), 16):
        part = content[start : start + 16]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        yield f"{start:06x}  {part.hex(' '):<47}  {seen}"
    if len(content) > HEX_SHOWN:
        yield f"… {len(content) - HEX_SHOWN:,} more bytes; --raw writes all of them"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _time(head: LetterHead) -> str:
    return f"{head.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
