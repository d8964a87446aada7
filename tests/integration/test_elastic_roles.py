"""The shipped roles give each part what it needs and no more, on a server with security on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from elasticsearch import AuthorizationException, Elasticsearch
from world import opinion

from indexers.client import connect
from indexers.elastic import ElasticIndex
from indexers.elastic_letters import ElasticLetters
from indexers.lifecycle import Names, drop, set_up
from indexers.migrate import Migration, drop_older, plan
from indexers.roles import roles
from minyi.dead_letter import DeadLetter
from minyi.errors import SettingError
from minyi.query import Facet, Filters, Interval
from minyi.setting_groups import ElasticSettings
from minyi.vocabulary import Stance
from tests.conftest import missing
from tests.elastic import NOW
from tests.unit.cli_runner import Cli

pytestmark = pytest.mark.timeout(900)  # a server of its own has to start
ADMIN, PASSWORD = "elastic_admin", "correct-horse-battery"
HASH = "$2a$10$abcdefghijklmnopqrstuuVXnBLFLU5JfGWbrHXddZ/3PyNLGYeqO"
"""The password as the server's own file of users keeps it."""
OLD = "opinions-v1-2024.05"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an Elasticsearch of our own with security on."""
    shared = os.environ.get("MINYI_SHARED")
    folder = Path(shared or "nowhere") / "engines"
    if not (folder / "engines.py").is_file() or shutil.which("java") is None:
        missing("needs engines.py under MINYI_SHARED, and Java, to start a server with security")
    # a copy that can be written to: the server must write beside its settings
    copy = tmp_path_factory.mktemp("engines")
    for part in ("engines.py", "elasticsearch"):
        subprocess.run(["cp", "-r", folder / part, copy], check=True)
    subprocess.run(["chmod", "-R", "u+w", copy], check=True)
    # this server keeps no roles of the API, so the shipped ones go into its files: JSON is YAML
    config = copy / "elasticsearch" / "config"
    lines = [f"{name}: {json.dumps(role)}\n" for name, role in roles().items()]
    (config / "roles.yml").write_text("".join(lines))
    (config / "users").write_text("".join(f"{name}:{HASH}\n" for name in roles()))
    (config / "users_roles").write_text("".join(f"{name}:{name}\n" for name in roles()))
    program = [copy / "engines.py"]
    login = f"{ADMIN}:{PASSWORD}"
    up = [*program, "up", "--only", "elasticsearch", "--security", login]
    told = subprocess.run(up, check=True, capture_output=True, text=True).stdout
    seen = dict(line.removeprefix("export ").split("=", 1) for line in told.splitlines())
    try:
        parts = urlsplit(seen["MINYI_TEST_ELASTICSEARCH"])
        yield f"http://{parts.hostname}:{parts.port}"
    finally:
        subprocess.run([*program, "down", seen["MINYI_TEST_ENGINES"]], check=True)
        shutil.rmtree(copy)


Login = Callable[[str], Elasticsearch]


@pytest.fixture(scope="module")
def login(server: str) -> Iterator[Login]:
    """A connection as a user with one role, named like it; the server is set up."""
    opened: list[Elasticsearch] = []

    def as_user(name: str) -> Elasticsearch:
        settings = ElasticSettings(username=name, password=PASSWORD)
        opened.append(connect(server, settings, timeout_s=60))
        return opened[-1]

    set_up(as_user("minyi_operator"), Names(), NOW)
    ElasticLetters(as_user("minyi_operator")).set_up()
    worker = ElasticIndex(as_user("minyi_worker"), read_own_writes=True)
    worker.upsert([opinion(1, Stance.FAVOR, created_at="2024-05-02")])
    yield as_user
    for client in opened:
        client.close()


def test_the_worker_writes_and_makes_months_but_drops_no_index(login: Login) -> None:
    client = login("minyi_worker")
    index = ElasticIndex(client, read_own_writes=True)
    some = opinion(2, Stance.FAVOR, created_at="2020-02-02")  # a month of its own
    assert index.upsert([some]) == []
    assert index.delete([some.id]) == 1
    assert index.digest()[0] == 1
    index.refresh()
    letter = DeadLetter(
        origin="comments/0/1", stage="link", reason="bad", at=NOW, original="eA==", size=1
    )
    index.mirror([letter], ["gone"])
    with pytest.raises(AuthorizationException):
        client.indices.delete(index=OLD)
    with pytest.raises(SettingError, match="does not allow"):
        drop(client, [OLD])
    with pytest.raises(AuthorizationException):
        client.indices.create(index="something-else")
    with pytest.raises(AuthorizationException):
        client.search(index=".security")


@pytest.mark.parametrize("name", ["minyi_api", "minyi_analyst"])
def test_readers_read_and_write_nothing(login: Login, name: str) -> None:
    client = login(name)
    index = ElasticIndex(client)
    assert index.check().generation == 1
    assert index.count() == 1
    assert index.search("电梯", Filters()).total == 1
    assert len(index.trend(Filters(), Interval.WEEK)) == 1
    for _ in range(2):  # counted, then remembered
        assert index.totals(Filters())["elevator-retrofit"].favor == 1
        assert [cell.authors for cell in index.cells(Filters(), [Facet.REGION])] == [1]
        assert len(index.votes(Filters(), Interval.MONTH)) == 1
        assert len(index.answers(Filters(), [])) == 1
    assert index.digest()[0] == 1
    for write in (
        lambda: index.upsert([opinion(1, Stance.AGAINST, created_at="2024-05-02")]),
        lambda: index.upsert([opinion(3, Stance.FAVOR, created_at="2019-01-01")]),
        lambda: index.delete([opinion(1, Stance.FAVOR).id]),
        lambda: drop(client, [OLD]),
        lambda: set_up(client, Names(), NOW),
    ):
        with pytest.raises(SettingError, match="does not allow"):
            write()
    with pytest.raises(AuthorizationException):
        client.update(index=OLD, id=opinion(1, Stance.FAVOR).id, doc={"likes": 0})
    assert index.totals(Filters())["elevator-retrofit"].favor == 1


def test_the_operator_migrates_and_drops(login: Login) -> None:
    client = login("minyi_operator")
    Migration(client, Names(), plan(client, Names())).run()
    assert OLD in drop_older(client, Names())
    assert ElasticIndex(client).count() == 1
    again = ElasticIndex(login("minyi_worker"), read_own_writes=True)
    again.upsert([opinion(2, Stance.FAVOR, created_at="2020-02-02")])
    again.delete([opinion(2, Stance.FAVOR).id])
    Migration(client, Names(), plan(client, Names())).run()


@pytest.mark.parametrize(
    "settings",
    [
        ElasticSettings(),
        ElasticSettings(username=ADMIN, password="wrong-secret"),
        ElasticSettings(api_key="d3Jvbmc6d3Jvbmc="),
    ],
)
def test_a_refused_login_is_told_without_the_secret(server: str, settings: ElasticSettings) -> None:
    index = ElasticIndex(connect(server, settings, timeout_s=60))
    with pytest.raises(SettingError, match="MINYI_ELASTIC__PASSWORD") as told:
        index.check()
    assert "wrong-secret" not in str(told.value)
    index.close()


def test_the_commands_say_what_is_lacking(
    server: str, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minyi = Cli(tmp_path, monkeypatch)
    monkeypatch.setenv("MINYI_INDEX", server)
    assert "login" in minyi.told("digest")
    monkeypatch.setenv("MINYI_ELASTIC__USERNAME", "minyi_api")
    monkeypatch.setenv("MINYI_ELASTIC__PASSWORD", PASSWORD)
    assert "1 opinions" in minyi("digest")
    told = minyi.told("index", "roles", "--apply")
    assert "does not allow" in told
    assert PASSWORD not in told
    assert '"minyi_worker"' in minyi("index", "roles", "--show")
