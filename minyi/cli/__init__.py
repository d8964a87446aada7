"""The command line: ``minyi COMMAND``. One file a subject; ``wiring`` opens what they share."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from minyi import __version__
from minyi.cli import (
    answers,
    campaigns,
    changes,
    dead_letters,
    differences,
    export,
    index,
    ingest,
    kibana,
    model,
    policies,
    replay,
    representativeness,
    responsiveness,
    roles,
    service,
    setup,
    why,
)
from minyi.cli.wiring import console
from minyi.errors import MinyiError

app = typer.Typer(
    name="minyi",
    help="Minyi (民意): from public comments to honest preference trends.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(service.demo, service.serve),
    *(roles.worker, roles.api),
    ingest.ingest,
    *(replay.record, replay.replay),
    setup.setup,
    *(answers.trend, answers.search, answers.digest),
    changes.changes,
    differences.differences,
    representativeness.representativeness,
    campaigns.campaigns,
    why.why,
    export.export,
    responsiveness.responsiveness,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(policies.app, name="policies")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(model.app, name="model")
app.add_typer(kibana.app, name="kibana")
app.add_typer(index.app, name="index")


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        print(__version__)
        raise typer.Exit()


def main() -> None:
    """Run a command; an error that the user can mend is one line, not a traceback."""
    try:
        app()
    except MinyiError as error:
        console.print(f"minyi: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
