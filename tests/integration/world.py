"""A small world for the API and its alerts: policies, opinions, a held clock, a sink that keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.dead_letter import DeadLetter
from minyi.domain import Comment, Opinion
from minyi.errors import BrokerUnavailable
from minyi.policy import Policy
from minyi.ports import Index
from minyi.vocabulary import Domain, Stance
from tests import opinions

START = datetime(2026, 1, 5, 4, tzinfo=UTC)
"""A Monday, noon in Shanghai."""


def policy(policy_id: str, title: str, domain: Domain) -> Policy:
    return Policy(
        id=policy_id,
        title=title,
        domain=domain,
        description=f"{title}：一项用来试验接口的政策，没有别的意思。",
        department="住房和城乡建设部",
    )


ELEVATOR = policy("elevator-retrofit", "老旧小区加装电梯", Domain.HOUSING)
EBIKE = policy("ebike-standard", "电动自行车新国标", Domain.TRANSPORT)
QUIET = policy("quiet-policy", "没有人提的政策", Domain.TRANSPORT)
POLICIES = {p.id: p for p in (ELEVATOR, EBIKE, QUIET)}


class World:
    """The ports that the API stands on, besides the index, held by the test."""

    def __init__(self) -> None:
        self.moment = START + timedelta(days=400)
        self.comments: list[Comment] = []
        self.withdrawn: list[str] = []
        self.letters: list[DeadLetter] = []
        self.broker_down = False

    def now(self) -> datetime:
        return self.moment

    def policies(self) -> dict[str, Policy]:
        return POLICIES

    async def publish(self, comments: Sequence[Comment]) -> None:
        if self.broker_down:
            raise BrokerUnavailable("the broker does not answer")
        self.comments += comments

    async def withdraw(self, ids: Sequence[str]) -> None:
        self.withdrawn += ids

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters


def opinion(number: int, stance: Stance, of: Policy = ELEVATOR, **more: Any) -> Opinion:
    text = more.pop("text", f"第{number}条意见，说说{of.title}")
    values = {
        "domain": of.domain,
        "source": "petition",
        "created_at": START + timedelta(hours=number),
        "likes": number,
        "link": {"policy_id": of.id, "by": "alias", "evidence": [of.title]},
        "stance": stance,
        "probabilities": {"favor": 0.4, "against": 0.4, "none": 0.2},
        "model_id": "m1",
    }
    return opinions.opinion(f"c{number}", text, of.id, **(values | more))


def many(count: int = 300) -> Iterable[Opinion]:
    """Opinions an hour apart: on the elevators two of three favor, on the bikes one of three."""
    for number in range(count):
        on_bikes = number % 5 == 0
        yield opinion(
            number,
            Stance.FAVOR if (number % 3 == 0) == on_bikes else Stance.AGAINST,
            EBIKE if on_bikes else ELEVATOR,
            region=("A市", "B市", None)[number % 3],
            channel="网站" if number % 2 else "热线",
            evaluations=[{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]
            if number % 4 == 0
            else [],
        )


@asynccontextmanager
async def serving(app: FastAPI) -> Any:
    """Yield a client of the running app; what fails inside is an answer, not an exception."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as client,
    ):
        yield client


@contextmanager
def filled(folder: Path, held: Iterable[Opinion]) -> Iterator[EmbeddedIndex]:
    """Lend an index that holds opinions."""
    with closing(EmbeddedIndex(folder)) as index:
        index.upsert(list(held))
        yield index


@asynccontextmanager
async def asking(index: Index, world: World | None = None, **more: Any) -> Any:
    """Yield a client of an API over the index; ``more`` are further services."""
    world = world or World()
    wired = Services(index=index, registry=world, clock=world, sink=world, **more)
    async with serving(create_app(wired)) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def error(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
    """Return an error after checking that it has the one shape and gives nothing away."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    body: dict[str, str] = answer.json()["error"]
    assert set(body) == {"code", "message", "place"}
    assert body["code"] == code
    assert body["message"]
    for secret in ("Traceback", 'File "', "/work", "site-packages", "sqlite", "pydantic"):
        assert secret not in answer.text
    return body
