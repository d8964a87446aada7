"""``minyi policies``: list, check, import, suggest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from minyi.cli.options import Columns
from minyi.cli.tables import plain
from minyi.cli.wiring import output, registry, settings
from minyi.domain import Comment
from minyi.registry import import_policies, load_registry
from minyi.vocabulary import DOMAIN_ZH, Domain

app = typer.Typer(help="The registry of policies.", no_args_is_help=True)


@app.command("list")
def list_policies(
    domain: Annotated[Domain | None, typer.Option(help="Only this domain.")] = None,
) -> None:
    """List the policies of the registry."""
    table = Table()
    for name in ("id", "title", "domain", "department", "aliases"):
        table.add_column(name, overflow="fold")
    for policy in registry(settings()).values():
        if domain in (None, policy.domain):
            table.add_row(
                *plain(
                    policy.id,
                    policy.title,
                    DOMAIN_ZH[policy.domain],
                    policy.department,
                    "、".join(policy.aliases[:6]),
                )
            )
    output.print(table)


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of YAML files.")] = None,
) -> None:
    """Validate the registry: fields, dates, words claimed twice."""
    config = settings()
    policies = load_registry(folder or config.registry)
    domains = {policy.domain for policy in policies.values()}
    words = sum(len(policy.aliases) + len(policy.keywords) for policy in policies.values())
    events = sum(len(policy.events) for policy in policies.values())
    counts = f"{len(policies)} policies in {len(domains)} domains, {words:,} words, {events} events"
    print(f"{counts}: all valid")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, JSON or YAML of policies.")],
) -> None:
    """Validate policies from a file and add them to the registry."""
    config = settings()
    added = import_policies(file, config.registry)
    print(f"{len(added)} policies added to {config.registry}: {', '.join(p.id for p in added)}")
    print("a running service reads them when it is started again; ingest earlier files once more")


@app.command()
def suggest(
    files: Annotated[list[Path], typer.Argument(help="Files of comments.")],
    columns: Columns = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many phrases.")] = 30,
) -> None:
    """Mine frequent phrases from comments that no policy links: candidates for the registry."""
    from minyi.linking import Linker
    from minyi.pipeline import reading
    from minyi.suggest import suggest as mine
    from streams.intake.columns import parse_map
    from streams.intake.files import open_source
    from streams.intake.ingest import plan

    policies = registry(settings()).values()
    linker = Linker(policies)
    given = parse_map(columns or [])
    linked: list[str] = []
    unlinked: list[str] = []
    for file in files:
        for _, comment in plan(open_source(file), given).read():
            if isinstance(comment, Comment):
                links = linker.link(comment.title, comment.text)
                (linked if links else unlinked).append(reading(comment))
    known = [word for policy in policies for word in (*policy.aliases, *policy.keywords)]
    table = Table(
        caption=f"from {len(unlinked):,} comments without a link, against {len(linked):,} with one"
    )
    for name in ("phrase", "comments", "example"):
        table.add_column(name, overflow="fold")
    for phrase in mine(unlinked, linked=linked, known=known, limit=limit):
        table.add_row(*plain(phrase.text, f"{phrase.comments:,}", phrase.examples[0][:60]))
    output.print(table)
