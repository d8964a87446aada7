"""``minyi why``: what sets those for and against a policy apart, in their own words."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from minyi.campaigns.reader import CampaignReader
from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json, PolicyId, Since, Until, Word, filters
from minyi.cli.tables import framed
from minyi.cli.wiring import known_policy, output, registry, settings
from minyi.clock import SystemClock
from minyi.policy import Policy
from minyi.prevalence import FLOOR
from minyi.reasons import why as reasons
from minyi.reasons.why import Quote, Side, Why
from minyi.vocabulary import ASPECT_ZH, POLARITY_ZH, STANCE_ZH


def why(
    policy: PolicyId,
    region: Word = None,
    channel: Word = None,
    source: Word = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show the phrases that set the sides of a policy apart, and quotes that stand for them."""
    config = settings(data, "index")
    known = known_policy(registry(config), policy)
    scope = filters(region=region, channel=channel, source=source, since=since, until=until)
    with existing_index(config) as opened:
        reading = CampaignReader(opened, SystemClock()).read(known.id)
    scoped, _ = reading.within(scope)
    found = reasons.why(known.id, reading.as_of, scoped, (known.title, *known.aliases))
    if as_json:
        print(found.model_dump_json())
    else:
        output.print(framed(_table(known, found)))


def _table(policy: Policy, found: Why) -> Table:
    table = Table(
        title=Text(f"{policy.title} ({policy.id})"),
        caption=f"the newest {found.read:,} of {found.total:,} opinions; phrase × opinions that "
        "hold it (z); one in forty of the compared phrases stands out by chance; quotes are whole "
        "texts, chosen by a rule, (× the opinions of their campaign)",
        show_lines=True,
    )
    table.add_column("side", no_wrap=True)
    table.add_column("opinions", justify="right")
    table.add_column("phrases", overflow="fold", ratio=2)
    table.add_column("quotes", overflow="fold", ratio=4)
    for side in found.sides:
        table.add_row(
            name(side),
            f"{side.opinions:,}",
            Text(_phrases(side)),
            Text("\n".join(map(_quote, side.quotes)) or "–"),
        )
    return table


def name(side: Side) -> str:
    """Return what a side is called: ``反对``, ``批评 公平``."""
    if side.stance is not None:
        return STANCE_ZH[side.stance]
    aspect = ASPECT_ZH[side.aspect] if side.aspect else ""
    return f"{POLARITY_ZH[side.polarity]} {aspect}" if side.polarity else aspect


def _phrases(side: Side) -> str:
    if side.too_few:
        return f"fewer than {FLOOR} texts to compare"
    found = "  ".join(f"{p.phrase} ×{p.opinions} ({p.z:.1f})" for p in side.phrases)
    return f"{found or 'none stand out'}\n{side.compared:,} compared"


def _quote(quote: Quote) -> str:
    return f"“{quote.text}”" + (f" ×{quote.copies}" if quote.copies > 1 else "")
