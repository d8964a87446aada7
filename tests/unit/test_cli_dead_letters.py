"""``minyi dead-letters``: what a user sees of them, and that asking changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from minyi.cli import app
from minyi.dead_letter import DeadLetter, dead_letter
from streams.embedded import EmbeddedLog, NewRecord
from streams.topics import COMMENTS, DEAD_LETTERS, SPECS
from tests.stream import comments
from tests.unit.cli_runner import Cli

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
NASTY = '{"id": "\x1b[31m\u202e[bold]:+1:'.encode()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path / "data", monkeypatch)


@pytest.fixture
def letters(cli: Cli) -> list[DeadLetter]:
    """A good record, a nasty one, one that is no text and one that was cut."""
    originals = [comments(1)[0], NASTY, b"\xff\x00" * 1_000, "长".encode() * 40_000]
    made = [
        dead_letter(
            original,
            origin=f"a.csv:line {number}",
            stage="read" if number % 2 else "link",
            reason=f"\x1b[31m[doge] reason {number}",
            place="field x",
            at=AT + timedelta(days=number),
        )
        for number, original in enumerate(originals)
    ]
    with EmbeddedLog(cli.data / "log") as log:
        for spec in SPECS:
            log.create_topic(spec.name, spec.partitions or 4, compact=spec.compacted)
        log.append([NewRecord(DEAD_LETTERS, letter.key, letter.to_json()) for letter in made])
    return made


def key(letter: DeadLetter, digits: int = 8) -> str:
    return letter.key.decode()[:digits]


def records(cli: Cli, topic: str) -> list[bytes | None]:
    with EmbeddedLog(cli.data / "log") as log:
        return [
            r.value for n in range(4 if topic == COMMENTS else 1) for r in log.read(topic, n, 0)
        ]


def invoke(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["dead-letters", *arguments], input=answer)


def test_letters_are_listed_as_they_stand(cli: Cli, letters: list[DeadLetter]) -> None:
    printed = cli("dead-letters", "list")
    for text in (key(letters[1]), "2026-03-02 12:00:00", r"\x1b[31m[doge] reason 1", "4 of 4"):
        assert text in printed
    assert "\x1b[31m" not in printed
    assert "2 of 2" in cli("dead-letters", "list", "--stage", "read")
    assert "1 of 1" in cli("dead-letters", "list", "--reason", "REASON 3")
    assert "2 of 2" in cli("dead-letters", "list", "--since", "2026-03-03")
    assert "1 of 4" in cli("dead-letters", "list", "--limit", "1")
    heads = [json.loads(line) for line in cli("dead-letters", "list", "--json").splitlines()]
    assert [head["key"] for head in heads] == [a.key.decode() for a in reversed(letters)]
    assert all("original" not in head for head in heads)


def test_a_letter_is_shown_with_its_original_in_sight(cli: Cli, letters: list[DeadLetter]) -> None:
    printed = cli("dead-letters", "show", key(letters[1]))
    for text in ("a.csv:line 1", "may hold personal data", r'{"id": "\x1b[31m\u202e[bold]:+1:'):
        assert text in printed
    printed = cli("dead-letters", "show", key(letters[2]))
    assert "000010  ff 00 ff 00" in printed
    assert "976 more bytes" in printed
    printed = cli("dead-letters", "show", key(letters[3]))
    assert "长长长" in printed
    assert "only the first 65,536 of 120,000 bytes" in printed
    for letter in letters:
        raw = invoke("show", key(letter), "--raw")
        assert raw.stdout_bytes == letter.content


def test_a_key_must_be_known_and_unique(cli: Cli, letters: list[DeadLetter]) -> None:
    assert "no dead letter 'zz'" in cli.told("dead-letters", "show", "zz")
    many = [dead_letter(b"", origin=f"o{n}", stage="read", reason="r", at=AT) for n in range(40)]
    with EmbeddedLog(cli.data / "log") as log:
        log.append([NewRecord(DEAD_LETTERS, a.key, a.to_json()) for a in many])
    digit = next(d for d in "0123456789abcdef" if sum(key(a, 1) == d for a in many) > 1)
    told = cli.told("dead-letters", "show", digit)
    assert "give more digits" in told
    assert cli("dead-letters", "show", key(letters[0]).upper())


def test_what_is_asked_for_must_be_clear(cli: Cli, letters: list[DeadLetter]) -> None:
    for command in ("retry", "drop"):
        assert "--all" in cli.told("dead-letters", command)
        assert "not both" in cli.told("dead-letters", command, key(letters[0]), "--all")
        assert "not both" in cli.told("dead-letters", command, key(letters[0]), "--stage", "read")
    assert "--since" in cli.told("dead-letters", "list", "--since", "yesterday")
    told = cli.told("dead-letters", "list", "--stage", "links")  # none of them is no good news
    assert "--stage" in told
    assert "'read', 'link', 'tag' or 'index'" in told
    assert "holds no log" in cli.told("dead-letters", "list", "--data", cli.data / "typo")
    assert not (cli.data / "typo").exists()


def test_retried_letters_go_back_and_the_others_say_why(
    cli: Cli, letters: list[DeadLetter]
) -> None:
    printed = cli("dead-letters", "retry", "--all", "--dry-run")
    assert "4 would be retried: 2 at link, 2 at read" in printed
    assert len(records(cli, DEAD_LETTERS)) == 4
    printed = cli("dead-letters", "retry", "--all")
    assert "1 dead letters retried, 3 left as they are" in printed
    assert f"{key(letters[1])[:8]}" in printed
    assert "would die again" in printed
    assert "minyi serve" in printed
    assert records(cli, COMMENTS) == [letters[0].content]
    assert "3 of 3" in cli("dead-letters", "list")
    assert "none could be retried" in cli.told("dead-letters", "retry", key(letters[3]))


def test_a_mended_record_is_retried(cli: Cli, letters: list[DeadLetter], tmp_path: Path) -> None:
    file = tmp_path / "mended.json"
    assert "cannot be read" in cli.told("dead-letters", "retry", key(letters[1]), "--edit", file)
    file.write_bytes(comments(1)[0])
    assert "one letter" in cli.told("dead-letters", "retry", "--all", "--edit", file)
    assert "1 dead letters retried" in cli("dead-letters", "retry", key(letters[1]), "--edit", file)
    assert records(cli, COMMENTS) == [file.read_bytes()]
    file.write_bytes(b" " * 1_000_001)
    assert "1,000,000" in cli.told("dead-letters", "retry", key(letters[2]), "--edit", file)


def test_letters_are_dropped_only_after_a_yes(cli: Cli, letters: list[DeadLetter]) -> None:
    assert "2 would be dropped" in cli(
        "dead-letters", "drop", "--all", "--stage", "read", "--dry-run"
    )
    refused = invoke("drop", "--all", answer="n\n")
    assert refused.exit_code == 1
    assert "4 of 4" in cli("dead-letters", "list")
    assert invoke("drop", key(letters[0]), answer="y\n").exit_code == 0
    assert "2 dead letters dropped" in cli(
        "dead-letters", "drop", "--all", "--stage", "read", "--yes"
    )
    assert "1 of 1" in cli("dead-letters", "list")
    assert records(cli, COMMENTS) == []
