"""``minyi dead-letters``: list, show, retry, drop."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from minyi.cli import letters as shown
from minyi.cli.letters import SHORT, visible
from minyi.cli.log_owner import opened_log
from minyi.cli.options import Data
from minyi.cli.wiring import console, output, settings
from minyi.dead_letter import LetterFilters, LetterHead, Outcome
from minyi.domain import MAX_RECORD_BYTES
from minyi.errors import InvalidQuery, SettingError
from minyi.refused import first_told
from minyi.settings import Settings

if TYPE_CHECKING:
    from minyi.ports import LetterBox

app = typer.Typer(help="Records that could not be read or tagged.", no_args_is_help=True)

Keys = Annotated[list[str] | None, typer.Argument(help="Keys, or their first digits.")]
All = Annotated[bool, typer.Option("--all", help="All letters that the filters leave.")]
Stage = Annotated[str | None, typer.Option(help="Only this stage: read, link, tag or index.")]
Since = Annotated[
    str | None, typer.Option(help="Not before, as 2026-03-01 or 2026-03-01T08:30:00+08:00.")
]
Reason = Annotated[str | None, typer.Option(help="Only with this text in the reason.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show which; change nothing.")]
REFUSED_SHOWN = 20
DRY_SHOWN = 50


@app.command("list")
def list_letters(
    stage: Stage = None,
    since: Since = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    data: Data = None,
) -> None:
    """List dead letters, the newest first."""
    filters = _filters(stage, since, reason)

    async def run() -> None:
        async with _letters(settings(data, "broker")) as box:
            page = await box.page(filters, limit)
        if as_json:
            for head in page.items:
                print(head.to_json().decode())
        else:
            output.print(shown.listing(page.items, page.total))

    asyncio.run(run())


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="Key, or its first digits.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write only the original's bytes.")] = False,
    data: Data = None,
) -> None:
    """Show one dead letter: why, where, and the original as it was received, unredacted."""

    async def run() -> None:
        async with _letters(settings(data, "broker")) as box:
            (head,) = await _named(box, [key])
            letter = await box.get(head.key)
        if not raw:
            output.print(shown.details(letter), soft_wrap=True)
            return
        sys.stdout.buffer.write(letter.content)
        sys.stdout.buffer.flush()
        if letter.cut:
            console.print(f"cut: {len(letter.content):,} of {letter.size:,} bytes", highlight=False)

    asyncio.run(run())


@app.command()
def retry(
    keys: Keys = None,
    every: All = False,
    stage: Stage = None,
    since: Since = None,
    reason: Reason = None,
    edit: Annotated[
        Path | None, typer.Option(help="Take this file's record in place of one original.")
    ] = None,
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    """Put the originals back where they were read, and drop the letters.

    What would only die again, or was cut, stays and says why.
    """
    from streams.letters import BrokerLetters

    filters = _filters(stage, since, reason)
    edited = None if edit is None else _content(edit)

    async def run() -> None:
        config = settings(data, "broker")
        async with _letters(config) as box:
            heads = await _chosen(box, keys or [], every, filters)
            if edited is not None and len(heads) != 1:
                raise InvalidQuery(f"--edit mends one letter; these are {len(heads):,}")
            if dry_run:
                _preview(heads, "retried")
                return
            outcome = await box.retry([head.key for head in heads], edited)
        _tell(outcome, "retried")
        if config.embedded_broker and isinstance(box, BrokerLetters):
            print("they go on when the stream runs next: minyi serve")

    asyncio.run(run())


@app.command()
def drop(
    keys: Keys = None,
    every: All = False,
    stage: Stage = None,
    since: Since = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Drop dead letters for good."""
    filters = _filters(stage, since, reason)

    async def run() -> None:
        async with _letters(settings(data, "broker")) as box:
            heads = await _chosen(box, keys or [], every, filters)
            if dry_run or not heads:
                _preview(heads, "dropped")
                return
            if not yes:
                typer.confirm(f"drop {len(heads):,} dead letters for good?", abort=True)
            _tell(await box.drop([head.key for head in heads]), "dropped")

    asyncio.run(run())


@asynccontextmanager
async def _letters(config: Settings) -> AsyncIterator[LetterBox]:
    async with opened_log(config) as log:
        yield log.letters


async def _chosen(
    box: LetterBox, keys: Sequence[str], every: bool, filters: LetterFilters
) -> list[LetterHead]:
    """Return the letters that a command is about: those named, or all that match."""
    filtered = filters != LetterFilters()
    if keys and (every or filtered):
        raise InvalidQuery("name keys, or say --all with or without filters, not both")
    if not keys and not every:
        raise InvalidQuery("name keys (minyi dead-letters list), or say --all")
    return await _named(box, keys) if keys else await box.matching(filters)


async def _named(box: LetterBox, prefixes: Sequence[str]) -> list[LetterHead]:
    """Return the letters whose keys begin so.

    Raises:
        InvalidQuery: when none or several do.
    """
    heads = await box.matching(LetterFilters())
    found: dict[str, LetterHead] = {}
    for prefix in prefixes:
        matches = [head for head in heads if head.key.startswith(prefix.lower())]
        if not prefix or not matches:
            raise InvalidQuery(f"no dead letter {prefix!r}; minyi dead-letters list shows them")
        if len(matches) > 1:
            near = ", ".join(head.key[: max(SHORT, len(prefix) + 2)] for head in matches[:3])
            raise InvalidQuery(
                f"{prefix!r} begins {len(matches):,} keys ({near} …); give more digits"
            )
        found[matches[0].key] = matches[0]
    return list(found.values())


def _filters(stage: str | None, since: str | None, reason: str | None) -> LetterFilters:
    try:
        return LetterFilters.model_validate({"stage": stage, "since": since, "reason": reason})
    except ValidationError as error:
        raise InvalidQuery(f"--{': '.join(first_told(error))}") from error


def _content(file: Path) -> bytes:
    """Read a record from a file.

    Raises:
        SettingError: when it cannot be read, or is too large for a record.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > MAX_RECORD_BYTES:
        raise SettingError(f"{file} has more than {MAX_RECORD_BYTES:,} bytes, too many for one")
    return content


def _preview(heads: Sequence[LetterHead], verb: str) -> None:
    if heads:
        output.print(shown.listing(heads[:DRY_SHOWN], len(heads)))
    stages = Counter(head.stage for head in heads)
    by_stage = ", ".join(
        f"{count:,} at {visible(stage)}" for stage, count in sorted(stages.items())
    )
    print(f"{len(heads):,} would be {verb}{f': {by_stage}' if by_stage else ''}")


def _tell(outcome: Outcome, verb: str) -> None:
    """Say what became of the letters.

    Raises:
        InvalidQuery: when all were refused.
    """
    for refusal in outcome.refused[:REFUSED_SHOWN]:
        line = f"  {refusal.key[:SHORT]}: {visible(refusal.reason)}"
        console.print(line, style="yellow", markup=False, highlight=False)
    if len(outcome.refused) > REFUSED_SHOWN:
        console.print(f"  … and {len(outcome.refused) - REFUSED_SHOWN:,} more")
    print(f"{len(outcome.done):,} dead letters {verb}, {len(outcome.refused):,} left as they are")
    if outcome.refused and not outcome.done:
        raise InvalidQuery(f"none could be {verb}")
