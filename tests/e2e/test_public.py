"""``minyi api --public`` as a process of its own, beside the one that writes the index."""

from __future__ import annotations

from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.vocabulary import Stance
from tests.e2e.conftest import command, free_port
from tests.e2e.service import started
from tests.opinions import ELEVATOR, opinion

SET = {
    "MINYI_OPEN__LICENCE": "CC BY 4.0",
    "MINYI_API__HOST": "0.0.0.0",
    "MINYI_API__ALLOWED_HOSTS": '["open.example"]',
}
"""As in a container behind a proxy; its probe asks 127.0.0.1."""


def test_the_public_reads_the_tables_and_nothing_else(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "index")
    index.upsert(
        [opinion(f"c{n}", f"电梯{n}", stance=Stance.AGAINST, author=f"a{n}") for n in range(30)]
    )
    port = free_port()
    arguments = [*command("api", "--public", "--port", str(port), "--data", tmp_path)]
    with started(arguments, port, **SET) as service:
        service.until(lambda asked: asked.get("/health").status_code == 200)
        assert f"page http://127.0.0.1:{port}/open" in service.said()
        rows = service.client.get("/v1/export/policies.json").json()["rows"]
        assert {row["policy_id"] for row in rows} == {ELEVATOR}
        assert {row["n"] for row in rows} == {30}
        package = service.client.get("/v1/export").json()
        assert package["licenses"] == [{"title": "CC BY 4.0"}]
        assert "自愿发言的人" in service.client.get("/open").text
        for path in ("/", "/v1/search", "/v1/policies", "/metrics", "/docs", "/page/main.js"):
            assert service.client.get(path).status_code == 404
        index.upsert([opinion("more", "电梯")])  # the other process writes on
        service.stop()
    index.close()


def test_where_nothing_is_kept_nothing_is_made(tmp_path: Path) -> None:
    port = free_port()
    data = tmp_path / "typo"
    with started(
        [*command("api", "--public", "--port", str(port), "--data", data)], port
    ) as service:
        assert service.process.wait(60) == 1
        assert "holds no opinions" in service.said()
    assert not data.exists()
