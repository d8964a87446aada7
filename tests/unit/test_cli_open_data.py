"""``minyi export`` and ``minyi representativeness`` as they are used in a terminal."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from minyi.open_data import formats
from minyi.vocabulary import Stance
from models.artifact import SHIPPED, load_manifest
from tests.opinions import ELEVATOR, WASTE, opinion
from tests.unit.cli_runner import Cli, over

COUNT = 40


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Forty opinions on lifts, of two regions and one without; three on waste."""
    opinions = [
        opinion(
            f"c{number}",
            f"电梯{number}",
            region=("北京市", "天津市", None, "北京市")[number % 4],
            stance=Stance.FAVOR if number % 4 == 1 else Stance.AGAINST,
            author=f"a{number % 30}",
        )
        for number in range(COUNT)
    ]
    opinions += [opinion(f"w{number}", "垃圾", WASTE) for number in range(3)]
    for name in ("LICENCE", "PUBLISHER"):
        monkeypatch.delenv(f"MINYI_OPEN__{name}", raising=False)
    monkeypatch.delenv("MINYI_MARGINS", raising=False)
    return over(tmp_path, monkeypatch, opinions)


def test_a_folder_of_open_data_is_written(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "a" / "open"
    printed = cli("export", "--output", out)
    assert "40 opinions" in printed
    assert "1 policies of fewer" in printed
    assert "MINYI_OPEN__LICENCE" in printed
    written = {path.name for path in out.iterdir()}
    assert written == {
        *(f"{t}.{e}" for t in ("policies", "months", "groups") for e in ("csv", "json", "parquet")),
        "datasheet.md", "methods.md", "datapackage.json", "catalog.jsonld",
    }  # fmt: skip
    assert all(name in printed for name in written)
    datasheet = (out / "datasheet.md").read_text("utf-8")
    assert load_manifest(SHIPPED).model_id not in datasheet  # another model tagged them
    with (out / "policies.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["policy_id"] for row in rows} == {ELEVATOR}
    assert {row["n"] for row in rows} == {str(COUNT)}
    assert pq.read_table(out / "groups.parquet").num_rows == len(
        json.loads((out / "groups.json").read_text("utf-8"))["rows"]
    )


def test_formats_licence_and_mark_can_be_chosen(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINYI_OPEN__LICENCE", "CC BY 4.0")
    monkeypatch.setenv("MINYI_OPEN__PUBLISHER", "市信访局")
    out = tmp_path / "open"
    printed = cli("export", "--format", "csv", "--no-bom", "--output", out, "--json")
    package = json.loads(printed)
    assert package["licenses"] == [{"title": "CC BY 4.0"}]
    assert [r["path"] for r in package["resources"]] == ["policies.csv", "months.csv", "groups.csv"]
    assert (out / "months.csv").read_bytes().startswith(b"policy_id")
    assert not list(out.glob("*.parquet"))
    assert "市信访局" in (out / "datasheet.md").read_text("utf-8")


def test_one_policy_can_be_exported_if_enough_speak_of_it(cli: Cli, tmp_path: Path) -> None:
    cli("export", "--policy", ELEVATOR, "--format", "json", "--output", tmp_path / "open")
    told = cli.told("export", "--policy", WASTE, "--output", tmp_path / "waste")
    assert "fewer than 10 people" in told
    assert not (tmp_path / "waste").exists()
    assert ELEVATOR in cli.told("export", "--policy", "elevator")


def test_what_stands_in_the_way_is_told(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in cli.told("export", "--output", tmp_path / "file")
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    told = cli.told("export", "--format", "parquet", "--output", tmp_path / "open")
    assert "scripts/setup parquet" in told
    monkeypatch.setenv("MINYI_OPEN__K", "5")
    assert "MINYI_OPEN__K" in cli.told("export", "--output", tmp_path / "open")


MARGINS = "facet,value,share\nregion,北京市,50\nregion,天津市,50\nregion,河北省,100\n"


def test_who_speaks_is_shown_beside_who_lives_there(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "margins.csv"
    file.write_text(MARGINS, "utf-8")
    printed = cli("representativeness", ELEVATOR, "--margins", file)
    for said in ("raked", "effective n", "自愿发言的人", "nobody from 河北省", "天津市", "50%"):
        assert said in printed
    found = json.loads(cli("representativeness", ELEVATOR, "--margins", file, "--json"))
    assert found["raw"]["favor"]["value"] == 0.25
    assert found["raked"]["favor"]["value"] == 0.375
    assert found["raked"]["facets"] == ["region"]
    voted = json.loads(
        cli("representativeness", ELEVATOR, "--margins", file, "--count", "authors", "--json")
    )
    assert voted["count"] == "authors"


def test_margins_come_from_the_setting_too(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--margins or MINYI_MARGINS" in cli("representativeness", ELEVATOR)
    file = tmp_path / "margins.csv"
    file.write_text(MARGINS, "utf-8")
    monkeypatch.setenv("MINYI_MARGINS", str(file))
    assert "effective n" in cli("representativeness", ELEVATOR)
    file.write_text("a,b\n")
    assert cli.told("representativeness", ELEVATOR).startswith("margins.csv:")
