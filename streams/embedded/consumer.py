"""The consuming side of the transport: pages of records, positions, committed offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from faust.transport import base
from faust.types import TP, ConsumerMessage

from minyi.errors import MinyiError
from streams.embedded.records import Record
from streams.embedded.shared import SharedLog, open_log

PAGE_RECORDS = 500
"""Records read at a time over all partitions, at most."""
LEAST_RECORDS = 20
"""Records read at a time from one partition, however many there are."""


class Consumer(base.Consumer):
    """The one consumer of its group, so every partition of its topics is its own."""

    log_: SharedLog

    def on_init(self) -> None:
        self._positions: dict[TP, int] = {}
        self._topics: set[str] = set()
        self._generation = 0
        self._rebalancing = asyncio.Lock()
        self._news = asyncio.Event()
        self._seeking = False

    async def on_start(self) -> None:
        folder = self.transport.folder  # type: ignore[attr-defined]
        self.log_ = self.exit_stack.enter_context(open_log(folder))
        self._thread = self.exit_stack.enter_context(ThreadPoolExecutor(1, "embedded-log-reader"))
        self._group = str(self.app.conf.id)
        self.log_.join(self._group)
        self.exit_stack.callback(self.log_.leave, self._group)
        self.log_.add_listener(self._on_news)
        self.exit_stack.callback(self.log_.remove_listener, self._on_news)
        await super().on_start()

    def _on_news(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._news.set)

    async def create_topic(self, *args: Any, **kwargs: Any) -> None:
        await self.app.producer.create_topic(*args, **kwargs)

    # Assignment

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Read these topics from now on. Returns first: Faust waits for that before it lets the
        assignment run."""
        self._topics = set(topics)
        self.add_future(self._rebalance())

    async def _rebalance(self) -> None:
        async with self._rebalancing:
            await self._declare_missing()
            partitions = {name: topic.partitions for name, topic in self.log_.topics().items()}
            app: Any = self.app
            app.on_rebalance_start()
            await self.on_partitions_revoked(self.assignment())
            assigned = self._assign(partitions)
            self._positions = {tp: self._first(tp) for tp in assigned}
            self._generation += 1
            app.consumer_generation_id = self._generation
            await self.on_partitions_assigned(assigned, self._generation)

    async def _declare_missing(self) -> None:
        for topic in list(self.app.topics):
            if any(name not in self.log_.topics() for name in topic.topics):
                await topic.maybe_declare()

    def _assign(self, partitions: Mapping[str, int]) -> set[TP]:
        # Faust's own assignor fills in what tables recover from.
        assignor: Any = self.app.assignor
        members = {"embedded": assignor.metadata(self._topics)}
        assignment = assignor.assign(_Cluster(partitions), members)["embedded"]
        assignor.on_assignment(assignment)
        return {TP(name, number) for name, numbers in assignment.assignment for number in numbers}

    def _first(self, tp: TP) -> int:
        latest = self.app.conf.consumer_auto_offset_reset == "latest"
        return self.log_.highwater(*tp) if latest else self.log_.earliest(*tp)

    def assignment(self) -> set[TP]:
        return set(self._positions)

    def topic_partitions(self, topic: str) -> int | None:
        config = self.log_.topics().get(topic)
        return config.partitions if config else None

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        return self.log_.partition_for(topic, key, partition)

    # Offsets

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        if getattr(self.app.producer, "failure", None):
            return False
        try:
            await self._call(self.log_.commit, self._group, offsets)
        except MinyiError as error:
            await self.crash(error)
            return False
        return True

    async def perform_seek(self) -> None:
        # Faust empties the agents' queues after this and before it resumes the flow: a record
        # delivered in between would be gone, and the offset be committed past it.
        self._seeking = True
        await super().perform_seek()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        done = await self._call(self.log_.committed, self._group)
        changelogs = self.app.tables.changelog_topics
        for tp in self._positions:
            if tp in done:
                self._positions[tp] = done[tp]
            elif tp.topic not in changelogs:  # a recovered table's changelog goes on from here
                self._positions[tp] = self._first(tp)
        return {tp: done.get(tp) for tp in self._positions}

    async def position(self, tp: TP) -> int | None:
        return self._positions.get(tp)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        self._positions[TP(*partition)] = offset
        self._news.set()

    def highwater(self, tp: TP) -> int:
        return self.log_.highwater(*tp)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.log_.highwater(*tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.log_.earliest(*tp) for tp in partitions}

    # Records

    def resume_flow(self) -> None:
        self._seeking = False
        super().resume_flow()
        self._news.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        super().resume_partitions(tps)
        self._news.set()

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self._news.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        # As in Faust, which sleeps a second when every partition is paused; here resuming wakes.
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        active = self._get_active_partitions()
        return await self._getmany(active, timeout), active

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109
    ) -> Any:
        self._news.clear()
        ready = {
            tp: at
            for tp, at in self._positions.items()
            if tp in (active_partitions or ()) and at < self.log_.highwater(*tp)
        }
        if self._seeking or not (ready and self.flow_active):
            await self.wait(self._news.wait(), timeout=timeout)
            return {}
        pages = await self._call(self._read, ready)
        if self._seeking:
            return {}
        # A seek or a rebalance while the page was read makes the page void.
        pages = {tp: page for tp, page in pages.items() if self._positions.get(tp) == ready[tp]}
        for tp, page in pages.items():
            self._positions[tp] = page[-1].offset + 1
        return pages

    def _read(self, positions: Mapping[TP, int]) -> dict[TP, list[Record]]:
        most = max(PAGE_RECORDS // len(positions), LEAST_RECORDS)
        pages = {tp: self.log_.read(*tp, at, most) for tp, at in positions.items()}
        return {tp: page for tp, page in pages.items() if page}

    def _to_message(self, tp: TP, record: Record) -> ConsumerMessage:
        return ConsumerMessage(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp / 1000,
            0,
            list(record.headers),
            record.key,
            record.value,
            None,
            len(record.key or b""),
            len(record.value or b""),
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def _call(self, function: Any, *args: Any) -> Any:
        return await self.loop.run_in_executor(self._thread, function, *args)


class _Cluster:
    """What Faust's assignor asks of a Kafka cluster."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions

    def partitions_for_topic(self, topic: str) -> Sequence[int]:
        return range(self._partitions.get(topic, 0))
