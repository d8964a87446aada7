"""When a step of the stream fails, nothing is lost, and the stream does not go on regardless."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion, Tagging
from minyi.errors import BrokerUnavailable, IndexUnavailable, SettingError
from minyi.policy import Policy
from minyi.ports import Edits
from minyi.query import Rejection
from minyi.setting_groups import TaggerSettings
from minyi.settings import embedded_path, load_settings
from streams.access import access
from tests.stream import QuickTagger, append, comments, run, started

COUNT = 150


class BrokenIndex(EmbeddedIndex):
    """Fails on writing, as often as it is told to."""

    error: Exception = RuntimeError("the index is broken")
    failures = 10**9

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        if self.failures > 0:
            self.failures -= 1
            raise self.error
        return super().upsert(opinions, edits)


class PickyIndex(EmbeddedIndex):
    """Refuses one opinion for good."""

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        super().upsert([o for o in opinions if o.comment_id != "c7"])
        return [
            Rejection(id=o.id, reason="mapper_parsing_exception: no such field")
            for o in opinions
            if o.comment_id == "c7"
        ]


class HeldIndex(EmbeddedIndex):
    """Tells when it is written to, and does so only when it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked, self.may = Event(), Event()

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        self.asked.set()
        self.may.wait()
        return super().upsert(opinions, edits)


class CountingTagger(QuickTagger):
    """Tells when it has tagged ``COUNT`` comments."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.done = COUNT, Event()

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        self.left -= len(pairs)
        if self.left <= 0:
            self.done.set()
        return super().tag(pairs)


def test_an_error_in_mid_stream_ends_it_and_loses_nothing(tmp_path: Path) -> None:
    """Behind a batch that was not full, the first record of the next is in memory already."""
    config = load_settings(data=tmp_path)
    small = config.model_copy(update={"tagger": TaggerSettings(batch=8)})
    index, tagger = HeldIndex(embedded_path(config.index_url)), CountingTagger()
    first, *others = comments(COUNT)
    raised: list[Exception] = []

    async def interrupted() -> None:
        async with access(small) as broker, started(broker, small, [first], index, tagger):
            await asyncio.to_thread(index.asked.wait)
            await append(broker, others)
            await asyncio.to_thread(tagger.done.wait)
            index.may.set()
            raise SettingError("the file is cut off")

    def work() -> None:
        try:
            asyncio.run(interrupted())
        except Exception as error:
            raised.append(error)

    thread = Thread(target=work, daemon=True)  # what does not end takes no cancelling either
    thread.start()
    thread.join(15)
    assert [str(error) for error in raised] == ["the file is cut off"]
    index.close()
    counts, letters = asyncio.run(run(config, []))
    assert counts["in index"] == COUNT
    assert letters == []


def test_an_unforeseen_error_stops_the_stream_and_loses_nothing(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    broken = BrokenIndex(tmp_path / "other")
    with pytest.raises(BrokerUnavailable, match="RuntimeError in upsert"):
        asyncio.run(run(config, comments(COUNT), index=broken))
    broken.close()
    counts, letters = asyncio.run(run(config, []))
    assert counts["in index"] == COUNT
    assert letters == []


def test_an_index_that_is_away_for_a_while_is_waited_for(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    index = BrokenIndex(embedded_path(config.index_url))
    index.error, index.failures = IndexUnavailable("not now"), 2
    counts, letters = asyncio.run(run(config, comments(COUNT), index=index))
    index.close()
    assert counts["in index"] == COUNT
    assert letters == []


def test_one_comment_that_the_tagger_chokes_on_dies_alone(tmp_path: Path) -> None:
    raw = comments(40)
    raw[7] = raw[7].replace("第7条".encode(), "有毒".encode())
    counts, (letter,) = asyncio.run(run(load_settings(data=tmp_path), raw))
    assert "chokes" in letter.reason
    assert letter.stage == "tag"
    assert counts["in index"] == 39


def test_a_batch_of_nothing_else_dies_too_and_the_stream_goes_on(tmp_path: Path) -> None:
    """As when dead letters of the tagger are retried, and it still chokes on them."""
    config = load_settings(data=tmp_path)
    full = config.model_copy(update={"tagger": TaggerSettings(batch=5, wait_s=20)})
    raw = [each.replace("支持".encode(), "有毒".encode()) for each in comments(5)]
    counts, letters = asyncio.run(run(full, raw))
    assert len(letters) == 5
    assert counts["in index"] == 0
    counts, letters = asyncio.run(run(config, comments(COUNT)))
    assert counts["in index"] == COUNT


@pytest.mark.parametrize("count", [1, COUNT])
def test_a_tagger_that_fails_on_everything_stops_the_stream(tmp_path: Path, count: int) -> None:
    config = load_settings(data=tmp_path)
    with pytest.raises(BrokerUnavailable, match="ValueError in tag"):
        asyncio.run(run(config, comments(count), tagger=QuickTagger(poison="")))
    counts, letters = asyncio.run(run(config, []))
    assert counts["in index"] == count
    assert letters == []


def test_an_opinion_that_the_index_refuses_is_a_dead_letter_with_its_reason(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    picky = PickyIndex(tmp_path / "index")
    counts, (letter,) = asyncio.run(run(config, comments(COUNT), index=picky))
    picky.close()
    assert (letter.stage, letter.reason) == ("index", "mapper_parsing_exception: no such field")
    assert counts["in index"] == COUNT - 1
