"""How Elasticsearch is spoken to, on a small server of our own that answers what a test says."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from indexers import lifecycle
from indexers.bulk import LONGEST_PAUSE_S, PATIENCE_S, Action, Bulk
from indexers.client import connect, reason
from indexers.elastic import ElasticIndex
from indexers.lifecycle import Names, months_before, put_templates
from indexers.roles import apply, roles
from minyi.errors import IndexUnavailable, SettingError
from minyi.query import Filters
from minyi.setting_groups import ElasticSettings
from tests.elastic import NOW

Answer = tuple[int, Any]
BUSY = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
BLOCK = {"type": "cluster_block_exception", "reason": "index [x] blocked by: [FORBIDDEN/8/...]"}
SHARDS = {"type": "validation_exception", "reason": "maximum normal shards open"}
FULL = {"type": "cluster_block_exception", "reason": "[TOO_MANY_REQUESTS/12/disk usage exceeded"}


class Fake:
    """Keeps what it was asked; ``answer`` is called with method, path and body."""

    def __init__(self, answer: Callable[[str, str, bytes], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []


@contextmanager
def serving(fake: Fake, **login: Any) -> Iterator[Elasticsearch]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.asked.append((self.command, self.path, body))
            fake.headers.append(dict(self.headers))
            status, answer = fake.answer(self.command, self.path, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = connect(f"http://127.0.0.1:{server.server_port}", ElasticSettings(**login))
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def written(body: bytes) -> list[str]:
    """Return the ids of a bulk request."""
    heads = [json.loads(line) for line in body.splitlines()]
    return [head["index"]["_id"] for head in heads if "index" in head]


ACTIONS = [Action("opinions-v1-2024.05", id_, b"{}") for id_ in ("a", "b", "c")]


def test_only_what_was_turned_away_is_tried_again_with_growing_pauses() -> None:
    busy = {"b": 3, "c": 1}

    def answer(_: str, __: str, body: bytes) -> Answer:
        items = []
        for id_ in written(body):
            left = busy.get(id_, 0)
            busy[id_] = left - 1
            status = 429 if id_ == "b" else 503
            done = {"status": 201, "result": "created"}
            items.append({"index": {"status": status, "error": BUSY} if left > 0 else done})
        return 200, {"items": items}

    fake, pauses = Fake(answer), []
    with serving(fake) as client:
        outcomes = Bulk(client, pause=pauses.append).send(ACTIONS)
    assert [outcome.result for outcome in outcomes] == ["created"] * 3
    assert [written(body) for _, _, body in fake.asked] == [
        ["a", "b", "c"],
        ["b", "c"],
        ["b"],
        ["b"],
    ]
    assert len(pauses) == 3
    assert all(0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(pauses))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_busy_is_unavailable(status: int) -> None:
    fake, pauses = Fake(lambda *_: (status, {"error": BUSY})), []
    with serving(fake) as client, pytest.raises(IndexUnavailable, match="queue is full"):
        Bulk(client, pause=pauses.append).send(ACTIONS)
    assert PATIENCE_S <= sum(pauses) <= PATIENCE_S + LONGEST_PAUSE_S


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"items": [{"index": {"status": 403, "error": BLOCK}}] * 3}),
        (403, {"error": BLOCK}),
        (507, {"error": {"type": "x", "reason": "Insufficient Storage"}}),
        (500, {"error": "no JSON object"}),
        (200, {"items": [{"index": {"status": 404, "error": {"type": "index_not_found"}}}] * 3}),
        (200, {"items": [{"index": {"status": 400, "error": SHARDS}}] * 3}),
    ],
)
def test_a_server_that_refuses_writes_is_unavailable_at_once(answer: Answer) -> None:
    fake, pauses = Fake(lambda *_: answer), []
    with serving(fake) as client, pytest.raises(IndexUnavailable):
        Bulk(client, pause=pauses.append).send(ACTIONS)
    assert len(fake.asked) == 1


def test_a_full_disk_is_waited_for_and_then_told() -> None:
    fake = Fake(lambda *_: (200, {"items": [{"index": {"status": 429, "error": FULL}}] * 3}))
    with serving(fake) as client, pytest.raises(IndexUnavailable, match="disk usage"):
        Bulk(client, pause=lambda _: None).send(ACTIONS)


def test_a_proxy_that_takes_less_gets_less() -> None:
    def answer(_: str, __: str, body: bytes) -> Answer:
        ids = written(body)
        if len(ids) > 1 or ids == ["b"]:
            return 413, {"error": "too large"}
        return 200, {"items": [{"index": {"status": 201, "result": "created"}}]}

    with serving(Fake(answer)) as client:
        outcomes = Bulk(client).send(ACTIONS)
    assert [outcome.result for outcome in outcomes] == ["created", "refused", "created"]
    assert outcomes[1].reason == "too large"


def test_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: str, __: str, body: bytes) -> Answer:
        done = {"index": {"status": 200, "result": "updated"}}
        return 200, {"items": [done] * len(written(body))}

    monkeypatch.setattr("indexers.bulk.MAX_BYTES", 25)
    fake = Fake(answer)
    actions = [Action("i", str(n), b'{"x": 1234}') for n in range(5)]
    with serving(fake) as client:
        assert len(Bulk(client).send(actions)) == 5
    assert [len(written(body)) for _, _, body in fake.asked] == [2, 2, 1]


def test_a_reason_quotes_no_document() -> None:
    error = {
        "type": "document_parsing_exception",
        "reason": "[1:9] failed to parse field [likes]. Preview of field's value: '秘密'",
        "caused_by": {"type": "x", "reason": "For input. The prefix of the first immense term is"},
    }
    assert reason(error) == (
        "document_parsing_exception: [1:9] failed to parse field [likes].; For input."
    )
    assert len(reason({"type": "x", "reason": "y" * 9999})) == 300


def test_a_server_that_hangs_is_noticed() -> None:
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen()
        url = f"http://127.0.0.1:{hung.getsockname()[1]}"
        index = ElasticIndex(connect(url, ElasticSettings(), timeout_s=0.2))
        with pytest.raises(IndexUnavailable, match="did not answer in time"):
            index.count()
        with pytest.raises(IndexUnavailable, match="did not answer in time"):
            index.totals(Filters())
        index.close()


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    index = ElasticIndex(connect(f"http://127.0.0.1:{port}", ElasticSettings()))
    with pytest.raises(IndexUnavailable, match=f":{port} cannot be reached.*MINYI_INDEX"):
        index.check()
    index.close()


def test_an_api_key_goes_before_a_password() -> None:
    fake = Fake(lambda *_: (200, {"count": 3}))
    with serving(fake, username="u", password="p", api_key="aWQ6a2V5") as client:
        assert ElasticIndex(client).count() == 3
    with serving(fake, username="u", password="p") as client:
        assert ElasticIndex(client).count() == 3
    assert [headers["authorization"] for headers in fake.headers] == [
        "ApiKey aWQ6a2V5",
        f"Basic {base64.b64encode(b'u:p').decode()}",
    ]


def test_a_month_that_cannot_be_made_is_waited_for() -> None:
    fake = Fake(lambda *_: (400, {"error": SHARDS}))
    with serving(fake) as client, pytest.raises(IndexUnavailable, match="shards"):
        lifecycle.create(client, "opinions-v1-2024.05")


def missing(type_: str, **more: Any) -> Answer:
    return 404, {"error": {"type": type_, "reason": "gone", **more}}


@pytest.mark.parametrize(
    "answer",
    [
        missing(
            "search_phase_execution_exception",
            root_cause=[{"type": "search_context_missing_exception"}],
        ),
        missing("index_not_found_exception", index="opinions-v1-2024.05"),
    ],
)
def test_what_goes_during_a_search_is_looked_for_anew(answer: Answer) -> None:
    with serving(Fake(lambda *_: answer)) as client, pytest.raises(IndexUnavailable, match="gone"):
        ElasticIndex(client).totals(Filters())


def test_an_alias_that_is_not_there_is_no_passing_matter() -> None:
    answer = missing("index_not_found_exception", index="opinions")
    with serving(Fake(lambda *_: answer)) as client, pytest.raises(SettingError, match="setup"):
        ElasticIndex(client).totals(Filters())


def test_what_is_not_our_alias_is_left_alone() -> None:
    fake = Fake(lambda *_: (200, {"opinions": {"mappings": {}}}))
    with serving(fake) as client, pytest.raises(SettingError, match="not the alias"):
        lifecycle.held(client, Names())


def test_a_url_or_certificates_that_cannot_be_used_are_told() -> None:
    with pytest.raises(SettingError, match="MINYI_INDEX"):
        connect("http://127.0.0.1:70000", ElasticSettings())
    with pytest.raises(SettingError, match="MINYI_ELASTIC__CA_FILE"):
        connect("https://127.0.0.1:9200", ElasticSettings(ca_file="/nowhere.pem"))


@pytest.mark.parametrize("there", [True, False])
def test_the_servers_own_clean_up_is_used_where_it_has_one(there: bool) -> None:
    def answer(method: str, path: str, _: bytes) -> Answer:
        if path.startswith("/_ilm/status"):
            return (200, {"operation_mode": "RUNNING"}) if there else (405, {"error": "no"})
        return 200, {"acknowledged": True}

    fake = Fake(answer)
    with serving(fake) as client:
        put_templates(client, Names(), 1, retention_months=12)
    bodies = {path.split("?")[0]: json.loads(body) for m, path, body in fake.asked if m == "PUT"}
    settings = bodies["/_component_template/opinions-settings"]["template"]["settings"]["index"]
    assert settings["number_of_shards"] == 1
    assert ("lifecycle.name" in settings) == there
    if there:
        phases = bodies["/_ilm/policy/opinions-retention"]["policy"]["phases"]
        assert phases["delete"]["min_age"] == "403d"


def test_roles_are_put_as_they_are_shipped() -> None:
    fake = Fake(lambda *_: (200, {"role": {"created": True}}))
    with serving(fake) as client:
        assert apply(client) == ["minyi_analyst", "minyi_api", "minyi_operator", "minyi_worker"]
    put = {path.rsplit("/", 1)[1]: json.loads(body) for _, path, body in fake.asked}
    assert put == roles()


def test_months_are_counted_in_shanghai() -> None:
    assert months_before(NOW, 0) == "2024.05"
    assert months_before(NOW, 5) == "2023.12"
    names = Names()
    there = lifecycle.Held(3, ("opinions-v3-2023.11", "opinions-v3-2023.12"), 1)
    assert lifecycle.expired(there, names, NOW, 5) == ["opinions-v3-2023.11"]
    assert names.parse("opinions-v3-2023.12") == (3, "2023.12")
    for other in ("opinions-v3-2023.12-x", "other-v3-2023.12", "opinions-vx-2023.12", "opinions"):
        assert names.parse(other) is None
