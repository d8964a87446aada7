"""``minyi differences``: where a policy does not fit."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json, PolicyId, Since, Until, filters
from minyi.cli.tables import framed, plain
from minyi.cli.wiring import adjuster, known_policy, output, registry, settings
from minyi.differences import Differences
from minyi.differences import differences as compare
from minyi.groups.findings import Compared, FacetTable, Finding
from minyi.groups.reversals import Reversal
from minyi.groups.wording import BY_ZH, label_zh, percent, points
from minyi.policy import Policy
from minyi.vocabulary import STANCE_ZH, Stance

CAVEAT = "a comparison of those who chose to speak, not a cause"
HIDDEN = "不足 10 人，或会泄露这样的组"
SHOWN = 15
"""Findings that a table lists; ``--json`` has them all."""


def differences(
    policy: PolicyId,
    facets: Annotated[bool, typer.Option("--groups", help="List all groups as well.")] = False,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show which regions, channels, sources, ages and months really differ on a policy."""
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    scope = filters(since=since, until=until)
    with existing_index(config) as opened:
        found = compare(opened, known.id, scope, adjuster(config))
    if as_json:
        print(found.model_dump_json())
        return
    if found.opinions is None:
        output.print(
            Text(
                f"fewer than {found.fewest_authors} people spoke then, or at all other times, or "
                "groups of so few could be told from it: nothing is compared"
            )
        )
        return
    output.print(framed(_findings(known, found)))
    output.print(Text(_notes(found), style="italic"))
    if found.reversals:
        output.print(framed(_reversals(found.reversals)))
    if facets:
        for facet in found.facets:
            output.print(framed(_groups(facet)))


def _findings(policy: Policy, found: Differences) -> Table:
    """Return the real differences, the largest first."""
    table = Table(
        title=Text(f"{policy.title} ({policy.id}): 这项政策在哪里不合身"),
        show_header=bool(found.findings),
    )
    if not found.findings:
        table.add_row("没有发现超出偶然的差异。")
        return table
    table.add_column("", no_wrap=True)
    table.add_column("difference 差异", overflow="fold")
    for finding in found.findings[:SHOWN]:
        table.add_row(*plain(_mark(finding), finding.sentence + _turned(finding)))
    return table


def _notes(found: Differences) -> str:
    """Return how to read the differences."""
    rest = len(found.findings) - SHOWN
    notes = [
        f"{len(found.findings)} of {found.comparisons:,} comparisons are real, at most "
        f"{found.false_discoveries:.0%} of them accidents",
        f"{rest} smaller ones are left out (--json has them)" if rest > 0 else "",
        "shares as the tagger counts them, not adjusted",
        CAVEAT,
        *(f"{one} tells the same groups apart as {other}" for one, other in found.same.items()),
    ]
    return "; ".join(filter(None, notes))


def _mark(finding: Finding) -> str:
    return "▼" if finding.adverse else "▲"


def _turned(finding: Finding) -> str:
    names = "、".join(BY_ZH[by] for by in finding.turned_within)
    return f"（按{names}分开看，方向相反，见下。）" if names else ""


def _reversals(found: tuple[Reversal, ...]) -> Table:
    """Return what turns around within the groups of another facet."""
    table = Table(title="方向相反：总体与分组", show_header=False, show_lines=True)
    table.add_column(overflow="fold")
    for reversal in found:
        table.add_row(*plain(reversal.sentence))
    return table


def _groups(facet: FacetTable) -> Table:
    """Return the groups of a facet."""
    table = Table(title=f"{BY_ZH[facet.by]} ({facet.by})")
    table.add_column("group", overflow="fold")
    table.add_column("comments", justify="right")
    for stance in (Stance.FAVOR, Stance.AGAINST):
        table.add_column(f"{stance} {STANCE_ZH[stance]}", justify="right", no_wrap=True)
    for row in facet.groups:
        name = label_zh(facet.by, row.value)
        if row.hidden or row.favor is None or row.against is None:
            table.add_row(*plain(name, "–", HIDDEN, ""))
        else:
            figures = _figure(row.favor), _figure(row.against)
            table.add_row(*plain(name, f"{row.opinions:,}", *figures))
    if facet.left_out:
        table.caption = f"{facet.left_out} smaller groups are counted among the others"
    return table


def _figure(compared: Compared) -> str:
    """Return ``41% [32–50] +18`` with a star where the difference is real."""
    pooled, difference = compared.pooled, compared.difference.value
    return (
        f"{percent(pooled.value)} [{pooled.low * 100:.0f}–{pooled.high * 100:.0f}] "
        f"{'+' if difference > 0 else '−'}{points(difference)}{'*' if compared.real else ' '}"
    )
