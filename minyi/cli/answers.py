"""``minyi trend``, ``search``, ``digest``: questions to the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from minyi.cli import tables
from minyi.cli.options import Json, Since, Until, day, filters
from minyi.cli.wiring import (
    Data,
    digest_line,
    existing_index,
    known_policy,
    output,
    registry,
    settings,
)
from minyi.domain import Model, Policy
from minyi.query import Counts, Group, Interval
from minyi.trends import Summary, assemble, summarise
from minyi.vocabulary import Domain, Stance


class PolicySummary(Model):
    """What is said of one policy; ``title`` is None when the registry does not hold it."""

    policy_id: str
    title: str | None
    summary: Summary


class Overview(Model):
    """The policies with opinions, the most discussed first."""

    opinions: int
    items: tuple[PolicySummary, ...]


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
    """Show how stance, evaluation and salience of a policy move, with intervals."""
    config = settings(data)
    policies = registry(config)
    scope = filters(since=day(since), until=day(until))
    with existing_index(config) as opened:
        if policy is None:
            totals = opened.totals(scope)
            if as_json:
                print(_overview(policies, totals).model_dump_json())
            else:
                output.print(tables.overview(policies, totals))
            return
        known = known_policy(policies, policy)
        points = opened.trend(scope.model_copy(update={"policy_id": known.id}), interval, group)
        everything = (
            {point.bucket: point.counts.total for point in opened.trend(scope, interval)}
            if group is None
            else None
        )
    found = assemble(known.id, interval, points, everything)
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
    cursor: Annotated[str | None, typer.Option(help="Go on behind an earlier page.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Find opinions by the words of their comments, the newest first."""
    wanted = filters(
        policy_id=policy,
        stance=stance,
        region=region,
        channel=channel,
        domain=domain,
        since=day(since),
        until=day(until),
    )
    with existing_index(settings(data)) as opened:
        page = opened.search(query, wanted, limit, cursor)
    if as_json:
        print(page.model_dump_json())
        return
    output.print(tables.hits(page))
    if page.cursor:
        print(f"more: the same with --cursor {page.cursor}")


def digest(data: Data = None) -> None:
    """Name the state of the index in one line: opinions and a hash over all of them."""
    with existing_index(settings(data)) as opened:
        print(digest_line(opened))


def _overview(policies: Mapping[str, Policy], totals: Mapping[str, Counts]) -> Overview:
    return Overview(
        opinions=sum(counts.total for counts in totals.values()),
        items=tuple(
            PolicySummary(
                policy_id=policy_id,
                title=policies[policy_id].title if policy_id in policies else None,
                summary=summarise(counts),
            )
            for policy_id, counts in tables.ranked(totals)
        ),
    )
