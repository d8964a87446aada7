"""``minyi kibana``: export, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from minyi.cli.wiring import console, registry, settings
from minyi.errors import KibanaRefused, SettingError
from minyi.settings import Settings

app = typer.Typer(help="Data views, searches and dashboards for Kibana.", no_args_is_help=True)


def _kit(config: Settings) -> str:
    """Return the kit for the current registry, checked.

    Raises:
        KibanaRefused: when Kibana would not take it.
    """
    from indexers.kibana.check import problems
    from indexers.kibana.objects import export as ndjson

    text = ndjson(registry(config).values())
    if found := problems([json.loads(line) for line in text.splitlines()]):
        raise KibanaRefused("Kibana would refuse these objects:\n  " + "\n  ".join(found))
    return text


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="NDJSON file to write. \\[default: standard output]")
    ] = None,
) -> None:
    """Write the saved objects, with the titles of the registry's policies, as NDJSON.

    Kibana reads the file under Stack Management, Saved Objects, Import.
    """
    text = _kit(settings())
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{file} cannot be written: {error.strerror}") from error
    console.print(f"{len(text.splitlines())} saved objects in {file}", markup=False)


@app.command("import")
def import_kit(
    url: Annotated[
        str | None, typer.Option(help="Kibana. \\[env: MINYI_KIBANA__URL; default: 127.0.0.1:5601]")
    ] = None,
    space: Annotated[str, typer.Option(help="Id of the space. \\[default: Kibana's default]")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the objects; send nothing.")
    ] = False,
) -> None:
    """Put the saved objects into Kibana, over those of the same ids.

    MINYI_KIBANA__USERNAME and MINYI_KIBANA__PASSWORD, or MINYI_KIBANA__API_KEY, say who asks.
    """
    from indexers.kibana.client import address, send

    config = settings()
    kibana = url or config.kibana.url
    target = address(kibana, space)
    text = _kit(config)
    if dry_run:
        print(f"{len(text.splitlines())} saved objects are fit for {target}; nothing was sent")
        return
    done = send(text, config.kibana, kibana, space)
    for warning in done.warnings:
        console.print(f"Kibana warns: {warning}", style="yellow", markup=False, highlight=False)
    print(f"{done.count} saved objects in Kibana; open the dashboard 民意总览")
