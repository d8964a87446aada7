"""``minyi campaigns``: near-duplicate comments on a policy, the figures when they count once."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from minyi.campaigns import pages
from minyi.campaigns.campaign import Campaign, Spread
from minyi.campaigns.collapsing import Collapsed
from minyi.campaigns.headlines import Flip, Headline
from minyi.campaigns.pages import CampaignPage, Campaigns
from minyi.campaigns.reader import CampaignReader
from minyi.cli.opening import existing_index
from minyi.cli.options import Cursor, Data, Json, Limit, PolicyId, Since, Until, Word, filters
from minyi.cli.tables import framed, percent, plain
from minyi.cli.wiring import known_policy, output, registry, settings
from minyi.clock import SystemClock
from minyi.domain import SHANGHAI
from minyi.errors import InvalidQuery
from minyi.policy import Policy
from minyi.vocabulary import STANCE_ZH, Stance

SHOWN = 120
"""Characters of a text."""
ENDS = {"favor": STANCE_ZH[Stance.FAVOR], "against": STANCE_ZH[Stance.AGAINST]}


def campaigns(
    policy: PolicyId,
    campaign: Annotated[
        str | None, typer.Argument(help="Campaign id; lists its members instead.")
    ] = None,
    region: Word = None,
    channel: Word = None,
    source: Word = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show clusters of near-duplicate comments, and the policy's shares when each counts once."""
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    scope = filters(region=region, channel=channel, source=source, since=since, until=until)
    with existing_index(config) as opened:
        reading = CampaignReader(opened, SystemClock()).read(known.id)
    page: CampaignPage | Campaigns | None
    if campaign is None:
        page = pages.campaigns(known.id, reading, scope, limit, cursor)
    else:
        page = pages.campaign(known.id, campaign, reading, scope, limit, cursor)
    if page is None:
        raise InvalidQuery(f"no campaign {campaign!r} (minyi campaigns {known.id} lists them)")
    if as_json:
        print(page.model_dump_json())
        return
    for table in _tables(known, page):
        output.print(framed(table) if isinstance(table, Table) else table)
    if page.cursor:
        print(f"more: the same with --cursor {page.cursor}")


def _tables(policy: Policy, page: CampaignPage | Campaigns) -> list[Table | Text]:
    if isinstance(page, CampaignPage):
        return [_members(page)]
    shares: list[Table | Text] = [_figures(policy, page)]
    shares += [Text(f"! {_flip(flip)}", "bold red") for flip in page.figures.flips]
    return [*shares, _list(page)] if page.items else shares


def _figures(policy: Policy, page: Campaigns) -> Table:
    figures: Collapsed = page.figures
    of = f"{page.read:,} newest of {page.total:,}" if page.read < page.total else "all"
    table = Table(
        title=Text(f"{policy.title} ({policy.id})"),
        caption=f"95 % intervals (sampling); campaigns looked for among {of} opinions; "
        f"as of {page.as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
    )
    table.add_column("")
    for name in ("opinions", "support 支持", "oppose 反对", "no stance 未表态"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, summary in (
        ("every opinion", figures.raw),
        ("campaigns counted once", figures.collapsed),
    ):
        shares = (summary.favor, summary.against, summary.none)
        table.add_row(name, f"{summary.n:,}", *map(percent, shares))
    return table


def _list(page: Campaigns) -> Table:
    figures = page.figures
    table = Table(
        caption=f"{len(page.items)} of {figures.campaigns:,} campaigns, with "
        f"{figures.in_campaigns:,} opinions; `short`: too short to tell copies from people who "
        "say the same",
        show_lines=True,
    )
    for name in ("campaign", "opinions", "authors", "days", "stance", "where", "text"):
        table.add_column(name, overflow="fold")
    for one in page.items:
        table.add_row(
            one.id + ("\nshort" if one.short else ""),
            f"{one.opinions:,}",
            f"{one.authors - one.unnamed:,}" + f" + {one.unnamed:,} unnamed" * bool(one.unnamed),
            f"{one.first.astimezone(SHANGHAI):%Y-%m-%d} – {one.last.astimezone(SHANGHAI):%m-%d}",
            _stances(one),
            *plain(_where(one.regions), _cut(one.text)),
        )
    return table


def _members(page: CampaignPage) -> Table:
    table = Table(
        title=f"campaign {page.campaign.id}",
        caption=f"{len(page.items)} of {page.campaign.opinions:,}",
        show_lines=True,
    )
    for name in ("time", "region", "stance", "likeness", "text"):
        table.add_column(name, overflow="fold")
    for one in page.items:
        table.add_row(
            f"{one.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            *plain(one.region or "–", STANCE_ZH[one.stance], f"{one.likeness:.2f}"),
            Text(_cut(one.text)),
        )
    return table


def _flip(flip: Flip) -> str:
    if flip.headline is Headline.LEAD:
        raw, once = (ENDS.get(side, "even 持平") for side in (flip.raw, flip.collapsed))
        return (
            f"more are on the side {raw} when every opinion counts, {once} when campaigns do once"
        )
    share = STANCE_ZH[flip.stance] if flip.stance else ""
    return f"{share} is {flip.raw} one half, and {flip.collapsed} when campaigns count once"


def _stances(one: Campaign) -> str:
    return " ".join(f"{STANCE_ZH[stance]} {n}" for stance, n in one.stances.items() if n)


def _where(spread: Spread) -> str:
    named = "、".join(f"{part.value or '–'} {part.opinions}" for part in spread.largest[:3])
    return f"{named} …" if spread.values > 3 else named


def _cut(text: str) -> str:
    return text[:SHOWN] + ("…" if len(text) > SHOWN else "")
