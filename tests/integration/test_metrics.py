"""What the stream and the API measure of themselves, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app, create_probes
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable
from minyi.ports import Edits
from minyi.query import Rejection
from minyi.settings import embedded_path, load_settings
from streams.app import Service
from streams.lag import lag
from streams.running import WORK
from tests.integration.world import World, serving
from tests.stream import comments, run

Samples = dict[str, float]
COUNT = 60


def samples(text: str) -> Samples:
    """Return the values by name and labels, without buckets and times of creation."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


class Reluctant(EmbeddedIndex):
    """Is away at first."""

    failures = 2

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        if self.failures:
            self.failures -= 1
            raise IndexUnavailable("not now")
        return super().upsert(opinions, edits)


def test_the_stream_measures_what_it_does(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    index = Reluctant(embedded_path(config.index_url))
    raw = [*comments(COUNT), b"no JSON"]
    raw[7] = raw[7].replace("第7条".encode(), "有毒".encode())
    seen: list[Samples] = []

    def look(service: Service) -> None:
        seen.append(samples(generate_latest(service.metrics.registry).decode()))

    asyncio.run(run(config, raw, index=index, drained_with=look))
    index.close()
    (found,) = seen
    assert found["minyi_comments_total"] == COUNT + 1
    assert found["minyi_comments_linked_total"] == COUNT
    assert found["minyi_opinions_tagged_total"] == found["minyi_opinions_indexed_total"] == 59
    assert found["minyi_dead_letters_total{stage=link}"] == 1
    assert found["minyi_dead_letters_total{stage=tag}"] == 1
    assert found["minyi_dead_letters_total{stage=index}"] == 0
    assert found["minyi_retries_total{agent=index}"] == 2
    assert found["minyi_batch_records_sum{agent=link}"] == COUNT + 1
    assert found["minyi_batch_records_sum{agent=tag}"] == COUNT
    assert found["minyi_batch_records_sum{agent=index}"] == 59
    assert (
        found["minyi_index_write_seconds_count"]
        == 2 + found["minyi_batch_records_count{agent=index}"]
    )
    assert found["minyi_tag_pairs_total"] == 59
    assert found["minyi_tag_batch_seconds_count"] >= 1
    said = datetime.fromisoformat("2026-03-01T08:00:00+08:00").timestamp()
    assert found["minyi_newest_indexed_timestamp_seconds"] == said
    assert found["minyi_event_delay_seconds_count"] >= 1
    assert "minyi_tag_cache_total{result=hit}" not in found  # this tagger has no cache


class Consumer:
    """What the lag asks of a Faust consumer."""

    def __init__(self, **committed: int | None) -> None:
        from faust.types import TP

        self._committed_offset = {TP(name, 0): offset for name, offset in committed.items()}

    def assignment(self) -> set[object]:
        return set(self._committed_offset)

    async def highwaters(self, *places: object) -> dict[object, int]:
        return dict.fromkeys(places, 100)

    async def earliest_offsets(self, *places: object) -> dict[object, int]:
        return dict.fromkeys(places, 40)


async def test_lag_is_what_is_not_committed_of_what_is_there() -> None:
    consumer = Consumer(comments=90, links=None, opinions=100, changelog=0)
    assert await lag(consumer, WORK) == {
        ("comments", 0): 10, ("links", 0): 60, ("opinions", 0): 0,
    }  # fmt: skip
    assert await lag(Consumer(), WORK) == {}


async def test_requests_are_measured_by_route_and_nothing_of_a_caller_is_a_label(
    tmp_path: Path,
) -> None:
    world = World()
    index = EmbeddedIndex(tmp_path)
    services = Services(index=index, registry=world, clock=world, sink=world)
    async with serving(create_app(services)) as client:
        for path in ("/v1/policies/elevator-retrofit", "/v1/policies/secret-1", "/secret-2"):
            await client.get(path)
        await client.request("SECRET", "/v1/policies")
        await client.post("/v1/comments", json=[json.loads(comments(1)[0]), {"id": "secret-3"}])
        await client.get("/health", headers={"host": "secret.example"})
        answer = await client.get("/metrics")
    index.close()
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "secret" not in answer.text.lower()
    found = samples(answer.text)
    route = "minyi_http_request_seconds_count{{method={},route={},status={}}}"
    assert found[route.format("GET", "/v1/policies/{policy_id}", 200)] == 1
    assert found[route.format("GET", "/v1/policies/{policy_id}", 404)] == 1
    assert found[route.format("other", "other", 404)] == 1
    assert found[route.format("other", "other", 400)] == 1
    assert found["minyi_api_comments_total{result=accepted}"] == 1
    assert found["minyi_api_comments_total{result=rejected}"] == 1


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/policies", "/page/main.js"])
async def test_a_worker_serves_its_probes_and_no_page(tmp_path: Path, path: str) -> None:
    world = World()
    index = EmbeddedIndex(tmp_path)
    async with serving(create_probes(Services(index=index, registry=world, clock=world))) as client:
        assert (await client.get(path)).status_code == 404
        for probe in ("/health", "/ready", "/metrics"):
            assert (await client.get(probe)).status_code == 200
            foreign = await client.get(probe, headers={"host": "evil.example"})
            assert foreign.status_code == 400
    index.close()
