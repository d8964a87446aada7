"""``minyi export``: the open data as a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from minyi.cli.opening import existing_index
from minyi.cli.options import Data, Json
from minyi.cli.publisher import publisher
from minyi.cli.tables import plain
from minyi.cli.wiring import adjuster, console, known_policy, output, registry, settings
from minyi.clock import SystemClock
from minyi.errors import InvalidQuery, SettingError
from minyi.open_data.folder import write
from minyi.open_data.formats import Format, formats, require
from minyi.open_data.release import gather
from minyi.registry import revision


def export(
    policy: Annotated[str | None, typer.Option(help="Policy id; none: all policies.")] = None,
    wanted: Annotated[
        list[Format] | None,
        typer.Option("--format", help="May come several times. \\[default: all that are possible]"),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--output", help="Folder for the files; made when missing.")
    ] = Path("open-data"),
    bom: Annotated[
        bool, typer.Option(help="Begin a CSV with the mark by which Excel knows UTF-8.")
    ] = True,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Write the open data: aggregates that tell nothing of a few people, with a datasheet."""
    config = settings(data, "index")
    chosen = tuple(dict.fromkeys(wanted)) if wanted else formats()
    for each in chosen:
        require(each)
    policies = registry(config)
    publishing = publisher(config)
    some = [known_policy(policies, policy)] if policy else policies.values()
    with existing_index(config) as opened:
        release = gather(
            opened,
            some,
            SystemClock().now(),
            publishing,
            adjuster(config),
            revision(policies.values()),
        )
    if policy and not release.opinions:
        raise InvalidQuery(
            f"nothing can be published of {policy}: fewer than {publishing.k} people have spoken "
            "in the months that have ended"
        )
    try:
        files = write(release, folder, chosen, bom=bom)
    except OSError as error:
        raise SettingError(f"{folder} cannot be written to: {error.strerror}") from error
    if not publishing.licence:
        console.print(
            "no licence is named, so nobody may use these: MINYI_OPEN__LICENCE names one",
            style="yellow",
        )
    if as_json:
        print((folder / "datapackage.json").read_text("utf-8"), end="")
        return
    table = Table(
        title=f"release {release.id}, {release.opinions:,} opinions before {release.until}",
        caption=f"each figure stands on at least {publishing.k} people; {release.withheld} "
        "policies of fewer are left out",
    )
    table.add_column("file", overflow="fold")
    table.add_column("bytes", justify="right")
    for file in files.values():
        table.add_row(*plain(str(folder / file.name), f"{file.size:,}"))
    output.print(table)
