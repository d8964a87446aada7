"""Reads a policy's opinions and keeps the campaigns among them at hand.

Campaigns are derived from the index alone, in order of (time, id), so that they are the same
whatever way the opinions came. When only newer opinions have come they are added; else all is read
again. The methods block; they are for threads.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from minyi.campaigns.clustering import Clusterer
from minyi.campaigns.collapsing import Clustered, Collapsed, Scoped, count
from minyi.campaigns.said import Said
from minyi.errors import IndexUnavailable
from minyi.ports import Clock, Index
from minyi.query import Counts, Filters

OPINIONS = 50_000
"""The newest opinions of a policy that are read."""
HELD = 100_000
"""Opinions of all policies that are kept, about 6.5 KB each; those that nobody asked for longest go
first."""
PAGE = 5_000
BATCH = 1_000
ANSWERS = 8
WAIT_S = 20.0
"""So long a reader waits for the first reading of a policy."""
QUICK_S, REST = 0.5, 9
"""A reading that took longer than the first is not repeated before so many times as long."""
READ_AGAIN_S = 600.0
"""After so long all is read again: a change that leaves all counts the same is seen by then."""


@dataclass(frozen=True)
class Reading:
    """The campaigns of a policy as of a moment; ``total`` opinions were there, the newest
    ``len(clustered.said)`` were read."""

    clustered: Clustered
    as_of: datetime
    total: int
    _asked: OrderedDict[Filters, tuple[Scoped, Collapsed]] = field(default_factory=OrderedDict)

    def within(self, filters: Filters) -> tuple[Scoped, Collapsed]:
        """Return the campaigns under filters and the figures; the last answers are kept."""
        found = self._asked.get(filters)
        if found is None:
            scoped = self.clustered.within(filters)
            found = self._asked[filters] = scoped, scoped.figures()
            while len(self._asked) > ANSWERS:
                self._asked.popitem(last=False)
        return found


@dataclass
class _Held:
    """What is kept of a policy."""

    lock: Lock = field(default_factory=Lock)
    reading: Reading | None = None
    seen: tuple[Counts, datetime | None] | None = None
    clusterer: Clusterer = field(default_factory=Clusterer)
    said: list[Said] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    read_at: float = 0.0
    took: float = 0.0


class CampaignReader:
    """Finds the campaigns of policies.

    Args:
        index: where the opinions are.
        clock: for ``as_of``.
        opinions: how many of one policy are read, the newest.
        held: how many of all policies are kept.
    """

    def __init__(
        self, index: Index, clock: Clock, opinions: int = OPINIONS, held: int = HELD
    ) -> None:
        self._index = index
        self._clock = clock
        self._opinions = opinions
        self._most = held
        self._policies: OrderedDict[str, _Held] = OrderedDict()
        self._lock = Lock()

    def read(self, policy_id: str) -> Reading:
        """Return the campaigns of a policy. While others read it, the last reading stands.

        Raises:
            IndexUnavailable: when the index is, or when the first reading takes long.
        """
        with self._lock:
            held = self._policies.setdefault(policy_id, _Held())
            self._policies.move_to_end(policy_id)
        last = held.reading
        free = held.lock.acquire(timeout=WAIT_S) if last is None else held.lock.acquire(False)
        if not free:
            if last is None:
                raise IndexUnavailable(
                    "the campaigns of this policy are being read; ask again in a minute", 60
                )
            return last
        try:
            self._refresh(policy_id, held)
            assert held.reading is not None  # noqa: S101  # just read
            return held.reading
        finally:
            held.lock.release()
            self._make_room(policy_id)

    def _refresh(self, policy_id: str, held: _Held) -> None:
        """Read what has changed, if anything has."""
        now = time.monotonic()
        if held.reading and held.took > QUICK_S and now < held.read_at + REST * held.took:
            return
        wanted = Filters(policy_id=policy_id)
        counts = self._index.totals(wanted).get(policy_id, Counts())
        seen = (counts, self._index.newest(wanted))
        if held.seen == seen and now < held.read_at + READ_AGAIN_S:
            return
        as_of = self._clock.now()
        newer = self._newer(wanted, held, counts) if now < held.read_at + READ_AGAIN_S else None
        if newer is None:
            found = list(self._newest_first(wanted, self._opinions))
            held.said, held.numbers, held.clusterer = [], [], Clusterer(self._opinions)
            newer = found[::-1]
            held.read_at = now
        for start in range(0, len(newer), BATCH):
            some = newer[start : start + BATCH]
            held.numbers += held.clusterer.add([s.key for s in some], [s.core for s in some])
            held.said += some
        held.reading = Reading(_clustered(held), as_of, counts.total)
        held.seen = seen
        held.took = time.monotonic() - now

    def _newer(self, wanted: Filters, held: _Held, counts: Counts) -> list[Said] | None:
        """Return the opinions that came after those that are held, oldest first; None when these
        and those are not what the index holds."""
        missing = counts.total - len(held.said)
        if not held.said or missing < 0 or counts.total > self._opinions:
            return None
        newer = list(self._newest_first(wanted, missing))[::-1]
        if newer and _key(newer[0]) <= _key(held.said[-1]):
            return None
        same = count([*held.said, *newer]) == counts.model_copy(update={"outputs": {}})
        return newer if same else None

    def _newest_first(self, wanted: Filters, limit: int) -> Iterator[Said]:
        cursor = None
        while limit > 0:
            page = self._index.search("", wanted, min(PAGE, limit), cursor)
            yield from map(Said.of, page.items)
            limit -= len(page.items)
            cursor = page.cursor
            if cursor is None:
                return

    def _make_room(self, asked: str) -> None:
        """Let go of the policies that nobody asked for longest, but for the one that was asked."""
        with self._lock:
            kept = sum(len(held.said) for held in self._policies.values())
            for policy_id, held in list(self._policies.items()):
                if kept <= self._most:
                    return
                if policy_id != asked and not held.lock.locked():
                    kept -= len(held.said)
                    del self._policies[policy_id]


def _key(one: Said) -> tuple[datetime, str]:
    return one.created_at, one.id


def _clustered(held: _Held) -> Clustered:
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(held.numbers):
        places[number].append(place)
    found = (
        sorted(place for number in texts for place in places[number])
        for texts in held.clusterer.clusters()
    )
    return Clustered(tuple(held.said), [members for members in found if len(members) > 1])
