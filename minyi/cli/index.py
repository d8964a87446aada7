"""``minyi index``: the life of the indices in Elasticsearch."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from minyi.cli.wiring import elastic_index, elasticsearch, settings
from minyi.clock import SystemClock
from minyi.errors import SettingError

app = typer.Typer(help="Opinions in Elasticsearch: drop old months.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.command()
def prune(
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, help="Whole months to keep. [default: MINYI_ELASTIC__RETENTION_MONTHS]"
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
    with closing(elasticsearch(config)) as client, closing(elastic_index(config)) as index:
        gone = expired(index.check(), Names(), SystemClock().now(), months)
        for name in gone:
            print(name)
        if not dry_run:
            drop(client, gone)
    print(f"{len(gone)} months {'would be dropped' if dry_run else 'dropped'}")
