"""``minyi responsiveness``: who gets an answer, and how soon."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.cli.changes import gap_text, series_name
from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json, PolicyOrAll, Since, Until, filters
from minyi.cli.tables import framed, interval, percent
from minyi.cli.wiring import known_policy, output, registry, settings
from minyi.clock import SystemClock, today
from minyi.replies.contrasts import Contrasted
from minyi.replies.responsiveness import (
    LATE,
    MOST_LATE,
    WITHIN,
    Answering,
    By,
    Responsiveness,
    answering_sources,
    read_responsiveness,
)
from minyi.replies.survival import Proportion, Quantile


def responsiveness(
    policy: PolicyOrAll = None,
    by: Annotated[
        By | None,
        typer.Option(help="What to tell apart. \\[default: region of a policy, else department]"),
    ] = None,
    late_after: Annotated[
        int, typer.Option(min=1, max=MOST_LATE, help="Days after which an answer is late.")
    ] = LATE,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show the answered share and the time to an answer, the unanswered counted as waiting."""
    config = settings(data, "index")
    policies = registry(config)
    scope = filters(
        policy_id=known_policy(policies, policy).id if policy else None,
        since=since,
        until=until,
    )
    apart = by or (By.REGION if policy else By.DEPARTMENT)
    now = today(SystemClock())
    with existing_index(config) as opened:
        answering = answering_sources(opened)
        found = read_responsiveness(opened, policies, answering, scope, apart, now, late_after)
    if as_json:
        print(found.model_dump_json())
        return
    output.print(framed(_table(found)))
    for contrast in found.contrasts:
        if contrast.rows:
            output.print(framed(_contrast(contrast, found)))


def _table(found: Responsiveness) -> Table:
    table = Table()
    notes = [f"as of {found.as_of}", "95 % intervals", "days begun count in full"]
    if found.silent:
        silent = sum(source.opinions for source in found.silent)
        names = "、".join(source.source for source in found.silent[:5])
        notes.append(f"{silent:,} opinions from sources that never answer are left out ({names})")
    table.caption = Text("; ".join(notes))
    table.add_column(found.by.value, overflow="fold")
    for name in (
        "opinions",
        "answered",
        *(f"within {days} days" for days in WITHIN),
        "half by day",
    ):
        table.add_column(name, justify="right")
    for row in (found.all, *found.rows):
        name = "all" if row is found.all else row.title or row.value or "–"
        table.add_row(Text(name), f"{row.opinions:,}", *_figures(row))
    if found.left_out:
        table.add_row(f"{found.left_out} more", *[""] * 6)
    return table


def _figures(row: Answering) -> list[str]:
    if row.answered is None:
        return ["too few", *[""] * 4]
    answered = percent(row.answered)
    if not row.timed:
        return [answered, "times unknown", "", "", ""]
    known = {each.days: each for each in row.within}
    middle = next(q for q in row.quantiles if q.share == 0.5)
    return [answered, *(_within(known.get(days)) for days in WITHIN), _quantile(middle)]


def _within(found: Proportion | None) -> str:
    return "–" if found is None else interval(found.value, found.low, found.high)


def _quantile(found: Quantile) -> str:
    if found.days is None:
        return "not yet" if found.low is None else f"not yet [{found.low}–]"
    return f"{found.days} [{found.low}–{'' if found.high is None else found.high}]"


def _contrast(found: Contrasted, of: Responsiveness) -> Table:
    table = Table(caption=Text(f"late: after {of.late_after} days; {of.note}"))
    for name in ("share", found.first.value, found.second.value, "difference"):
        table.add_column(name, overflow="fold")
    for row in found.rows:
        table.add_row(
            series_name(row.series), percent(row.first), percent(row.second), gap_text(row.gap)
        )
    return table
