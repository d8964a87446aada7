"""``minyi trend``, ``search``, ``digest``: questions to the index."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from minyi.cli import tables
from minyi.cli.wiring import Data, digest_line, index, output, registry, settings
from minyi.domain import Domain, Filters, Group, Interval, Policy, Stance
from minyi.errors import InvalidQuery
from minyi.trends import assemble

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Since = Annotated[str | None, typer.Option(help="First day, as 2024-03-01.")]
Until = Annotated[str | None, typer.Option(help="Day after the last, as 2024-04-01.")]


def add_to(app: typer.Typer) -> None:
    app.command()(trend)
    app.command()(search)
    app.command()(digest)


def trend(
    policy: Annotated[str | None, typer.Argument(help="Policy id; none: all policies.")] = None,
    interval: Annotated[Interval, typer.Option()] = Interval.MONTH,
    group: Annotated[Group | None, typer.Option(help="Split every bucket.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show how stance and evaluation of a policy move, with intervals."""
    config = settings(data)
    policies = registry(config)
    filters = Filters(since=_day(since), until=_day(until))
    with index(config) as opened:
        if policy is None:
            output.print(tables.overview(policies, opened.totals(filters)))
            return
        known = _known(policies, policy)
        points = opened.trend(filters.model_copy(update={"policy_id": known.id}), interval, group)
    found = assemble(known.id, interval, points)
    if as_json:
        print(found.model_dump_json())
    else:
        output.print(tables.trend(known, found))


def search(
    query: Annotated[str, typer.Argument(help="Words that must all occur, e.g. '限号 早高峰'.")],
    policy: Annotated[str | None, typer.Option(help="Policy id.")] = None,
    stance: Annotated[Stance | None, typer.Option()] = None,
    region: Annotated[str | None, typer.Option()] = None,
    channel: Annotated[str | None, typer.Option()] = None,
    domain: Annotated[Domain | None, typer.Option()] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Find opinions by the words of their comments."""
    config = settings(data)
    filters = Filters(
        policy_id=policy,
        stance=stance,
        region=region,
        channel=channel,
        domain=domain,
        since=_day(since),
        until=_day(until),
    )
    with index(config) as opened:
        page = opened.search(query, filters, limit)
    if as_json:
        print(page.model_dump_json())
    else:
        output.print(tables.hits(page))


def digest(data: Data = None) -> None:
    """Name the state of the index in one line: opinions and a hash over all of them."""
    with index(settings(data)) as opened:
        print(digest_line(opened))


def _known(policies: dict[str, Policy], policy_id: str) -> Policy:
    if policy_id not in policies:
        near = [p.id for p in policies.values() if policy_id in p.id or policy_id in p.title]
        hint = f"; did you mean {', '.join(near[:5])}?" if near else ""
        raise InvalidQuery(f"no policy {policy_id!r} in the registry{hint} (minyi policies list)")
    return policies[policy_id]


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return f"{date.fromisoformat(text).isoformat()}T00:00:00+08:00"
    except ValueError as error:
        raise InvalidQuery(f"{text!r} is no day; write it as 2024-03-01") from error
