"""``minyi model label``: labels where they tell most, and what they do to a policy's shares."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.cli.label_file import keep, read_labels, renew, write_proposals
from minyi.cli.opening import existing_index
from minyi.cli.options import Data
from minyi.cli.tables import interval
from minyi.cli.wiring import console, known_policy, output, registry, settings
from minyi.domain import SHANGHAI, Opinion
from minyi.drawing import Candidate, candidates, propose, stands_for
from minyi.errors import InvalidQuery, SettingError
from minyi.labelling import Narrowing, narrowed
from minyi.policy import Policy
from minyi.ports import Index
from minyi.query import Filters
from minyi.settings import Settings
from minyi.text import fold
from minyi.vocabulary import STANCE_ZH, Stance

PAGE = 5000
KEYS = {
    "f": Stance.FAVOR,
    "1": Stance.FAVOR,
    "a": Stance.AGAINST,
    "2": Stance.AGAINST,
    "n": Stance.NONE,
    "3": Stance.NONE,
}
SKIP, BACK, STOP = "s", "b", ("q", "")
"""An empty key is a terminal that is gone."""
HELP = " · ".join(
    [f"{key}/{number} {STANCE_ZH[s]}" for key, number, s in zip("fan", "123", Stance, strict=True)]
    + ["s 跳过 skip", "b 退回 back", "q 停下并保存 stop and keep"]
)


def label(
    policy: Annotated[str, typer.Option(help="Policy id.")],
    budget: Annotated[int, typer.Option(min=1, help="How many comments to label.")] = 50,
    labels: Annotated[
        Path | None, typer.Option(help="Take the labels from this JSONL file; ask nothing.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Keep the answers in this JSONL file, and go on where it ends.",
            show_default="labels-POLICY.jsonl in the data folder",
        ),
    ] = None,
    propose_to: Annotated[
        Path | None,
        typer.Option("--propose", help="Only write the comments, their stances to be filled in."),
    ] = None,
    data: Data = None,
) -> None:
    """Label the comments that would narrow the intervals of a policy's shares most.

    The answers are kept in a file that ``minyi model train --data`` reads as it is. Where
    MINYI_LABELS names it, shares are adjusted by these labels, too.
    """
    if labels and write:
        raise InvalidQuery("--write keeps answers, and with --labels nothing is asked: give one")
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    with existing_index(config) as opened:
        opinions = {opinion.id: opinion for opinion in _opinions(opened, known.id)}
    if not opinions:
        raise InvalidQuery(f"there are no opinions on {known.title} ({known.id}) in the index yet")
    texts = candidates(opinions.values())
    drawn = propose(texts, budget)
    proposed = [opinions[found.opinion_id] for found in drawn]
    copies = {text.opinion_id: text.copies for text in texts}
    weights = {found.opinion_id: copies[found.opinion_id] / found.inclusion for found in drawn}
    file = labels or write or config.data / f"labels-{known.id}.jsonl"
    given = read_labels(file) if labels or file.exists() else {}
    stances = _by_text(texts, given)
    if propose_to:
        write_proposals(propose_to, proposed, stances, weights)
        return
    spread = _spread(config)  # before anybody has labelled for nothing
    if not labels:
        if not at_terminal():
            raise SettingError(
                "labels are asked for in a terminal, and this is none: write the comments with "
                "--propose FILE, fill in the stances, and hand them in with --labels FILE"
            )
        try:
            _ask(known, proposed, copies, given, stances, file, weights)
        finally:  # what a label stands for depends on where the answers end
            if given:
                renew(file, opinions, stands_for(texts, given))
    unknown = len(given.keys() - opinions.keys())
    if unknown:
        console.print(f"{unknown:,} labels are of no opinion on {known.id} in the index")
    result = narrowed(texts, stances, spread=spread)
    output.print(_table(known, result))
    for note in _notes(len(opinions), len(texts), result):
        output.print(note, style="dim", markup=False, highlight=False)
    if labels and labels.is_file():  # at the end: it may be somewhere that cannot be written
        renew(labels, opinions, stands_for(texts, given))


def _spread(config: Settings) -> float:
    from models.artifact import load_manifest

    return load_manifest(config.model).policy_spread


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _opinions(opened: Index, policy_id: str) -> Iterator[Opinion]:
    cursor = None
    while True:
        page = opened.search("", Filters(policy_id=policy_id), PAGE, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _by_text(texts: Sequence[Candidate], given: Mapping[str, Stance]) -> dict[str, Stance]:
    """Return the labels by the opinion that stands for its copies."""
    return {
        text.opinion_id: given[known]
        for text in texts
        if (known := next((i for i in text.opinion_ids if i in given), None))
    }


def _ask(
    policy: Policy,
    proposed: Sequence[Opinion],
    copies: Mapping[str, int],
    given: dict[str, Stance],
    stances: dict[str, Stance],
    file: Path,
    weights: Mapping[str, float],
) -> None:
    """Ask for the labels that are missing, one comment after another, and keep them in ``file``,
    ``given`` (its labels) and ``stances`` (those of the texts)."""
    todo = [opinion for opinion in proposed if opinion.id not in stances]
    done = len(proposed) - len(todo)
    if not todo:
        what = "the policy" if done == len(copies) else "this budget"
        more = "" if done == len(copies) else ": a larger --budget asks for more"
        console.print(f"all {done:,} comments of {what} have a label{more}")
    place = 0
    while place < len(todo):
        opinion = todo[place]
        console.rule(Text(f"{done + place + 1}/{len(proposed)}"), style="dim")
        console.print(_shown(policy, opinion, copies[opinion.id], stances.get(opinion.id)))
        key = _key()
        if key in STOP:
            break
        if key == BACK:
            place = max(0, place - 1)
            continue
        if key in KEYS:
            given[opinion.id] = stances[opinion.id] = KEYS[key]
            keep(file, opinion, KEYS[key], weights[opinion.id])
        place += 1
    if stances:
        told = f"labels are kept in {file}; with MINYI_LABELS={file} shares are adjusted by them"
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def _key() -> str:
    """Wait for a key that means something."""
    while True:
        try:
            key = fold(typer.getchar()[:1])
        except EOFError:
            return STOP[0]
        if key in KEYS or key in (SKIP, BACK, *STOP):
            return key


def _shown(policy: Policy, opinion: Opinion, copies: int, label: Stance | None) -> Text:
    """Return a comment as it is judged: what it says, the tagger's guess, why it is linked."""
    body = Text(opinion.text)
    if opinion.span:
        body.stylize("bold yellow", *opinion.span)
    guesses = sorted(Stance, key=lambda s: -getattr(opinion.probabilities, s))
    guess = " · ".join(
        f"{STANCE_ZH[stance]} {getattr(opinion.probabilities, stance):.0%}" for stance in guesses
    )
    why = "、".join(opinion.link.evidence) or f"similarity {opinion.link.similarity or 0:.2f}"
    places = [
        f"{opinion.created_at.astimezone(SHANGHAI):%Y-%m-%d}",
        opinion.region,
        opinion.channel,
    ]
    places += [f"{copies:,} copies"] if copies > 1 else []
    shown = Text.assemble((f"{policy.title} · {' · '.join(filter(None, places))}\n", "dim"))
    if opinion.title:
        shown.append(f"{opinion.title}\n", "bold")
    shown.append_text(body)
    shown.append(f"\n\ntagger: {guess}; linked by {opinion.link.by}: {why}\n", "dim")
    if label:
        shown.append(f"labelled: {STANCE_ZH[label]}\n", "green")
    return shown.append(HELP, "cyan")


def _notes(opinions: int, texts: int, result: Narrowing) -> Iterator[str]:
    """Say what the shares are of, and what the intervals hold."""
    labelled = f"{result.drawn + result.others:,} of {texts:,} distinct texts labelled"
    yield f"shares of the {opinions:,} opinions in the index; {labelled}"
    if result.skipped:
        yield f"{result.skipped:,} proposed before the last label have none, taken as by chance"
    if result.others:
        yield f"{result.others:,} labels of texts that were not proposed count for themselves only"
    if result.contradicted:
        yield "the labels differ from the tagger by more than it is usually off: they stand alone"
    yield (
        "95 % intervals cover the tagger's errors and the sampling of opinions; these are people "
        "who chose to speak, not the population"
    )


def _table(policy: Policy, result: Narrowing) -> Table:
    """Return each stance's share before and after the labels."""
    table = Table(title=Text(f"{policy.title} ({policy.id})"))
    table.add_column("stance")
    for name in ("before", "after", "narrower by"):
        table.add_column(name, justify="right", no_wrap=True)
    for stance, change in result.changes.items():
        shares = (interval(e.share, e.low, e.high) for e in (change.before, change.after))
        table.add_row(STANCE_ZH[stance], *shares, f"{change.narrower:.0%}")
    return table
