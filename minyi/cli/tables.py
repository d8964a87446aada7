"""Answers as tables in the terminal. What people wrote is shown as it stands, never as markup."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from minyi.cli.overview import Overview
from minyi.domain import SHANGHAI
from minyi.policy import Policy
from minyi.prevalence import FLOOR
from minyi.query import Page, Share
from minyi.shares.denominators import Count, Uncorrected
from minyi.trends import ALL_OPINIONS, Reading, Trend
from minyi.vocabulary import ASPECT_ZH, STANCE_ZH, Stance

EVALUATIONS_SHOWN = 3
FEWEST_SHOWN = 30
"""An overview leaves out policies with fewer opinions: their shares say next to nothing."""
SIDES = (Stance.FAVOR, Stance.AGAINST)
COUNTED = {Count.OPINIONS: "comments", Count.COLLAPSED: "distinct texts", Count.AUTHORS: "authors"}
UNCORRECTED = {
    Uncorrected.COUNT: "the tagger's errors are known opinion by opinion only",
    Uncorrected.SURE: "the tagger's errors are known for all opinions, not for the sure ones",
    Uncorrected.HELD_OUT: "of too many opinions no held-out rows of their model are known",
}


def plain(*cells: str) -> list[Text]:
    """Return cells that are shown as they stand: ``[doge]`` is no markup, ``:+1:`` no emoji."""
    return [Text(cell) for cell in cells]


def framed(table: Table) -> Group:
    """Return a table whose title and caption are lines of their own: a narrow table folds them."""
    title, caption = table.title, table.caption
    table.title = table.caption = None
    above = [Text.assemble(title, style="bold")] if title else []
    below = [Text.assemble(caption, style="italic dim")] if caption else []
    return Group(*above, table, *below)


def percent(share: Share) -> str:
    """Return ``41% [37–45]``, ``too few``, or a dash where there is nothing to count."""
    if share.value is None or share.low is None or share.high is None:
        return "too few" if share.n else "–"
    return interval(share.value, share.low, share.high)


def interval(value: float, low: float, high: float) -> str:
    """Return ``41% [37–45]``."""
    return f"{value:.0%} [{low * 100:.0f}–{high * 100:.0f}]"


def stance(reading: Reading, side: Stance, adjusting: bool) -> list[str]:
    """Return cells for the share of a stance: as counted, or adjusted and as counted."""
    raw: Share = getattr(reading.raw, side)
    if not adjusting:
        return [percent(raw)]
    if reading.adjusted is None or raw.value is None:
        return [percent(raw), ""]
    return [percent(getattr(reading.adjusted, side)), f"{raw.value:.0%}"]


def add_stances(table: Table, adjusting: bool, **names: str) -> None:
    """Add the columns that ``stance`` fills, for favor and against."""
    for name in names.values():
        table.add_column(name, justify="right", no_wrap=True)
        if adjusting:
            table.add_column("raw", justify="right", no_wrap=True, style="dim")


def certainty(why: Uncorrected | None) -> str:
    """Say what the intervals hold."""
    if why is None:
        return "adjusted for the tagger's errors, which the 95 % intervals hold, raw beside"
    return f"not adjusted: {UNCORRECTED[why]}; 95 % intervals of the sampling only"


def evaluations(reading: Reading) -> str:
    """Return the aspects that are spoken of most: ``便利 +12% −30%``, as counted."""
    if reading.raw.n < FLOOR:
        return ""
    spoken = sorted(
        reading.raw.evaluations, key=lambda e: e.praise.count + e.criticism.count, reverse=True
    )
    return " · ".join(
        f"{ASPECT_ZH[e.aspect]} +{e.praise.value or 0:.0%} −{e.criticism.value or 0:.0%}"
        for e in spoken[:EVALUATIONS_SHOWN]
        if e.praise.count + e.criticism.count
    )


def overview(found: Overview) -> Table:
    """Return the policies with opinions, the most discussed first."""
    shown = [item for item in found.items if item.raw.n >= FEWEST_SHOWN] or found.items
    hidden = len(found.items) - len(shown)
    rest = f"; {hidden} policies with under {FEWEST_SHOWN} comments are left out" if hidden else ""
    why = next((item.uncorrected for item in shown if item.uncorrected), None)
    table = Table(
        caption="of people who chose to speak, not the population\n"
        f"shares of the {found.denominator} on a policy{rest}\n{certainty(why)}"
    )
    table.add_column("policy 政策", overflow="fold")
    table.add_column("comments", justify="right")
    add_stances(table, not why, favor="support 支持", against="oppose 反对")
    table.add_column("evaluation 评价 (+肯定 −批评)", overflow="fold")
    for item in shown:
        table.add_row(
            Text.assemble(item.title or "(not in the registry)", " ", (item.policy_id, "dim")),
            f"{item.raw.n:,}",
            *stance(item, Stance.FAVOR, not why),
            *stance(item, Stance.AGAINST, not why),
            evaluations(item),
        )
    return table


def trend(policy: Policy, found: Trend) -> Table:
    """Return a policy's trend, a row a bucket and group, and the sum of them."""
    adjusting = found.uncorrected is None
    split = any(row.group is not None for row in found.rows)
    weighed = any(row.salience is not None for row in found.rows)
    repeating = any(row.repeats for row in found.rows)
    table = Table(
        title=Text(f"{policy.title} ({policy.id})"),
        caption=f"of people who chose to speak, not the population; buckets in Asia/Shanghai\n"
        f"shares of the bucket's {found.denominator}\n{certainty(found.uncorrected)}",
        show_footer=True,
    )
    if weighed:
        table.caption = f"{table.caption}\nsalience: share of the {ALL_OPINIONS}"
    table.add_column(found.interval.value, footer="all")
    if split:
        table.add_column("group")
    table.add_column(COUNTED[found.count], justify="right", footer=f"{found.total.raw.n:,}")
    if repeating:
        table.add_column("repeats", justify="right")
    if weighed:
        table.add_column("salience", justify="right", no_wrap=True)
    first = len(table.columns)
    add_stances(table, adjusting, favor="support", against="oppose")
    whole = [cell for side in SIDES for cell in stance(found.total, side, adjusting)]
    for column, cell in zip(table.columns[first:], whole, strict=True):
        column.footer = cell
    if found.total.raw.evaluations:
        table.add_column("evaluation, raw", overflow="fold", footer=evaluations(found.total))
    for row in found.rows:
        table.add_row(
            row.bucket.isoformat(),
            *(plain(row.group or "–") if split else []),
            f"{row.raw.n:,}",
            *([f"{row.repeats:,}"] if repeating else []),
            *([percent(row.salience)] if row.salience else []),
            *(cell for side in SIDES for cell in stance(row, side, adjusting)),
            *([evaluations(row)] if row.raw.evaluations else []),
        )
    return table


def hits(page: Page) -> Table:
    """Return opinions, newest first, with their days in Asia/Shanghai."""
    table = Table(caption=f"{len(page.items)} of {page.total:,}", show_lines=True)
    for name in ("time", "policy", "stance", "text"):
        table.add_column(name, overflow="fold")
    for opinion in page.items:
        table.add_row(
            f"{opinion.created_at.astimezone(SHANGHAI):%Y-%m-%d}",
            opinion.policy_id,
            STANCE_ZH[opinion.stance],
            Text(opinion.text[:200] + ("…" if len(opinion.text) > 200 else "")),
        )
    return table
