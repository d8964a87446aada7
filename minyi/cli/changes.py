"""``minyi changes``: what changed in the talk about a policy, and how it was around a day."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.changes.comparison import DAYS, MOST_DAYS, Comparison, Contrast, read_comparison
from minyi.changes.daily import Measure, Series, read_days
from minyi.changes.detection import ARL, LEAST_ARL, MOST_ARL, Changes
from minyi.changes.detection import changes as detect
from minyi.changes.drawn_days import Gap, Rate, Scale
from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json, PolicyId, Since, Until, filters, moment
from minyi.cli.tables import framed, percent, plain
from minyi.cli.wiring import adjuster, known_policy, output, registry, settings
from minyi.clock import SystemClock, today
from minyi.domain import SHANGHAI
from minyi.policy import Policy
from minyi.prevalence import FLOOR
from minyi.query import Share
from minyi.shares.denominators import Count
from minyi.vocabulary import ASPECT_ZH, EVENT_ZH

NAMES = {
    Measure.FAVOR: "support 支持",
    Measure.AGAINST: "oppose 反对",
    Measure.VOLUME: "volume 意见数",
}


def changes(
    policy: PolicyId,
    around: Annotated[
        str | None, typer.Option(help="Compare the days before and from this one, as 2024-03-01.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=7, max=MOST_DAYS, help="Days on each side of --around.")
    ] = DAYS,
    arl: Annotated[
        int,
        typer.Option(
            min=LEAST_ARL,
            max=MOST_ARL,
            help="Days between two false alarms of a series, on average at least.",
        ),
    ] = ARL,
    count: Annotated[Count, typer.Option(help="What counts as one.")] = Count.OPINIONS,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show when stance, criticism or volume changed; or, with --around, before and after a day."""
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    scope = filters(policy_id=known.id, since=since, until=until)
    first = moment("around", around)
    now = today(SystemClock())
    with existing_index(config) as opened:
        answer: Changes | Comparison
        if first is None:
            answer = detect(known, read_days(opened, scope, now, count), arl)
        else:
            day = first.astimezone(SHANGHAI).date()
            answer = read_comparison(
                opened, known.id, scope, now, day, days, adjuster(config), count
            )
    if as_json:
        print(answer.model_dump_json())
    elif isinstance(answer, Comparison):
        output.print(framed(_comparison(known, answer)))
    else:
        output.print(framed(_changes(known, answer)))
        if answer.events:
            output.print(framed(_events(answer)))


def _changes(policy: Policy, found: Changes) -> Table:
    table = Table(title=Text(f"{policy.title} ({policy.id})"))
    if found.watched is None:
        table.caption = (
            "too few days to watch: more than four weeks outside the holidays are needed"
        )
    else:
        table.caption = Text(
            f"{found.watched.first} to {found.watched.last}, {found.series} series of "
            f"{found.denominator.words()}; without a change a series sounds at most one false "
            f"alarm in {found.arl:,} days, on average; weekday effects are taken off, Spring "
            "Festival, two sessions and National Day left out"
        )
    for name in ("series", "began", "detected", "before", "after", "change"):
        table.add_column(name, overflow="fold")
    for change in found.items:
        table.add_row(
            series_name(change.contrast.series),
            f"{change.since} [{change.since_low}–{change.since_high}]",
            f"{change.detected}",
            *_figures(change.contrast),
        )
    if not found.items:
        table.add_row("none", "", "", "", "", "")
    return table


def _comparison(policy: Policy, found: Comparison) -> Table:
    before, after = found.before, found.after
    table = Table(title=Text(f"{policy.title} ({policy.id})"))
    table.caption = Text(
        f"before: {before.first} to {before.last}, {before.days} days, {before.opinions:,}; "
        f"after: {after.first} to {after.last}, {after.days} days, {after.opinions:,}; of "
        f"{found.denominator.words()}; 95 % intervals; adjusted: without "
        f"the tagger's known errors; {found.note}"
    )
    if found.too_few:
        table.caption = Text(f"{table.caption}; a window has under {FLOOR}: too few to compare")
    for name in ("series", "before", "after", "change", "adjusted"):
        table.add_column(name, overflow="fold")
    for row in found.rows:
        table.add_row(series_name(row.series), *_figures(row), gap_text(row.adjusted))
    return table


def _events(found: Changes) -> Table:
    table = Table(caption="events, by the registry")
    for name in ("date", "event", "label"):
        table.add_column(name, overflow="fold")
    for event in found.events:
        table.add_row(*plain(event.date.isoformat(), EVENT_ZH[event.kind], event.label))
    return table


def series_name(series: Series) -> str:
    """Return what a series is called."""
    if series.aspect is None:
        return NAMES[series.measure]
    return f"criticism 批评 {ASPECT_ZH[series.aspect]}"


def _figures(contrast: Contrast) -> tuple[str, str, str]:
    return _figure(contrast.before), _figure(contrast.after), gap_text(contrast.gap)


def _figure(found: Share | Rate | None) -> str:
    if found is None:
        return "too few"
    if isinstance(found, Rate):
        return f"{found.value:,.1f} a day [{found.low:,.1f}–{found.high:,.1f}]"
    return percent(found)


def gap_text(gap: Gap | None) -> str:
    """Return ``+6 points [+2 to +10]`` or ``×1.50 [1.20–1.90]``."""
    if gap is None:
        return "–"
    if gap.scale is Scale.RATIO:
        return f"×{gap.value:.2f} [{gap.low:.2f}–{gap.high:.2f}]"
    value, low, high = (f"{round(bound * 100):+d}" for bound in (gap.value, gap.low, gap.high))
    return f"{value} points [{low} to {high}]"
