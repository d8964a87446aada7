"""``minyi representativeness``: who speaks on a policy beside who lives there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json, PolicyId, Since, Until, filters
from minyi.cli.tables import framed, percent, plain
from minyi.cli.wiring import adjuster, known_policy, margins, output, registry, settings
from minyi.policy import Policy
from minyi.prevalence import FLOOR
from minyi.query import Share
from minyi.shares.denominators import Count
from minyi.speakers.composition import Composition
from minyi.speakers.margins import load_margins
from minyi.speakers.representativeness import Reason, Representativeness, read_representativeness
from minyi.vocabulary import STANCE_ZH, Stance

COARSER = "rake by fewer facets, put small values into one in the margins, or look at a longer time"
REASONS = {
    Reason.NO_MARGINS: "no margins are known: --margins or MINYI_MARGINS names a file of them "
    "(docs/open-data.md)",
    Reason.TOO_FEW: f"fewer than {FLOOR} opinions of the population",
    Reason.NOT_TOLD_APART: "those who spoke name no two values of the margins",
    Reason.CANNOT_BE_MET: f"no weights meet the margins together: {COARSER}",
    Reason.NOT_SETTLED: "the weights have not settled, since the margins almost contradict each "
    f"other among those who spoke: {COARSER}",
}
CAVEAT = "自愿发言的人，不代表全体居民: these are people who chose to speak, not a sample"


def representativeness(
    policy: PolicyId,
    margins_file: Annotated[
        Path | None,
        typer.Option(
            "--margins", help="YAML, JSON or CSV of known margins. \\[env: MINYI_MARGINS]"
        ),
    ] = None,
    count: Annotated[
        Count, typer.Option(help="What has one vote before weighting.")
    ] = Count.OPINIONS,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Weight a policy's shares to known margins, and show how far its speakers differ from them."""
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    population = load_margins(margins_file) if margins_file else margins(config)
    scope = filters(since=since, until=until)
    with existing_index(config) as opened:
        errors = adjuster(config)
        found = read_representativeness(opened, known.id, scope, population, errors, count)
    if as_json:
        print(found.model_dump_json())
        return
    output.print(framed(_shares(known, found)))
    if found.reason:
        output.print(Text(f"not raked: {REASONS[found.reason]}"))
    for speakers in found.speakers:
        output.print(framed(_speakers(speakers, found.source)))


def _shares(policy: Policy, found: Representativeness) -> Table:
    table = Table(title=Text(f"{policy.title} ({policy.id})"), caption=CAVEAT)
    for name in ("stance 立场", "raw", "adjusted", "raked", "raked, adjusted"):
        table.add_column(name, justify="right", no_wrap=True)
    raked = found.raked
    for stance in Stance:
        shares: list[Share | None] = [
            getattr(each, stance) if each else None
            for each in (found.raw, found.adjusted, raked, raked and raked.adjusted)
        ]
        table.add_row(STANCE_ZH[stance], *(percent(share) if share else "–" for share in shares))
    if raked:
        table.add_row("opinions", f"{found.raw.n:,}", "", f"{raked.favor.n:,}")
        table.add_row("effective n", "", "", f"{raked.n_effective:,.0f}")
        table.add_row("design effect", "", "", f"{raked.design_effect:.2f}")
        table.add_row("weights", "", "", f"{raked.lowest_weight:.2f}–{raked.highest_weight:.2f}")
        met = "yes" if raked.met else f"no, {raked.largest_miss:.1%} off"
        table.add_row("margins met", "", "", met)
        if raked.left_out:
            table.add_row("left out", "", "", f"{raked.left_out:,}")
    return table


def _speakers(found: Composition, source: str | None) -> Table:
    table = Table(title=f"by {found.facet}")
    notes = [f"of {found.lacking.n:,}, {found.lacking.value or 0:.0%} name no {found.facet}"]
    if found.distance is not None:
        notes.append(f"{found.distance:.0%} would have to be somebody else")
    if found.unheard:
        more = "…" if len(found.unheard) > 10 else ""
        notes.append(
            f"nobody from {'、'.join(found.unheard[:10])}{more} "
            f"({found.unheard_population:.0%} of the population)"
        )
    table.caption = Text("; ".join(notes))
    for name in (found.facet, "speakers", f"population ({source or 'not known'})", "weighted"):
        table.add_column(name, overflow="fold")
    for row in found.values:
        figures = [f"{x:.1%}" if x is not None else "–" for x in (row.population, row.weighted)]
        table.add_row(*plain(row.value, percent(row.speakers), *figures))
    return table
