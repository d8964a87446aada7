"""``minyi index``: comments to forget, and the life of the indices in Elasticsearch."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from minyi.cli.forgetting import forget
from minyi.cli.opening import SLOW_S, elastic_index, elasticsearch
from minyi.cli.progress import bars
from minyi.cli.wiring import console, settings
from minyi.clock import SystemClock
from minyi.errors import SettingError

app = typer.Typer(
    help="The index: comments to forget; in Elasticsearch old months, new fields, roles.",
    no_args_is_help=True,
)
app.command()(forget)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.command()
def prune(
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, help="Whole months to keep. \\[default: MINYI_ELASTIC__RETENTION_MONTHS]"
        ),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Drop the months that are older than the retention; the running month stays besides."""
    from indexers.lifecycle import Names, drop, expired

    config = settings()
    months = keep or config.elastic.retention_months
    if months is None:
        raise SettingError("say how many months to keep: --keep or MINYI_ELASTIC__RETENTION_MONTHS")
    with closing(elasticsearch(config, SLOW_S)) as client, closing(elastic_index(config)) as index:
        gone = expired(index.check(), Names(), SystemClock().now(), months)
        for name in gone:
            print(name)
        if not dry_run:
            drop(client, gone)
    print(f"{len(gone)} months {'would be dropped' if dry_run else 'dropped'}")


@app.command()
def migrate(
    again: Annotated[
        bool, typer.Option("--again", help="Write all anew though the fields are those of today.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Delete the generations before the one in use.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Write all opinions anew in the fields of this version, while workers and readers go on.

    Writes wait for the last moments, then the alias moves in one step and they go on. The old
    generation stays, without the alias and closed for writes, until --drop-old.
    """
    from indexers.lifecycle import Names
    from indexers.migrate import Migration, drop_older, older, plan

    config = settings()
    names = Names()
    with closing(elasticsearch(config, SLOW_S)) as client:
        chosen = plan(client, names)
        way = f"{names.generation(chosen.source)} → {names.generation(chosen.target)}"
        if not (chosen.needed or again):
            print(f"{names.generation(chosen.source)} has the fields of this version")
        elif dry_run:
            print(f"{way}: {chosen.opinions:,} opinions in {chosen.months} months to copy")
        else:
            if chosen.begun:
                console.print("an earlier migration was stopped half-way; starting it again")
            with bars() as progress:
                task = progress.add_task("copying", total=chosen.opinions)
                advance = partial(progress.advance, task)
                months = config.elastic.retention_months
                total = Migration(client, names, chosen, advance, months).run()
            print(f"{way}: {total:,} opinions, in use now")
        if drop_old:
            gone = older(client, names) if dry_run else drop_older(client, names)
            print(f"{len(gone)} old indices {'would be dropped' if dry_run else 'dropped'}")


@app.command()
def accounts() -> None:
    """Put the roles, and a user for each whose password MINYI_ACCOUNTS__… gives.

    OPERATOR, WORKER, API and ANALYST make minyi_operator and so on; KIBANA is the password of
    kibana_system. Needs a login that manages security; safe to repeat.
    """
    from indexers.accounts import put_accounts
    from indexers.roles import apply as put_roles

    config = settings()
    with closing(elasticsearch(config)) as client:
        print(f"roles put: {', '.join(put_roles(client))}")
        print(f"accounts put: {', '.join(put_accounts(client, config.accounts))}")


@app.command()
def roles(
    apply: Annotated[
        bool, typer.Option("--apply/--show", help="Put them into Elasticsearch, or print them.")
    ] = False,
) -> None:
    """The roles that worker, API, analysts and operators need, with the least rights."""
    from indexers.roles import apply as put
    from indexers.roles import roles as shipped

    if not apply:
        print(json.dumps(shipped(), indent=2, ensure_ascii=False))
        return
    with closing(elasticsearch(settings())) as client:
        print(f"roles put: {', '.join(put(client))}")
