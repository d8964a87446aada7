"""What is sent: real comments, and among them what makes trouble. The same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from minyi.clock import already_said
from minyi.domain import Comment
from minyi.errors import InvalidRecord
from minyi.settings import ROOT
from tests.chaos.worker import POISON
from tests.hostile import hostile_records

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
LARGEST = 900_000
"""Bytes of a record; Kafka takes a megabyte."""
APART = 100
"""Records between a comment and its repetition or revision at least."""


@dataclass(frozen=True)
class Raw:
    """A record for the topic ``comments``."""

    key: bytes
    value: bytes


@dataclass(frozen=True)
class Mix:
    """How many records, and which. Counts are 'one in so many'; 0 is none."""

    count: int
    seed: int = 1
    broken: int = 50
    """Records that nobody can read."""
    poison: int = 90
    """Comments that the tagger fails on."""
    repeated: int = 20
    """Records that come once more."""
    revised: int = 40
    """Comments that come again with other content, every second in another month."""
    hostile: int = 0
    """Records besides, as a hostile sender would send them."""


def records(mix: Mix) -> list[Raw]:
    """Return the records in their order; equal mixes give equal records."""
    chance = random.Random(mix.seed)
    comments = _comments()
    made: list[Raw] = []
    plain: list[int] = []
    """Places of comments that can be read and tagged."""
    for number in range(mix.count):
        earlier = plain[: max(0, len(plain) - APART)]
        if mix.broken and number % mix.broken == 7:
            made.append(Raw(b"broken-%d" % number, b'{"id": "broken-%d", "text": ' % number))
        elif mix.poison and number % mix.poison == 11:
            text = f"加装电梯有人投{POISON}，第{number}条"
            made.append(_raw(_plain(f"poison-{number}", text)))
        elif mix.repeated and number % mix.repeated == 3 and earlier:
            made.append(made[chance.choice(earlier)])
        elif mix.revised and number % mix.revised == 5 and earlier:
            made.append(_revised(made[chance.choice(earlier)], number, chance.random() < 0.5))
        else:
            plain.append(number)
            made.append(_raw(next(comments)))
    for number, value in enumerate(hostile_records(mix.hostile, mix.seed) if mix.hostile else ()):
        if len(value) < LARGEST:
            place = chance.randrange(len(made) + 1)
            comment = readable(value)
            key = comment.id.encode()[:900] if comment else b"hostile-%d" % number
            made.insert(place, Raw(key, value))
    return made


def readable(value: bytes | None) -> Comment | None:
    """Return the comment of a record; None when it cannot be read, or is yet to come."""
    try:
        return already_said(Comment.from_json(value or b""), datetime.now(UTC))
    except InvalidRecord:
        return None


def poisonous(comment: Comment) -> bool:
    """Whether the tagger fails on a comment."""
    return POISON in comment.text


def _comments() -> Iterator[dict[str, Any]]:
    """Yield the bundled comments over and over, each time with new ids."""
    lines: Sequence[str] = BUNDLE.read_text().splitlines()
    turn = 0
    while True:
        for line in lines:
            comment = json.loads(line)
            yield comment | {"id": f"{comment['id']}-{turn}"}
        turn += 1


def _plain(id_: str, text: str) -> dict[str, Any]:
    return {"id": id_, "source": "chaos", "text": text, "created_at": "2026-03-05T08:00:00+08:00"}


def _revised(raw: Raw, number: int, moved: bool) -> Raw:
    comment = json.loads(raw.value)
    comment["likes"] = number
    if moved:
        at = datetime.fromisoformat(comment["created_at"]) + timedelta(days=31)
        comment["created_at"] = at.isoformat()
    return _raw(comment)


def _raw(comment: dict[str, Any]) -> Raw:
    return Raw(comment["id"].encode(), json.dumps(comment, ensure_ascii=False).encode())
