"""Answers as tables in the terminal. What people wrote is shown as it stands, never as markup."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from minyi.domain import SHANGHAI, Policy
from minyi.query import Counts, Page, Share
from minyi.trends import Summary, Trend, summarise
from minyi.vocabulary import ASPECT_ZH, STANCE_ZH

EVALUATIONS_SHOWN = 3
FEWEST_SHOWN = 30
"""An overview leaves out policies with fewer opinions: their shares say next to nothing."""


def plain(*cells: str) -> list[Text]:
    """Return cells that are shown as they stand: ``[doge]`` is no markup, ``:+1:`` no emoji."""
    return [Text(cell) for cell in cells]


def percent(share: Share) -> str:
    """Return ``41% [37–45]``, or a dash where there is nothing to count."""
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{share.value:.0%} [{share.low * 100:.0f}–{share.high * 100:.0f}]"


def evaluations(summary: Summary) -> str:
    """Return the aspects that are spoken of most: ``便利 +12% −30%``."""
    spoken = sorted(
        summary.evaluations, key=lambda e: e.praise.count + e.criticism.count, reverse=True
    )
    return " · ".join(
        f"{ASPECT_ZH[e.aspect]} +{e.praise.value or 0:.0%} −{e.criticism.value or 0:.0%}"
        for e in spoken[:EVALUATIONS_SHOWN]
        if e.praise.count + e.criticism.count
    )


def ranked(totals: Mapping[str, Counts]) -> list[tuple[str, Counts]]:
    """Return the policies with their counts, the most discussed first."""
    return sorted(totals.items(), key=lambda item: (-item[1].total, item[0]))


def overview(policies: Mapping[str, Policy], totals: Mapping[str, Counts]) -> Table:
    """Return the policies with opinions, the most discussed first."""
    found = ranked(totals)
    shown = [item for item in found if item[1].total >= FEWEST_SHOWN] or found
    hidden = len(found) - len(shown)
    rest = f"; {hidden} policies with under {FEWEST_SHOWN} comments are left out" if hidden else ""
    table = Table(caption=f"shares of all opinions on a policy, 95 % intervals (sampling){rest}")
    table.add_column("policy 政策", overflow="fold")
    table.add_column("comments", justify="right")
    table.add_column("support 支持", justify="right", no_wrap=True)
    table.add_column("oppose 反对", justify="right", no_wrap=True)
    table.add_column("evaluation 评价 (+肯定 −批评)", overflow="fold")
    for policy_id, counts in shown:
        summary = summarise(counts)
        title = policies[policy_id].title if policy_id in policies else "(not in the registry)"
        table.add_row(
            Text.assemble(title, " ", (policy_id, "dim")),
            f"{summary.opinions:,}",
            percent(summary.favor),
            percent(summary.against),
            evaluations(summary),
        )
    return table


def trend(policy: Policy, found: Trend) -> Table:
    """Return a policy's trend, a row a bucket and group."""
    table = Table(
        title=Text(f"{policy.title} ({policy.id})"),
        caption="shares of the bucket's opinions, 95 % intervals; buckets in Asia/Shanghai",
    )
    split = any(row.group is not None for row in found.rows)
    weighed = any(row.salience is not None for row in found.rows)
    if weighed:
        table.caption = f"{table.caption}; salience: share of the opinions on all policies"
    table.add_column(found.interval.value)
    if split:
        table.add_column("group")
    for name in ("comments", "distinct texts"):
        table.add_column(name, justify="right")
    for name in (*(["salience"] if weighed else []), "support", "oppose"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("evaluation", overflow="fold")
    for row in found.rows:
        table.add_row(
            row.bucket.isoformat(),
            *(plain(row.group or "–") if split else []),
            f"{row.raw.opinions:,}",
            f"{row.collapsed.opinions:,}",
            *([percent(row.salience)] if row.salience else []),
            percent(row.raw.favor),
            percent(row.raw.against),
            evaluations(row.raw),
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
