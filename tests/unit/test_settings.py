from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from yarl import URL

from minyi.errors import SettingError
from minyi.setting_groups import ApiSettings
from minyi.settings import Settings, embedded_path, load_settings
from streams.embedded import Transport

GROUPS = [
    (
        f"MINYI_{group.upper()}",
        f"MINYI_{group}__{next(iter(type(field.default).model_fields))}".upper(),
    )
    for group, field in Settings.model_fields.items()
    if isinstance(field.default, BaseModel)
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting and no .env of the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith("MINYI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_everything_is_embedded_below_one_folder(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    assert settings.embedded_broker
    assert embedded_path(settings.broker_url) == tmp_path / "log"
    assert embedded_path(settings.index_url) == tmp_path / "index"
    assert settings.api.host == "127.0.0.1"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_BROKER", "kafka://k1:9092;kafka://k2:9092")
    monkeypatch.setenv("MINYI_TAGGER__BATCH", "7")
    monkeypatch.setenv("MINYI_API__PORT", "8700")
    settings = load_settings()
    assert not settings.embedded_broker
    assert settings.broker_url == "kafka://k1:9092;kafka://k2:9092"
    assert (settings.tagger.batch, settings.api.port) == (7, 8700)


def test_a_dot_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("MINYI_PARTITIONS=2\nMINYI_SEMANTIC=false\nOTHER=1\n")
    monkeypatch.setenv("MINYI_PARTITIONS", "3")
    settings = load_settings()
    assert (settings.partitions, settings.semantic) == (3, False)


EMPTY = [
    *("MINYI_DATA", "MINYI_MODEL", "MINYI_LABELS", "MINYI_REGISTRY", "MINYI_MARGINS"),
    *("MINYI_KAFKA__CA_FILE", "MINYI_KAFKA__CERT_FILE", "MINYI_KAFKA__KEY_FILE"),
    *("MINYI_ELASTIC__CA_FILE", "MINYI_ELASTIC__RETENTION_MONTHS", "MINYI_KIBANA__CA_FILE"),
    "MINYI_TAGGER__THREADS",
]


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_an_empty_path_or_number_is_as_one_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, place: str
) -> None:
    unset = load_settings()
    if place == "environment":
        monkeypatch.setenv(name, "")
    else:
        (tmp_path / ".env").write_text(f"{name}=\n")
    assert load_settings() == unset


def test_every_path_may_be_empty() -> None:
    groups = {"MINYI": Settings} | {
        f"MINYI_{group.upper()}_": type(field.default)
        for group, field in Settings.model_fields.items()
        if isinstance(field.default, BaseModel)
    }
    paths = {
        f"{prefix}_{name.upper()}"
        for prefix, group in groups.items()
        for name, field in group.model_fields.items()
        if "Path" in str(field.annotation)
    }
    assert paths
    assert paths <= set(EMPTY)


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_misspelt_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    if place == "environment":
        monkeypatch.setenv("MINYI_AUTOR_KEY", "abc")
    else:
        given = "MINYI_AUTHOR_KEY=a\nminyi_api__port=1\nMINYI_TEST_X=1\nexport MINYI_AUTOR_KEY=abc"
        (tmp_path / ".env").write_text(given)
    with pytest.raises(SettingError, match="unknown setting MINYI_AUTOR_KEY") as told:
        load_settings()
    assert ("in .env" in str(told.value)) == (place == "file")


def test_a_dot_env_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("MINYI_OPEN__PUBLISHER=市政府".encode("gbk"))
    with pytest.raises(SettingError, match=r"\.env cannot be read.*UTF-8"):
        load_settings()


def test_what_is_given_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MINYI_DATA", "/elsewhere")
    assert load_settings(data=tmp_path).data == tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MINYI_BROKER", "redis://localhost"),
        ("MINYI_BROKER", "localhost:9092"),
        ("MINYI_PARTITIONS", "0"),
        ("MINYI_PARTITIONS", "many"),
        ("MINYI_TAGGER__BATCH", "0"),
        ("MINYI_TAGGER__WAIT_S", "-1"),
        ("MINYI_API__PORT", "70000"),
        ("MINYI_SEMANTIC", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"^{name}: (?!Value error)"):
        load_settings()


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("minyi.example.org", ["minyi.example.org"]),
        ("*", ["*"]),
        ("localhost, [::1],,minyi.example.org ", ["localhost", "[::1]", "minyi.example.org"]),
        ("[::1],localhost", ["[::1]", "localhost"]),
        ('["minyi.example.org", "[::1]"]', ["minyi.example.org", "[::1]"]),
        (' ["*"]', ["*"]),
        ("[]", []),
        ("", []),
        (" , ", []),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_names_are_separated_by_commas_or_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str, hosts: list[str], place: str
) -> None:
    if place == "environment":
        monkeypatch.setenv("MINYI_API__ALLOWED_HOSTS", value)
    else:
        (tmp_path / ".env").write_text(f"MINYI_API__ALLOWED_HOSTS='{value}'\n")
    assert load_settings().api.allowed_hosts == hosts


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("10.1.2.3", ["minyi.example.org", "10.1.2.3"]),
        ("fd00::7", ["minyi.example.org", "fd00::7"]),
        ("0.0.0.0", ["minyi.example.org"]),  # asked, not bound
        ("::", ["minyi.example.org"]),
    ],
)
def test_what_listens_on_one_address_answers_to_it(host: str, names: list[str]) -> None:
    """Minyi's own commands ask by it, and no foreign page has an address for a name."""
    assert ApiSettings(allowed_hosts=["minyi.example.org"]).names(host) == names


@pytest.mark.parametrize("value", ['["a", b]', '"a"', '{"a": 1}'])
def test_what_holds_no_names_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MINYI_API__ALLOWED_HOSTS", value)
    with pytest.raises(SettingError, match=r"MINYI_API__ALLOWED_HOSTS: .*separated by commas"):
        load_settings()


@pytest.mark.parametrize("value", ["foo", "8600", "[]", "{"])
@pytest.mark.parametrize(("group", "field"), GROUPS)
def test_a_group_that_is_no_object_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, group: str, field: str, value: str
) -> None:
    monkeypatch.setenv(group, value)
    with pytest.raises(SettingError, match=rf"^{group}: .*{field}=") as told:
        load_settings()
    assert "pydantic" not in str(told.value)


def test_a_group_may_be_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_API", '{"port": 8700, "allowed_hosts": ["a"]}')
    monkeypatch.setenv("MINYI_API__HOST", "::")
    api = load_settings().api
    assert (api.host, api.port, api.allowed_hosts) == ("::", 8700, ["a"])


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_PARTITIONS", "0")
    monkeypatch.setenv("MINYI_API__PORT", "x")
    with pytest.raises(SettingError, match=r"MINYI_PARTITIONS.*MINYI_API__PORT"):
        load_settings()


def test_the_author_key_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_AUTHOR_KEY", "open-sesame")
    settings = load_settings()
    assert settings.author_key.get_secret_value() == "open-sesame"
    assert "open-sesame" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize("login", ["me@", "me:open-sesame@", ":open-sesame@"])
def test_a_login_in_the_url_of_an_index_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    monkeypatch.setenv("MINYI_INDEX", f"https://{login}elastic:9200")
    with pytest.raises(SettingError, match="MINYI_ELASTIC__USERNAME") as refused:
        load_settings()
    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["embedded://folder", "embedded:folder", "embedded://host/folder", "/folder", "http://x/y", ""],
)
def test_a_url_that_names_no_folder_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match="embedded:///absolute/path"):
        embedded_path(url)


@pytest.mark.parametrize("name", ["C# code", "100%", "why?", "政策 数据", "a;b", "x%20y", "[x]"])
def test_any_folder_name_is_found_again(tmp_path: Path, name: str) -> None:
    settings = load_settings(data=tmp_path / name)
    assert embedded_path(settings.broker_url) == tmp_path / name / "log"
    assert embedded_path(settings.index_url) == tmp_path / name / "index"
    # Faust hands the URL on in its own spelling
    transport = Transport([URL(settings.broker_url)], app=None)
    assert transport.folder == tmp_path / name / "log"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1))
def test_every_folder_name_is_found_again(name: str) -> None:
    folder = Path("/data") / name
    if folder.resolve() != folder:  # ``..``
        return
    assert embedded_path(load_settings(data=folder).index_url) == folder / "index"


def test_settings_are_read_again_as_they_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_PARTITIONS", "3")
    settings = load_settings()
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
