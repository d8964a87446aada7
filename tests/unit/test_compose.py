"""The compose file: what can be said of it without docker."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from typer.main import get_command

from minyi.cli import app
from minyi.settings import ROOT, known_variables

TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


def variables() -> list[tuple[str, str]]:
    """The variables that the file takes from ``.env``, each with what stands behind its name."""
    return re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT)


def test_every_variable_stands_in_the_example() -> None:
    named = set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))
    assert {name for name, _ in variables()} == named


def test_secrets_have_no_default_and_are_asked_for() -> None:
    for name, rest in variables():
        if re.search("PASSWORD|KEY", name):
            assert rest.startswith(":?"), name
            assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE), name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_memory_limit_a_restart_policy_and_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert {"mem_limit", "restart", "healthcheck"} <= set(service)
    assert service["healthcheck"].get("test") or service["healthcheck"] == {"disable": True}


def test_only_loopback_is_published() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_have_exact_versions_and_volumes_are_declared() -> None:
    declared = set(yaml.safe_load(TEXT)["volumes"])
    for service in SERVICES.values():
        assert "build" in service or re.search(r":\d+\.\d+\.\d+$", service["image"])
        assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= declared


@pytest.mark.parametrize("name", OURS)
def test_our_commands_and_settings_are_known(name: str) -> None:
    words = OURS[name]["command"].split()
    command: Any = get_command(app)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    named = {key for key in OURS[name]["environment"] if key.startswith("MINYI_")}
    assert named <= known_variables()


def test_the_api_answers_by_its_name_in_the_network_and_by_those_of_a_proxy() -> None:
    """What scrapes it from inside asks ``api``; a proxy's name must not need an edited file."""
    assert OURS["api"]["environment"]["MINYI_API__ALLOWED_HOSTS"] == (
        "${MINYI_API__ALLOWED_HOSTS:-api}"
    )
    assert re.search(r"^MINYI_API__ALLOWED_HOSTS=api$", EXAMPLE, re.MULTILINE)


def test_no_command_waits_for_what_ends() -> None:
    """``up --wait`` fails when a service ends, in order or not, that no other waits for."""
    ends = {name for name, service in SERVICES.items() if service["healthcheck"].get("disable")}
    awaited = {
        name
        for service in SERVICES.values()
        for name, on in service.get("depends_on", {}).items()
        if on["condition"] == "service_completed_successfully"
    }
    assert awaited <= ends
    told = [*ROOT.glob("README*.md"), ROOT / "docs" / "operations.md", ROOT / "docker-compose.yml"]
    waits = [path.name for path in told if re.search(r"up .*--wait", path.read_text("utf-8"))]
    assert ends <= awaited or not waits


def test_a_file_is_mounted_under_its_own_name() -> None:
    """Rows that name no source get the file's name, and with it their ids."""
    mounted = re.findall(r'-v "([^":]+):([^":]+):ro" api ingest (\S+)', OPERATIONS)
    assert mounted
    for outside, inside, read in mounted:
        assert inside == read
        assert PurePosixPath(outside).name == PurePosixPath(inside).name
