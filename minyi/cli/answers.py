"""``minyi trend``, ``search``, ``digest``: questions to the index."""

from __future__ import annotations

from typing import Annotated

import typer

from minyi.cli import tables
from minyi.cli.opening import digest_line, existing_index
from minyi.cli.options import Cursor, Data, Json, Limit, PolicyOrAll, Since, Until, Word, filters
from minyi.cli.overview import overview
from minyi.cli.wiring import adjuster, known_policy, output, registry, settings
from minyi.query import Group, Interval
from minyi.questions import read_trend
from minyi.shares.denominators import Count
from minyi.vocabulary import Domain, Stance


def trend(
    policy: PolicyOrAll = None,
    interval: Annotated[Interval, typer.Option()] = Interval.MONTH,
    group: Annotated[Group | None, typer.Option(help="Split every bucket.")] = None,
    count: Annotated[
        Count, typer.Option(help="What counts as one; texts and authors: once in a bucket.")
    ] = Count.OPINIONS,
    sided: Annotated[
        bool, typer.Option("--sided", help="Shares among those for and against.")
    ] = False,
    sure: Annotated[
        bool, typer.Option("--sure", help="Leave out what the tagger is not sure of.")
    ] = False,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show how stance, evaluation and salience of a policy move, with intervals."""
    config = settings(data, "index")
    policies = registry(config)
    scope = filters(since=since, until=until, sure=sure or None)
    with existing_index(config) as opened:
        errors = adjuster(config)
        if policy is None:
            found = overview(policies, opened, scope, errors, count, sided)
            if as_json:
                print(found.model_dump_json())
            else:
                output.print(tables.framed(tables.overview(found)))
            return
        known = known_policy(policies, policy)
        moved = read_trend(opened, known.id, scope, errors, interval, group, count, sided)
    if as_json:
        print(moved.model_dump_json())
    else:
        output.print(tables.framed(tables.trend(known, moved)))


def search(
    query: Annotated[str, typer.Argument(help="Words that must all occur, e.g. '限号 早高峰'.")],
    policy: Annotated[str | None, typer.Option(help="Policy id.")] = None,
    stance: Annotated[Stance | None, typer.Option()] = None,
    region: Word = None,
    channel: Word = None,
    domain: Annotated[Domain | None, typer.Option()] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Cursor = None,
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
        since=since,
        until=until,
    )
    with existing_index(settings(data, "index")) as opened:
        page = opened.search(query, wanted, limit, cursor)
    if as_json:
        print(page.model_dump_json())
        return
    output.print(tables.framed(tables.hits(page)))
    if page.cursor:
        print(f"more: the same with --cursor {page.cursor}")


def digest(data: Data = None) -> None:
    """Name the state of the index in one line: opinions and a hash over all of them."""
    with existing_index(settings(data, "index")) as opened:
        print(digest_line(opened))
