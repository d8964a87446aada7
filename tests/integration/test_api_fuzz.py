"""Whatever is asked, nothing breaks: every GET route, over small and strange indices."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.alerts.store import AlertStore
from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.query import Facet
from minyi.shares.adjusting import Adjuster
from minyi.speakers.margins import Margins
from minyi.vocabulary import AgeBand
from tests.integration.strange import STRANGE, WORLDS
from tests.integration.world import World, serving
from tests.unit.held_out_rows import held_out

ROUNDS = 15
"""Requests to every route of every world."""
MOST_BYTES, MOST_S = 3_000_000, 3.0
HELD_OUT = held_out(0.9, policies=12)


MARGINS = Margins(
    source="普查",
    margins={Facet.REGION: {"北京": 1, STRANGE: 1e11}, Facet.AGE: dict.fromkeys(AgeBand, 1)},
)


@pytest.fixture(params=list(WORLDS))
async def client(
    request: pytest.FixtureRequest, tmp_path: Any
) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    index = EmbeddedIndex(tmp_path / "index")
    index.upsert(WORLDS[request.param])
    world, store = World(), AlertStore(tmp_path / "alerts" / "store.db")
    services = Services(
        index=index,
        registry=world,
        clock=world,
        adjuster=Adjuster({HELD_OUT.model_id: HELD_OUT}),
        margins=MARGINS,
    )
    async with serving(create_app(services, store)) as opened:
        yield request.param, opened
    store.close()
    index.close()


NAMES = ["elevator-retrofit", "ebike-standard", "quiet-policy", "gone-policy", "", "nichts", "%00"]
ILLEGAL = [
    "", " ", "0", "-1", "1", "7", "100", "1e9", "NaN", "Infinity", "-0", "9" * 30, "true", "null",
    "\x00", "\ud7ff", STRANGE, "x" * 5_000, "[]", "{}", "' OR 1=1 --", "../../etc/passwd",
    "2026-02-30", "0001-01-01", "9999-12-31T23:59:59+14:00", "1990-01-01", "2099-12-31", "20260101",
]  # fmt: skip
TIMES = ["1990-01-01T00:00:00Z", "2026-02-09", "2026-02-10T12:00:00+08:00", "2026-03-16",
         "2026-03-01", "2099-12-31T23:59:59Z"]  # fmt: skip
LEGAL = {
    "region": ["北京", STRANGE, "=cmd()", "A市"],
    "channel": ["热线", STRANGE],
    "source": ["12345", "petition", STRANGE],
    "since": TIMES,
    "until": TIMES,
    "date": ["2026-02-20", "1990-01-01", "2099-12-31", "2026-03-10"],
    "days": ["7", "28", "365", "3650"],
    "arl": ["100", "3650", "1000000"],
    "limit": ["1", "2", "200"],
    "q": ["电梯", STRANGE, "*", '"', "a" * 200],
    "policy": NAMES[:4],
}
"""By the parameter's name; of all others the schema says what is legal."""
PATHS = {
    "policy_id": (NAMES[:1], NAMES[1:]),
    "name": (["policies.csv", "months.json", "datapackage.json", "catalog.jsonld"], ILLEGAL[7:13]),
}
"""What stands in a path: likely and seldom."""


def choices(parameter: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    """Return the legal values of a parameter, by its schema."""
    if parameter["name"] in LEGAL:
        return LEGAL[parameter["name"]]
    schema = parameter["schema"]
    found = []
    for part in [schema, *schema.get("anyOf", ())]:
        part = definitions[part["$ref"].split("/")[-1]] if "$ref" in part else part
        found += part.get("enum", ())
        found += ["true", "false"] if part.get("type") == "boolean" else ()
        found += [str(part["minimum"]), str(part["maximum"])] if "minimum" in part else ()
    return [str(each) for each in found] or ["x"]


def finite(found: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(found, parse_constant=refuse)


async def test_every_question_has_an_answer(client: tuple[str, httpx.AsyncClient]) -> None:
    """Never a 500, errors of one shape, finite numbers, answers that are not endless."""
    world, asked = client
    schema = (await asked.get("/openapi.json")).json()
    routes = {
        path: methods["get"].get("parameters", [])
        for path, methods in schema["paths"].items()
        if "get" in methods
    }
    assert len(routes) > 15
    definitions = schema["components"]["schemas"]
    random_ = random.Random(world)
    answered = set()
    for path, parameters in list(routes.items()) * ROUNDS:
        query: list[tuple[str, str]] = []
        address = path
        for parameter in parameters:
            legal = choices(parameter, definitions)
            name = parameter["name"]
            if parameter["in"] == "path":
                likely, seldom = PATHS.get(name, (["nichts"], ILLEGAL[7:13]))
                value = random_.choice(seldom if random_.random() < 0.3 else likely)
                address = address.replace(f"{{{name}}}", value)
            elif parameter["in"] == "query" and random_.random() < 0.35 + parameter["required"]:
                wrong = random_.random() < 0.08
                query.append((name, random_.choice(ILLEGAL if wrong else legal)))
        begun = time.monotonic()
        found = await asked.get(address, params=query)
        where = f"{world}: {address} {query} → {found.status_code} {found.text[:300]}"
        assert found.status_code < 500, where
        assert time.monotonic() - begun < MOST_S, where
        assert len(found.content) < MOST_BYTES, where
        if found.status_code == 200:
            answered.add(path)
        if found.status_code >= 400:
            assert set(found.json()) == {"error"}, where
            assert set(found.json()["error"]) == {"code", "message", "place"}, where
            assert len(found.content) < 8_000, where
        elif "json" in found.headers.get("content-type", ""):
            finite(found.text)
    unanswered = {path for path in routes if path.endswith(("{campaign_id}", "{subscription_id}"))}
    assert answered == routes.keys() - unanswered
