"""What a running app measures of itself, for Prometheus.

The counters are those of :class:`Progress`; here stands what takes time or has a size. Every app
has a registry of its own, and no label holds more values than there are agents, stages and
partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from minyi.ports import Cached, Clock, Tagger
from streams.progress import Progress

Place: TypeAlias = tuple[str, int]
"""A topic and a partition."""

RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DELAYS_S = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)


class Metrics:
    """The measures of one app.

    Args:
        registry: where they are kept, and read from.
        progress: the app's counters.
        tagger: whose cache is told of, where it has one.
        clock: what the delay of comments is measured by.
    """

    def __init__(
        self, registry: CollectorRegistry, progress: Progress, tagger: Tagger, clock: Clock
    ) -> None:
        self.registry = registry
        self.lag: Mapping[Place, int] = {}
        """Records not yet done with, of the partitions that this app works off."""
        self._clock = clock
        self.batch = Histogram(
            "minyi_batch_records",
            "Records in one batch of an agent.",
            ["agent"],
            buckets=RECORDS,
            registry=registry,
        )
        self.tagging = Histogram(
            "minyi_tag_batch_seconds",
            "Time that the tagger took for one batch.",
            buckets=SECONDS,
            registry=registry,
        )
        self.pairs = Counter(
            "minyi_tag_pairs",
            "Pairs of a policy and a comment that were tagged, cached ones included.",
            registry=registry,
        )
        self.writing = Histogram(
            "minyi_index_write_seconds",
            "Time that the index took for one write of a batch, failed ones included.",
            buckets=SECONDS,
            registry=registry,
        )
        self.retries = Counter(
            "minyi_retries",
            "Calls that failed for now and were tried again.",
            ["agent"],
            registry=registry,
        )
        for agent in ("tag", "index"):
            self.retries.labels(agent)
        self.older = Counter(
            "minyi_opinions_older",
            "Opinions that were left out since the index held a newer edit of their comment.",
            registry=registry,
        )
        self.retracted = Counter(
            "minyi_opinions_retracted",
            "Opinions that were dropped since an edit of their comment left them behind.",
            registry=registry,
        )
        self._delay = Histogram(
            "minyi_event_delay_seconds",
            "Age of the newest comment of a batch when its opinions were in the index.",
            buckets=DELAYS_S,
            registry=registry,
        )
        self._newest = Gauge(
            "minyi_newest_indexed_timestamp_seconds",
            "Time of the newest comment whose opinions this process has indexed, Unix time.",
            registry=registry,
        )
        self._newest_at = 0.0
        registry.register(_View(self, progress, tagger))

    def indexed(self, times: Iterable[datetime]) -> None:
        """Note that opinions on comments of these times are in the index."""
        newest = max(times, default=None)
        if newest is None:
            return
        self._delay.observe(max(0.0, (self._clock.now() - newest).total_seconds()))
        self._newest_at = max(self._newest_at, newest.timestamp())
        self._newest.set(self._newest_at)


class _View(Collector):
    """Shows what others count, as it is when somebody asks."""

    def __init__(self, metrics: Metrics, progress: Progress, tagger: Tagger) -> None:
        self._metrics = metrics
        self._progress = progress
        self._tagger = tagger

    def collect(self) -> Iterator[Metric]:
        done = self._progress
        for name, text, value in (
            ("minyi_comments", "Comments read, dead ones included.", done.comments),
            ("minyi_comments_linked", "Comments with at least one link.", done.linked),
            ("minyi_opinions_tagged", "Opinions made.", done.tagged),
            ("minyi_opinions_indexed", "Opinions written to the index.", done.indexed),
        ):
            yield CounterMetricFamily(name, text, value=value)
        dead = CounterMetricFamily(
            "minyi_dead_letters", "Records sent to the dead letters.", labels=["stage"]
        )
        for stage in dict.fromkeys(("link", "tag", "index", *done.dead_at)):
            dead.add_metric([stage], done.dead_at[stage])
        yield dead
        if isinstance(self._tagger, Cached):
            hits, misses = self._tagger.cache_counts()
            cache = CounterMetricFamily(
                "minyi_tag_cache", "Pairs that the tagger knew already, or not.", labels=["result"]
            )
            cache.add_metric(["hit"], hits)
            cache.add_metric(["miss"], misses)
            yield cache
        lag = GaugeMetricFamily(
            "minyi_lag_records",
            "Records of a partition that this process works off and is not yet done with.",
            labels=["topic", "partition"],
        )
        for (topic, partition), records in sorted(self._metrics.lag.items()):
            lag.add_metric([topic, str(partition)], records)
        yield lag
