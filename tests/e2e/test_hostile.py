"""10,000 hostile records: each ends in the index or in the dead letters, none is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from minyi.clock import already_said
from minyi.domain import Comment
from minyi.errors import InvalidRecord
from minyi.setting_groups import DeadLetterSettings
from minyi.settings import load_settings
from tests.hostile import hostile_records
from tests.stream import run

COUNT = 10_000


def readable(raw: bytes) -> bool:
    try:
        already_said(Comment.from_json(raw), datetime.now(UTC))
    except InvalidRecord:
        return False
    return True


def test_every_hostile_record_ends_in_the_index_or_in_the_dead_letters(tmp_path: Path) -> None:
    raw = list(hostile_records(COUNT))
    broken = [record for record in raw if not readable(record)]
    assert 1_000 < len(broken) < COUNT
    bad = DeadLetterSettings(limit=COUNT)  # bad records on purpose, not a bad deploy
    config = load_settings(data=tmp_path, dead_letters=bad)
    counts, letters = asyncio.run(run(config, raw))
    assert counts["comments"] == COUNT
    assert len(letters) == counts["dead"] == len(broken)
    assert all(letter.reason and letter.stage == "link" for letter in letters)
    assert {(letter.size, letter.content) for letter in letters} == {
        (len(record), record[:65_536]) for record in broken
    }
    assert counts["linked"] > 0
    assert 0 < counts["in index"] <= counts["indexed"]
