"""What people write goes through the stream, well or badly, and reaches no log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi import logs
from minyi.domain import Opinion, Tagging
from minyi.errors import BrokerUnavailable, IndexUnavailable
from minyi.policy import Policy
from minyi.ports import Edits
from minyi.query import Rejection
from minyi.setting_groups import LogSettings
from minyi.settings import embedded_path, load_settings
from tests.stream import QuickTagger, comments, run

TEXT, PLAIN = "住在梧桐巷九号", "4f9c-told-in-confidence"
"""What nobody may read in a log: in Chinese, and in letters that no escape changes."""
TOLD = f"支持加装电梯，我{TEXT} {PLAIN}"


class Gossip(QuickTagger):
    """Repeats the text that it chokes on."""

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        for _, text in pairs:
            if self.poison in text:
                raise ValueError(f"cannot tag {text!r}")
        return super().tag(pairs)


class Blabber(EmbeddedIndex):
    """Is away, then refuses opinions and says what they hold, or fails for good and says it."""

    failures = 1
    broken = False

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        if self.failures:
            self.failures -= 1
            raise IndexUnavailable("not now")
        if self.broken:
            raise RuntimeError(f"cannot write {opinions[0].text}")
        super().upsert(opinions[1:])
        return [Rejection(id=opinions[0].id, reason=f"cannot write {opinions[0].text}")]


def hostile() -> list[bytes]:
    """Good comments, one that the tagger chokes on, and records that cannot be read."""
    raw = comments(30, text=TOLD)
    raw[7] = raw[7].replace("第7条".encode(), "有毒".encode())
    bad = json.loads(raw[0])
    return [
        *raw,
        f'{{"id": "x", "text": "{TOLD}"'.encode(),
        json.dumps(bad | {"likes": TOLD}).encode(),
        json.dumps(bad | {"created_at": TOLD}).encode(),
        json.dumps(bad | {"reply": {TOLD: TOLD}}).encode(),
        json.dumps({**bad, "id": ""}).encode(),
        TOLD.encode(),
        TOLD.encode("gb18030"),
    ]


def silent(written: str) -> None:
    escaped = json.dumps(TEXT)[1:-1]
    for secret in (TEXT, PLAIN, escaped, str(TEXT.encode())[2:-1]):
        assert secret not in written


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_reaches_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    config = load_settings(data=tmp_path, log={"format": form, "level": "DEBUG"})
    logs.configure(config.log)
    try:
        index = Blabber(embedded_path(config.index_url))
        counts, letters = asyncio.run(run(config, hostile(), index=index, tagger=Gossip()))
        assert counts["dead"] == len(letters) >= 9
        index.broken = True
        with pytest.raises(BrokerUnavailable) as stopped:
            asyncio.run(run(config, comments(5, text=TOLD), index=index, tagger=Gossip()))
        index.close()
        silent(str(stopped.value))
    finally:
        logs.configure(LogSettings())
    written = capfd.readouterr().err
    silent(written)
    for event in ("dead letter", "will try again", "a comment cannot be tagged"):
        assert event in written
    assert "c7" in written  # an id may stand there
    assert "RuntimeError in upsert" in written
    if form == "json":
        for line in written.splitlines():
            assert {"time", "level", "logger", "message"} <= json.loads(line).keys()
