"""The embedded log against a plain model of one, in any order of calls."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from minyi.errors import InvalidQuery, InvalidRecord
from streams.embedded import EmbeddedLog, NewRecord, Record, TopicPartition

KEYS = st.one_of(st.none(), st.sampled_from([b"", b"a", b"b", "键".encode()]))
VALUES = st.one_of(st.none(), st.binary(max_size=30))
HEADERS = st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3)), max_size=2).map(tuple)
TIMES = st.one_of(st.none(), st.integers(0, 1_700_000_000_000))  # to 2023
RECORDS = st.lists(st.tuples(KEYS, VALUES, HEADERS, TIMES), max_size=6)
GROUPS = st.sampled_from(["g", "组"])


class LogMachine(RuleBasedStateMachine):
    """``self.records`` is all that was acknowledged and is not compacted away."""

    topics = Bundle("topics")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="minyi-log-"))
        self.log = EmbeddedLog(self.folder)
        self.records: dict[TopicPartition, list[Record]] = defaultdict(list)
        self.next: dict[TopicPartition, int] = {}
        self.commits: dict[str, dict[TopicPartition, int]] = defaultdict(dict)
        self.compact: dict[str, bool] = {}

    def teardown(self) -> None:
        self.log.close()
        shutil.rmtree(self.folder)

    @initialize(target=topics)
    def first_topic(self) -> str:
        return self.create("first", 2, False)

    @rule(
        target=topics,
        name=st.sampled_from(["other", "政策"]),
        partitions=st.integers(1, 3),
        compact=st.booleans(),
    )
    def create(self, name: str, partitions: int, compact: bool) -> str:
        topic = self.log.create_topic(name, partitions, compact=compact)
        if name not in self.compact:
            self.compact[name] = compact
            self.next |= {TopicPartition(name, number): 0 for number in range(partitions)}
            assert (topic.partitions, topic.compact) == (partitions, compact)
        return name

    @rule(topic=topics, batch=RECORDS, pin=st.booleans())
    def append(self, topic: str, batch: list, pin: bool) -> None:
        records = [NewRecord(topic, *fields, partition=0 if pin else None) for fields in batch]
        if self.compact[topic] and any(record.key is None for record in records):
            with pytest.raises(InvalidRecord):
                self.log.append(records)
            return
        kept = self.log.append(records)
        assert len(kept) == len(records)
        for sent, record in zip(records, kept, strict=True):
            place = TopicPartition(topic, record.partition)
            assert not pin or record.partition == 0
            assert record.offset == self.next[place]
            assert (record.key, record.value, record.headers) == sent[1:4]
            assert sent.timestamp in (None, record.timestamp)
            self.next[place] += 1
            self.records[place].append(record)

    @rule(topic=topics)
    def append_some_of_it_wrong(self, topic: str) -> None:
        with pytest.raises(InvalidQuery):
            self.log.append([NewRecord(topic, b"k", b""), NewRecord(topic, b"k", b"", (), 1, 99)])

    @rule(topic=topics, at=st.integers(0, 12), most=st.integers(1, 5), size=st.integers(1, 60))
    def read(self, topic: str, at: int, most: int, size: int) -> None:
        expected = []
        for record in self.records[TopicPartition(topic, 0)]:
            if record.offset >= at and len(expected) < most:
                expected.append(record)
                if sum(len(r.key or b"") + len(r.value or b"") for r in expected) >= size:
                    break
        assert self.log.read(topic, 0, at, most, size) == expected

    @rule(group=GROUPS, topic=topics, offset=st.integers(0, 12))
    def commit(self, group: str, topic: str, offset: int) -> None:
        place = TopicPartition(topic, 0)
        self.log.commit(group, {place: offset})
        self.commits[group][place] = offset

    @rule()
    def compaction(self) -> None:
        self.log.clean(force=True)
        for place, records in self.records.items():
            if self.compact[place.topic]:
                last = {record.key: record for record in records}
                self.records[place] = [
                    record
                    for record in records
                    if record.offset == self.next[place] - 1
                    or (last[record.key] is record and not self.expired(record))
                ]

    def expired(self, record: Record) -> bool:
        # Generated timestamps lie more than a day back, today's do not.
        return record.value is None and record.timestamp <= 1_700_000_000_000

    @rule()
    def reopen(self) -> None:
        self.log.close()
        self.log = EmbeddedLog(self.folder)

    @invariant()
    def everything_is_there(self) -> None:
        kept = {name: topic.compact for name, topic in self.log.topics().items()}
        assert kept == self.compact
        assert self.log.highwaters() == self.next
        for place, end in self.next.items():
            records = self.records[place]
            assert self.log.read(*place, 0) == records
            assert self.log.earliest(*place) == (records[0].offset if records else end)

    @invariant()
    def commits_and_lag_are_right(self) -> None:
        for group, commits in self.commits.items():
            assert self.log.committed(group) == commits
            lag = {
                place: self.next[place] - max(at, self.log.earliest(*place))
                for place, at in commits.items()
            }
            assert self.log.lag(group) == lag


@pytest.mark.parametrize(
    "record",
    [
        NewRecord("t", "text", b""),  # type: ignore[arg-type]
        NewRecord("t", b"", "text"),  # type: ignore[arg-type]
        NewRecord("t", b"", b"", (("name", "text"),)),  # type: ignore[arg-type]
        NewRecord("t", b"", b"", (), 2**63),
    ],
)
def test_what_a_log_cannot_hold_is_refused_with_its_batch(
    tmp_path: Path, record: NewRecord
) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t")
        with pytest.raises(InvalidRecord, match="topic t"):
            log.append([NewRecord("t", b"", b""), record])
        assert log.highwater("t", 0) == 0


LogMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLog = LogMachine.TestCase
