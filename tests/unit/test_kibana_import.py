"""``minyi kibana export`` and ``import``, the second against a server that answers like Kibana."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from indexers.kibana.objects import COMMITTED
from tests.unit.cli_runner import Cli


@dataclass
class Kibana:
    """What the import API documents: multipart, ``kbn-xsrf``, one answer for all objects."""

    url: str = ""
    answer: tuple[int, Any] | None = None
    """Status and body to give instead of success."""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    objects: list[dict[str, Any]] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        self.path, self.headers = path, headers
        if "kbn-xsrf" not in headers:
            return 400, {"message": "Request must contain a kbn-xsrf header."}
        head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
        (part,) = BytesParser().parsebytes(head + body).get_payload()
        if not part.get_filename("").endswith(".ndjson"):
            return 400, {"message": "Invalid file extension"}
        content = part.get_payload(decode=True)
        self.objects = [json.loads(line) for line in content.decode().splitlines()]
        if self.answer:
            return self.answer
        results = [{"type": o["type"], "id": o["id"], "overwrite": True} for o in self.objects]
        return 200, {
            "success": True,
            "successCount": len(results),
            "successResults": results,
            "warnings": [],
        }


@pytest.fixture
def kibana() -> Iterator[Kibana]:
    held = Kibana()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = held.take(self.path, headers, body)
            raw = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, monkeypatch)


def test_export_writes_the_kit(cli: Cli, tmp_path: Path) -> None:
    assert cli("kibana", "export") == COMMITTED.read_text()
    assert "saved objects in" in cli("kibana", "export", tmp_path / "kit.ndjson")
    assert (tmp_path / "kit.ndjson").read_text() == COMMITTED.read_text()


def test_a_file_that_cannot_be_written_is_named(cli: Cli, tmp_path: Path) -> None:
    told = cli.told("kibana", "export", tmp_path / "none" / "kit.ndjson")
    assert "kit.ndjson cannot be written: No such file" in told


def test_export_takes_the_titles_of_the_current_registry(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.yaml").write_text(
        "policies: [{id: lifts, title: 加装电梯, domain: housing, department: 住建局,"
        " description: 给老旧小区的楼房加装电梯。}]"
    )
    monkeypatch.setenv("MINYI_REGISTRY", str(tmp_path / "own"))
    written = cli("kibana", "export")
    assert "加装电梯" in written
    assert "生活垃圾分类" not in written


def test_import_sends_every_object_and_overwrites(cli: Cli, kibana: Kibana) -> None:
    printed = cli("kibana", "import", "--url", kibana.url)
    assert kibana.path == "/api/saved_objects/_import?overwrite=true"
    assert "authorization" not in kibana.headers
    sent = COMMITTED.read_text().splitlines()
    assert [json.dumps(o) for o in kibana.objects] == [json.dumps(json.loads(o)) for o in sent]
    assert f"{len(sent)} saved objects in Kibana" in printed


def test_import_into_a_space_behind_a_path(cli: Cli, kibana: Kibana) -> None:
    cli("kibana", "import", "--url", f"{kibana.url}/kibana/", "--space", "policy-office")
    assert urlsplit(kibana.path).path == "/kibana/s/policy-office/api/saved_objects/_import"


def test_import_says_who_asks(cli: Cli, kibana: Kibana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_KIBANA__URL", kibana.url)
    monkeypatch.setenv("MINYI_KIBANA__USERNAME", "分析员")
    monkeypatch.setenv("MINYI_KIBANA__PASSWORD", "secret:1")
    cli("kibana", "import")
    kind, _, value = kibana.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(value).decode()) == ("Basic", "分析员:secret:1")
    monkeypatch.setenv("MINYI_KIBANA__API_KEY", "a2V5")
    cli("kibana", "import")
    assert kibana.headers["authorization"] == "ApiKey a2V5"


def test_a_dry_run_sends_nothing(cli: Cli, kibana: Kibana) -> None:
    printed = cli("kibana", "import", "--url", kibana.url, "--dry-run")
    assert "nothing was sent" in printed
    assert kibana.path == ""


def test_warnings_are_passed_on(cli: Cli, kibana: Kibana) -> None:
    warnings = [{"type": "simple", "message": "an action is required"}]
    kibana.answer = 200, {"success": True, "successCount": 1, "warnings": warnings}
    assert "an action is required" in cli("kibana", "import", "--url", kibana.url)


def test_each_refused_object_is_named_with_the_reason(cli: Cli, kibana: Kibana) -> None:
    missing = {"type": "index-pattern", "id": "minyi-opinions"}
    kibana.answer = (
        200,
        {
            "success": False,
            "successCount": 8,
            "errors": [
                {
                    "id": "minyi-overview",
                    "type": "dashboard",
                    "error": {"type": "missing_references", "references": [missing]},
                },
                {
                    "id": "minyi-hours",
                    "type": "lens",
                    "error": {"type": "unknown", "message": "[state]:\nwrong", "statusCode": 400},
                },
            ],
        },
    )
    said = cli.told("kibana", "import", "--url", kibana.url)
    assert "took 8 objects and refused 2" in said
    assert "dashboard minyi-overview: refers to what Kibana does not have" in said
    assert "(index-pattern minyi-opinions)" in said
    assert "lens minyi-hours: [state]: wrong" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"message": "no"}), "MINYI_KIBANA__API_KEY"),
        ((403, {"message": "no"}), "right to manage saved objects"),
        ((503, "Kibana server is not ready yet"), "not ready; try again"),
        ((400, {"message": "Request must contain a kbn-xsrf header."}), "answered 400: Request"),
        ((404, {"message": "Not Found"}), "answered 404: Not Found"),
        ((200, "<html>a proxy</html>"), "answered 200: no import answer"),
    ],
)
def test_other_answers_are_one_line(
    cli: Cli, kibana: Kibana, monkeypatch: pytest.MonkeyPatch, answer: Any, said: str
) -> None:
    monkeypatch.setenv("MINYI_KIBANA__USERNAME", "analyst")
    monkeypatch.setenv("MINYI_KIBANA__PASSWORD", "hunter2")
    kibana.answer = answer
    told = cli.told("kibana", "import", "--url", kibana.url)
    assert said in told
    assert "hunter2" not in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "http://127.0.0.1:9"), "cannot be reached"),
        (("--url", "127.0.0.1:5601"), "write http(s)://host:5601"),
        (("--url", "http://me:secret@127.0.0.1:5601"), "not into the URL"),
        (("--space", "a/../b"), "no id of a space"),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    told = cli.told("kibana", "import", *arguments)
    assert said in told
    assert "secret" not in told


def test_certificates_that_are_none_are_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINYI_KIBANA__CA_FILE", str(tmp_path / "none.pem"))
    assert "MINYI_KIBANA__CA_FILE" in cli.told("kibana", "import")
    (tmp_path / "none.pem").write_text("no certificate")
    assert "MINYI_KIBANA__CA_FILE" in cli.told("kibana", "import")
