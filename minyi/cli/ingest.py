"""``minyi ingest``: files of comments, into the topics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.cli.options import Columns, Data
from minyi.cli.progress import bars, stream_progress
from minyi.cli.tables import plain
from minyi.cli.wiring import console, output, service, settings
from minyi.clock import SystemClock
from minyi.domain import SHANGHAI, Comment
from minyi.errors import InvalidRecord, LogInUse, SettingError
from minyi.settings import Settings
from minyi.vocabulary import AgeBand

if TYPE_CHECKING:
    from minyi.ports import CommentSink
    from streams.intake.ingest import Plan, Report

SHOWN_ROWS = 5


def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="JSON, JSONL, CSV or XLSX; also .gz and .xz.")
    ],
    columns: Columns = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Source of rows that name none; else the file's name without its endings."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first rows as read; write nothing.")
    ] = False,
    data: Data = None,
) -> None:
    """Read files of comments; link, tag and index them.

    Bad rows are reported with their line and go to the dead letters; the good ones go on, and so
    do other files when one cannot be read to its end.
    """
    from streams.intake.columns import parse_map
    from streams.intake.files import open_source
    from streams.intake.ingest import plan

    given = parse_map(columns or [])
    now = SystemClock().now()
    plans = [plan(open_source(file), given, source, now) for file in files]
    if dry_run:
        for planned in plans:
            _show(planned)
        return
    asyncio.run(_ingest(settings(data), plans))


async def _ingest(config: Settings, plans: Sequence[Plan]) -> None:
    """Publish to Kafka for its workers; to an embedded log with a stream of our own, or through
    the service that owns the log.

    Raises:
        SettingError: naming each file that cannot be read; the others are taken all the same.
    """
    from streams.access import access
    from streams.remote import client
    from streams.sinks import ApiSink, BrokerSink

    if not config.embedded_broker:
        async with access(config) as broker:
            _raise(await _publish(plans, BrokerSink(broker)))
        return
    try:
        async with service(config) as (running, broker):
            failures = await _publish(plans, BrokerSink(broker))
            await stream_progress(config, running)
            counts = running.progress.counts()
    except LogInUse as error:
        if error.api_url is None:
            raise
        console.print(f"a running service owns the log; sending to {error.api_url}", markup=False)
        async with client(error.api_url) as service_api:
            sink = ApiSink(service_api)
            failures = await _publish(plans, sink, sink.rejected)
        console.print("the service tags them now; shares move until it is done")
        _raise(failures)
        return
    print(
        f"{counts['comments']:,} comments read, {counts['linked']:,} linked to a policy, "
        f"{counts['indexed']:,} opinions indexed, {counts['dead']:,} dead on the way"
    )
    _raise(failures)


def _raise(failures: Sequence[SettingError]) -> None:
    """Raise what was put off, if anything was, as one error."""
    if failures:
        raise SettingError("; ".join(map(str, failures)))


async def _publish(
    plans: Sequence[Plan], sink: CommentSink, rejected: Sequence[InvalidRecord] = ()
) -> list[SettingError]:
    """Publish file by file; return why files could not be read, or not to their end. ``rejected``
    grows by what the sink's other end did not take."""
    from streams.intake.ingest import REPORTED
    from streams.intake.ingest import ingest as publish

    failures: list[SettingError] = []
    for planned in plans:
        before = len(rejected)
        try:
            with bars() as progress:
                advance = partial(progress.advance, progress.add_task("reading", total=None))
                report = await publish(planned, sink, SystemClock(), advance)
            refused = rejected[before:]
            report.good -= len(refused)
            report.bad += len(refused)
            report.problems += map(str, refused[: REPORTED - len(report.problems)])
            _tell(planned, report)
        except SettingError as error:
            failures.append(error)
    return failures


def _tell(planned: Plan, report: Report) -> None:
    for problem in report.problems:
        console.print(f"  {problem}", style="yellow", markup=False, highlight=False)
    if report.bad > len(report.problems):
        console.print(f"  … and {report.bad - len(report.problems):,} more in the dead letters")
    if report.again:
        console.print(f"  {report.again:,} rows have the id of an earlier one and overwrite it")
    if report.ageless:
        console.print(f"  {report.ageless:,} rows name ages that are none of {', '.join(AgeBand)}")
    print(
        f"{planned.file.path.name}: {report.rows:,} rows, {report.good:,} good, {report.bad:,} bad"
    )
    if report.rows and not report.good:
        raise SettingError(f"no row of {planned.file.path.name} could be read; look with --dry-run")


def _show(planned: Plan) -> None:
    """Print how a file is read and what its first rows become."""
    file = planned.file
    how = ", ".join(part for part in (file.kind, file.packing, file.encoding) if part)
    output.print(Text.assemble((file.path.name, "bold"), f": {how}; source {planned.source!r}"))
    columns = Table("field", "column")
    for field, column in planned.mapping.items():
        columns.add_row(*plain(field, column))
    output.print(columns)
    if planned.unread:
        output.print(Text(f"not read: {', '.join(planned.unread)}"), soft_wrap=True)
    rows = Table("place", "id", "created_at", "title", "text", show_lines=True)
    for row, result in islice(planned.read(), SHOWN_ROWS):
        if isinstance(result, Comment):
            time = f"{result.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M%z}"
            cells = (row.place, result.id, time, result.title or "", result.text[:120])
            rows.add_row(*plain(*cells))
        else:
            rows.add_row(
                *plain(row.place, "bad", "", "", f"{result.reason} ({result.place})"), style="red"
            )
    output.print(rows)
