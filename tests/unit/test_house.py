"""The house stands as it was drawn: imports point one way, and nothing collides."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = {"minyi", "streams", "models", "indexers", "api"}
WIRING = ("streams/app.py", "api/app.py", "minyi/cli/", "minyi/pytest_plugin.py")
"""Where the parts are wired together."""


def modules() -> list[Path]:
    return sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def imported_roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_to_the_core_and_never_sideways(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    if place.startswith(WIRING) or place == "minyi/__main__.py":
        return
    own = place.split("/")[0]
    assert imported_roots(path) & ROOTS <= {own, "minyi"}


WORKSHOP = ["rows", "training", "scoring", "exporting"]
"""The packages of ``models``, each of which reads only those before it."""


@pytest.mark.parametrize("path", sorted((ROOT / "models").rglob("*.py")), ids=lambda p: p.name)
def test_what_serves_reads_nothing_of_the_workshop_and_its_packages_stand_in_line(
    path: Path,
) -> None:
    place = path.relative_to(ROOT / "models").parts
    allowed = WORKSHOP[: WORKSHOP.index(place[0]) + 1] if len(place) > 1 else []
    read = {name.split(".")[1] for name in imported(path) if name.startswith("models.")}
    assert read & set(WORKSHOP) <= set(allowed)


CORE_IS_PURE = {
    "aiokafka",
    "elasticsearch",
    "fastapi",
    "faust",
    "httpx",
    "onnxruntime",
    "prometheus_client",
    "rich",
    "scipy",
    "socket",
    "sqlite3",
    "starlette",
    "subprocess",
    "torch",
    "typer",
    "uvicorn",
}


def core() -> list[Path]:
    return [p for p in modules() if p.is_relative_to(ROOT / "minyi") and "cli" not in p.parts]


@pytest.mark.parametrize("path", core(), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_no_framework_and_no_store(path: Path) -> None:
    assert not imported_roots(path) & CORE_IS_PURE


def test_settings_are_built_in_entry_points_only() -> None:
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        if (
            place not in ("minyi/settings.py", "minyi/pytest_plugin.py")
            and "minyi/cli/" not in place
        ):
            assert "load_settings(" not in path.read_text(), place


def test_a_wheel_carries_no_top_level_folders(tmp_path: Path) -> None:
    """``models`` and ``api`` are too common as names to be put into somebody's environment."""
    code = f"import hatchling.build as b; b.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert all(name.endswith(".dist-info") for name in top)


def test_no_installed_package_hides_a_folder_of_the_house() -> None:
    code = (
        "import api, indexers, minyi, models, streams;"
        "print([m.__file__ for m in (api, indexers, minyi, models, streams)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    files = ast.literal_eval(done.stdout)
    assert all(Path(file).is_relative_to(ROOT) for file in files)
