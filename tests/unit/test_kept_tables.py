"""What an upgrade of the tagger leaves of the shares of its predecessor's opinions."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from minyi.cli.kept_tables import keep, kept
from minyi.cli.wiring import adjuster, keep_table
from minyi.settings import Settings
from minyi.shares.summing import total
from models.artifact import SHIPPED, load_manifest, model_id
from tests.unit.cli_runner import Cli
from tests.unit.held_out_rows import counts, held_out


def successor(folder: Path) -> Path:
    """Return an artifact that decides a little differently than the shipped one."""
    folder.mkdir()
    manifest = load_manifest(SHIPPED)
    for name in manifest.files:
        (folder / name).symlink_to(SHIPPED / name)
    decision = manifest.decision.model_copy(update={"sure_from": 0.123})
    name = model_id(manifest.files, decision)
    assert manifest.held_out is not None
    table = manifest.held_out.model_copy(update={"model_id": name})
    update = {"decision": decision, "model_id": name, "held_out": table}
    manifest.model_copy(update=update).save(folder)
    return folder


def test_after_an_upgrade_opinions_of_both_taggers_are_adjusted(tmp_path: Path) -> None:
    before = Settings(data=tmp_path)
    keep_table(before)
    after = Settings(data=tmp_path, model=successor(tmp_path / "next"))
    keep_table(after)
    old, new = (load_manifest(config.model).model_id for config in (before, after))
    assert old != new
    mixed = total([counts(200, 80, 40, model=old), counts(300, 60, 40, model=new)])
    for config in (before, after):  # and so they are when the old one is put back
        assert set(adjuster(config).models) == {old, new}
        (found,) = adjuster(config).adjust("waste", [mixed])
        assert found is not None


def test_a_command_keeps_nothing_and_a_lost_artifact_leaves_what_was_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = Settings(data=tmp_path)
    assert len(adjuster(config).models) == 1
    assert list(tmp_path.iterdir()) == []
    keep_table(config)
    gone = Settings(data=tmp_path, model=tmp_path / "none")
    keep_table(gone)
    assert adjuster(gone).models == adjuster(config).models
    assert "no tagger in" in caplog.text


def test_newer_rows_of_the_same_model_replace_the_older(tmp_path: Path) -> None:
    first, second = held_out(0.7), held_out(0.9)
    for table in (first, second):
        keep(table, tmp_path)
    assert kept(tmp_path) == {second.model_id: second}
    (file,) = (tmp_path / "held-out").iterdir()
    written = file.stat().st_mtime_ns
    keep(second, tmp_path)
    assert file.stat().st_mtime_ns == written


def test_a_broken_table_is_told_and_the_others_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(held_out(0.7), tmp_path)
    (tmp_path / "held-out" / "broken.json").write_text('{"model_id": "x", "policies"', "utf-8")
    assert set(kept(tmp_path)) == {"m1"}
    assert "broken.json" in caplog.text


def test_where_nothing_can_be_written_the_service_goes_on_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "held-out").write_text("no folder", "utf-8")
    with caplog.at_level(logging.WARNING):
        keep(held_out(0.7), tmp_path)
    assert "model m1 could not be kept" in caplog.text
    assert kept(tmp_path) == {}


def test_whoever_tags_into_an_index_of_its_own_keeps_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path / "data", monkeypatch)
    file = tmp_path / "one.jsonl"
    file.write_text(
        json.dumps({"id": "1", "text": "支持尾号限行", "created_at": "2026-03-02T09:00:00+08:00"})
        + "\n",
        "utf-8",
    )
    assert "1 opinions indexed" in cli("ingest", file)
    assert set(kept(tmp_path / "data")) == {load_manifest(SHIPPED).model_id}
