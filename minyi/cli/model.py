"""``minyi model``: train, export, calibrate, hold rows out; its other commands stand beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minyi.cli.judging import compare, info, score
from minyi.cli.labelling import label
from minyi.cli.training import Artifact, Data, begin, know_policies
from minyi.cli.wiring import console, settings
from minyi.errors import SettingError
from minyi.settings import ROOT

if TYPE_CHECKING:
    from models.training.config import TrainConfig

app = typer.Typer(help="The tagger: train, score, compare, correct.", no_args_is_help=True)
for command in (label, score, compare, info):
    app.command()(command)

RECIPE = ROOT / "models" / "configs" / "small.toml"
OWN_RECIPE = ROOT / "models" / "configs" / "own.toml"
RUN_RECIPE = "recipe.toml"
"""A run's copy of its recipe."""

Run = Annotated[Path, typer.Option(help="Folder of the training run; a run in it goes on.")]


@app.command()
def train(
    config: Annotated[
        Path | None,
        typer.Option(help="Recipe. \\[default: models/configs/small.toml, or own.toml]"),
    ] = None,
    run: Run = Path("var/model"),
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="A Hugging Face BERT's folder or name, or a tagger's folder to go on with.",
        ),
    ] = None,
    data: Data = None,
    until: Annotated[str | None, typer.Option(help="Stop after this stage.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the rows of each stage; train nothing.")
    ] = False,
) -> None:
    """Train a tagger and write its artifact, calibrated, to RUN/artifact.

    A run that was stopped goes on from its last checkpoint when the same command is given again.
    """
    begin()
    from models.rows.own import summary
    from models.training.base import base_name, prepare_base
    from models.training.config import load_config
    from models.training.ready import ready, rows_ready
    from models.training.train import Trainer, mixture

    if data is not None:
        console.print(summary(data), markup=False, highlight=False)
    if dry_run:
        recipe = load_config(config or _recipe(data, base_name(run, start)))
        validating = rows_ready(recipe, data)
        for stage in recipe.stages:
            rows = mixture(stage, recipe.seed, data, recipe.without)
            console.print(f"{stage.name}: {len(rows):,} rows")
        console.print(f"to calibrate on: {validating:,} rows")
        return
    base = prepare_base(run, start)
    chosen = config or _recipe(data, base.name)
    recipe = load_config(chosen)
    ready(recipe, base, data)
    trainer = Trainer(recipe, base, run, data)
    (run / RUN_RECIPE).write_bytes(chosen.read_bytes())
    trainer.run(until)
    if until is None:
        _export(recipe, run, run / "artifact", data)
        console.print(f"to use it: MINYI_MODEL={run / 'artifact'} minyi serve", markup=False)


@app.command()
def export(
    run: Run = Path("var/model"),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write. \\[default: RUN/artifact]")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Another recipe than the run's.")] = None,
    data: Data = None,
) -> None:
    """Write the artifact of a training run and calibrate it on validation rows."""
    begin()
    from models.training.config import load_config

    if not ((run / RUN_RECIPE).is_file() or (config and run.is_dir())):
        raise SettingError(f"{run} holds no training run; minyi model train makes one")
    _export(load_config(config or run / RUN_RECIPE), run, out or run / "artifact", data)


@app.command()
def calibrate(artifact: Artifact = None, data: Data = None) -> None:
    """Choose again on validation rows how an artifact decides: scales, thresholds, when it is sure.
    ``export`` does so by itself; the model id becomes another, and the scores of the old one go.
    """
    folder = artifact or settings().model
    begin()
    from models.artifact import load_manifest
    from models.exporting.calibrate import calibrate as choose
    from models.training.config import recipe_of

    manifest = choose(folder, recipe_of(load_manifest(folder)), data)
    console.print(f"{folder}: model {manifest.model_id}", markup=False)


@app.command()
def hold_out(artifact: Artifact = None, data: Data = None) -> None:
    """Tag rows that were not trained on and write into the manifest what came out: the table that
    shares are adjusted by. ``export`` does so by itself; the model id stays.
    """
    folder = artifact or settings().model
    from models.exporting.hold_out import held_out
    from models.runtime import OnnxTagger

    know_policies()
    tagger = OnnxTagger(folder)
    with console.status("tagging"):
        table = held_out(tagger, data)
    tagger.manifest.model_copy(update={"held_out": table}).save(folder)
    rows = sum(
        n for p in table.policies.values() for bins in p.stances.values() for n in bins.values()
    )
    console.print(f"{rows:,} rows of {len(table.policies):,} policies and targets", markup=False)


def _export(recipe: TrainConfig, run: Path, out: Path, data: Path | None) -> None:
    from models.exporting.export import export as write
    from models.training.base import prepare_base

    manifest = write(recipe, prepare_base(run), run, out, data)
    console.print(f"wrote {out}: model {manifest.model_id}", markup=False)


def _recipe(data: Path | None, base: str | None) -> Path:
    """Return the recipe for a user's own comments or base, else the shipped tagger's."""
    from models.training.base import SHARED

    ours = base is None or base.startswith(SHARED)
    return RECIPE if data is None and ours else OWN_RECIPE
