"""Accounts: what is asked of Elasticsearch. The test server keeps no users of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from indexers.accounts import put_accounts
from indexers.client import connect
from minyi.errors import SettingError
from minyi.setting_groups import AccountSettings, ElasticSettings


class Requests(list[tuple[str, str, Any]]):
    """Method, path and body of every request."""

    url = ""


@pytest.fixture
def asked() -> Iterator[Requests]:
    seen = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_PUT()

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.command, self.path, json.loads(body)))
            self.send_response(200)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield seen
        server.shutdown()
        thread.join()


def passwords(**given: str) -> AccountSettings:
    return AccountSettings.model_validate(given)


def test_each_account_gets_its_password_and_the_role_of_its_name(asked: Requests) -> None:
    client = connect(asked.url, ElasticSettings())
    made = put_accounts(client, passwords(worker="horse-battery", kibana="staple-correct"))
    client.close()
    assert made == ["minyi_worker", "kibana_system"]
    assert [(path, body.get("roles")) for _, path, body in asked] == [
        ("/_security/user/minyi_worker", ["minyi_worker"]),
        ("/_security/user/kibana_system/_password", None),
    ]
    assert [body["password"] for _, _, body in asked] == ["horse-battery", "staple-correct"]


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "MINYI_ACCOUNTS__WORKER"), ({"api": "horse-battery", "analyst": "short"}, "analyst")],
)
def test_what_is_lacking_is_said_before_anything_is_changed(
    asked: Requests, given: dict[str, str], said: str
) -> None:
    client = connect(asked.url, ElasticSettings())
    with pytest.raises(SettingError, match=said) as told:
        put_accounts(client, passwords(**given))
    client.close()
    assert asked == []
    assert "horse-battery" not in str(told.value)
    assert "short" not in str(told.value).replace("too short", "")
