"""``minyi model label`` as it is used in a terminal and with files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from minyi.cli import labelling
from minyi.cli.fresh_labels import fresh_labels
from minyi.outputs import stance_of
from minyi.vocabulary import STANCE_ZH, Stance
from models.rows.sources import rows_of
from tests.opinions import ELEVATOR, WASTE, opinion
from tests.unit.cli_runner import Cli, keep

Keys = Callable[[str], None]
COMMAND = ("model", "label", "--policy", ELEVATOR)


def tagged(folder: Path, **more: Any) -> None:
    """Put twelve texts on lifts into the index, one of them three times."""
    more = {"probabilities": {"favor": 0.5, "against": 0.3, "none": 0.2}} | more
    texts = [f"第{number}条：电梯[red]太吵" for number in range(12)]
    opinions = [opinion(f"c{i}", text, **more) for i, text in enumerate(texts)]
    opinions += [opinion(f"copy{i}", texts[0] + "！", **more) for i in range(2)]
    opinions[1] = opinions[1].model_copy(update={"title": "电梯之事", "span": (4, 6)})
    keep(folder, opinions)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    tagged(tmp_path)
    return Cli(tmp_path, monkeypatch)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Somebody at a terminal who presses these keys."""

    def press(pressed: str) -> None:
        left = iter(pressed)
        monkeypatch.setattr(labelling, "at_terminal", lambda: True)
        monkeypatch.setattr(typer, "getchar", lambda: next(left, ""))

    return press


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_answers_are_kept_and_gone_on_from(cli: Cli, keys: Keys) -> None:
    keys("f2sbxn" + "q")
    printed = cli(*COMMAND, "--budget", "5")
    for shown in ("1/5", "4/5", "电梯[red]太吵", "支持 50%", "alias: 电梯", "before", "after"):
        assert shown in printed
    assert f"n/3 {STANCE_ZH[Stance.NONE]}" in printed
    assert "3 of 12 distinct texts labelled" in printed
    file = cli.data / f"labels-{ELEVATOR}.jsonl"
    assert f"with MINYI_LABELS={file} shares are adjusted by them" in printed
    assert [row["stance"] for row in rows(file)] == ["favor", "against", "none"]
    keys("aaa")
    printed = cli(*COMMAND, "--budget", "5")
    assert "4/5" in printed
    assert "3/5" not in printed
    assert "5 of 12 distinct texts labelled" in printed
    assert len(rows(file)) == 5
    keys("")
    printed = cli(*COMMAND, "--budget", "5")
    assert "all 5 comments of this budget have a label: a larger --budget asks for more" in printed
    keys("n" * 12)
    assert "12 of 12 distinct texts" in cli(*COMMAND)
    printed = cli(*COMMAND)
    assert "all 12 comments of the policy have a label" in printed
    assert "--budget" not in printed


def test_answers_say_what_the_tagger_put_out_so_that_shares_are_adjusted_by_them(
    cli: Cli, keys: Keys
) -> None:
    keys("f" * 12)
    cli(*COMMAND, "--budget", "12")
    found = fresh_labels(cli.data)[ELEVATOR].items
    assert {label.stance for label in found} == {Stance.FAVOR}
    assert {stance_of(label.output) for label in found} == {Stance.FAVOR}
    # All twelve texts are labelled, one of them for three opinions.
    assert sorted(label.weight for label in found) == [1.0] * 11 + [3.0]


def weights(file: Path) -> dict[str, float]:
    return {row["opinion_id"]: row["weight"] for row in rows(file)}


def test_labels_stand_for_as_many_opinions_wherever_the_answers_end(cli: Cli, keys: Keys) -> None:
    one, other = cli.data / "one.jsonl", cli.data / "other.jsonl"
    keys("fanf")
    cli(*COMMAND, "--budget", "4", "--write", one)
    keys("fanfq")
    cli(*COMMAND, "--budget", "10", "--write", other)
    assert weights(other) == weights(one)
    assert sum(weights(one).values()) == pytest.approx(14, rel=0.3)
    keys("asn")  # one is passed over
    cli(*COMMAND, "--budget", "7", "--write", other)
    assert len(weights(other)) == 6
    assert all(weights(other)[name] < weight for name, weight in weights(one).items() if weight > 3)
    keys("f" * 12)
    cli(*COMMAND, "--write", other)
    assert sorted(weights(other).values()) == [1.0] * 11 + [3.0]


def test_labels_are_taken_along_to_a_new_model(cli: Cli, keys: Keys) -> None:
    """The labels of another adjust nothing."""
    keys("fa")
    cli(*COMMAND, "--budget", "2")
    file = cli.data / f"labels-{ELEVATOR}.jsonl"
    before = rows(file)
    tagged(cli.data, model_id="m2", stance=Stance.AGAINST)
    keys("")
    cli(*COMMAND, "--budget", "2")
    labels = fresh_labels(file)[ELEVATOR].items
    assert {label.model_id for label in labels} == {"m2"}
    assert {stance_of(label.output) for label in labels} == {Stance.AGAINST}
    now = {"model_id": "m2", "output": labels[0].output}
    assert rows(file) == [row | now for row in before]


def test_answers_that_break_off_stand_for_as_many_opinions(
    cli: Cli, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = cli.data / "one.jsonl", cli.data / "other.jsonl"
    keys("fa")
    cli(*COMMAND, "--budget", "2", "--write", one)

    left = iter("fa")

    def interrupted() -> str:
        if key := next(left, ""):
            return key
        raise KeyboardInterrupt

    monkeypatch.setattr(typer, "getchar", interrupted)
    with pytest.raises(SystemExit):
        cli(*COMMAND, "--write", other)
    assert weights(other) == weights(one)


def test_an_answer_can_be_taken_back(cli: Cli, keys: Keys) -> None:
    keys("fba")
    file = cli.data / "mine" / "labels.jsonl"
    printed = cli(*COMMAND, "--budget", "1", "--write", file)
    assert [row["stance"] for row in rows(file)] == ["favor"]
    assert "labels are kept in" in printed
    keys("fbaf")
    file.unlink()
    cli(*COMMAND, "--budget", "2", "--write", file)
    assert [row["stance"] for row in rows(file)] == ["against", "favor"]


def test_the_file_trains_a_model_as_it_is(cli: Cli, keys: Keys) -> None:
    keys("f" * 12)
    cli(*COMMAND)
    file = cli.data / f"labels-{ELEVATOR}.jsonl"
    examples = [*rows_of("data", "train", file), *rows_of("data", "val", file)]
    assert len(examples) == 12
    assert "电梯之事\n第1条：电梯[red]太吵" in [example.text for example in examples]


def test_proposals_are_filled_in_elsewhere_and_handed_in(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "ask.jsonl"
    assert "6 comments" in cli(*COMMAND, "--budget", "6", "--propose", file)
    asked = rows(file)
    assert {row["stance"] for row in asked} == {""}
    assert "exists" in cli.told(*COMMAND, "--propose", file)
    wrong = ['{"opinion_id": "gone", "stance": "favor"}', "{", "[]", '{"opinion_id": "x"}']
    wrong.append('{"opinion_id": "x", "stance": "love"}')
    filled = [json.dumps(row | {"stance": Stance.AGAINST.upper()}) for row in asked[:5]]
    file.write_text("\n".join([*wrong, *filled, json.dumps(asked[5])]), "utf-8")
    printed = cli(*COMMAND, "--labels", file)
    assert "6 labels, 1 without a stance, 4 bad lines" in printed
    for line in ("line 2: ", "line 3: not a JSON object", "line 4: stance is missing", "'love'"):
        assert line in printed
    assert "1 labels are of no opinion" in printed
    assert "5 of 12 distinct texts labelled" in printed
    assert "people who chose to speak" in printed
    assert file.read_text("utf-8").startswith("\n".join(wrong))
    # Handed in, the labels stand for all fourteen opinions as if five had been drawn.
    five = cli.data / "five.jsonl"
    cli(*COMMAND, "--budget", "5", "--propose", five)
    assert [json.loads(line)["weight"] for line in file.read_text("utf-8").splitlines()[5:]] == [
        *weights(five).values(),
        asked[5]["weight"],
    ]


def test_a_next_round_is_proposed_with_the_labels_of_the_last(cli: Cli, keys: Keys) -> None:
    keys("fa")
    cli(*COMMAND, "--budget", "2")
    cli(*COMMAND, "--budget", "4", "--propose", cli.data / "next.jsonl")
    stances = [row["stance"] for row in rows(cli.data / "next.jsonl")]
    assert stances == ["favor", "against", "", ""]


def test_the_terminal_that_is_missing_is_told_with_what_to_do(cli: Cli) -> None:
    told = cli.told(*COMMAND)
    assert "--propose FILE" in told
    assert "--labels FILE" in told


def test_a_tagger_that_is_missing_is_told_before_anybody_is_asked(
    cli: Cli, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MINYI_MODEL", str(tmp_path / "none"))
    keys("f" * 12)
    assert "no tagger in" in cli.told(*COMMAND)
    assert not (cli.data / f"labels-{ELEVATOR}.jsonl").exists()
    assert "6 comments" in cli(*COMMAND, "--budget", "6", "--propose", tmp_path / "ask.jsonl")


def test_what_cannot_be_labelled_is_told_in_one_line(cli: Cli, tmp_path: Path) -> None:
    assert ELEVATOR in cli.told("model", "label", "--policy", "elevator")
    assert "no opinions on" in cli.told("model", "label", "--policy", WASTE)
    assert "minyi ingest" in cli.told(*COMMAND, "--data", tmp_path / "typo")
    assert "cannot be read" in cli.told(*COMMAND, "--labels", tmp_path / "none.jsonl")
    assert "give one" in cli.told(*COMMAND, "--labels", "a", "--write", "b")
