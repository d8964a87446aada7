"""``minyi model``: train, export, score, compare, describe and correct the tagger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from minyi.cli.labelling import label
from minyi.cli.tables import plain
from minyi.cli.training import need_training
from minyi.cli.wiring import console, output, registry, settings
from minyi.settings import ROOT

if TYPE_CHECKING:
    from models.artifact import Manifest
    from models.config import TrainConfig
    from models.judged import Score

app = typer.Typer(help="The tagger: train, score, compare, correct.", no_args_is_help=True)
app.command()(label)

RECIPE = ROOT / "models" / "configs" / "small.toml"
OWN_RECIPE = ROOT / "models" / "configs" / "own.toml"
RUN_RECIPE = "recipe.toml"
"""A run's copy of its recipe."""

Run = Annotated[Path, typer.Option(help="Folder of the training run; a run in it goes on.")]
Artifact = Annotated[Path | None, typer.Option(help="Folder of the artifact. \\[env: MINYI_MODEL]")]
Data = Annotated[
    Path | None,
    typer.Option(help="Your own labelled comments: JSON Lines with text, policy, stance."),
]
Split = Annotated[Literal["val", "test"], typer.Option(help="Choose on val; test is to report.")]


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
    _begin()
    from models.base import base_name, prepare_base
    from models.config import load_config
    from models.ready import ready, rows_ready
    from models.train import Trainer, mixture

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
    _begin()
    from models.config import load_config

    _export(load_config(config or run / RUN_RECIPE), run, out or run / "artifact", data)


@app.command()
def score(
    artifact: Artifact = None,
    split: Split = "val",
    data: Data = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write the scores into the manifest.")
    ] = False,
    diagram: Annotated[
        Path | None, typer.Option(help="Write a reliability diagram, an SVG file.", dir_okay=False)
    ] = None,
) -> None:
    """Score a tagger beside a linear baseline, on rows that it was not trained on.

    Needs the corpora (MINYI_SHARED), or --data with labelled comments of your own.
    """
    folder = artifact or settings().model
    _begin()
    from models import score as scores
    from models.judged import Judged
    from models.own import rows_to_score
    from models.runtime import OnnxTagger

    tagger = OnnxTagger(folder)
    if diagram is not None:
        diagram.parent.mkdir(parents=True, exist_ok=True)
    found: list[Score] = []
    table = Table("score", "tagger", "SVM", "rows", title=f"{split}, model {tagger.model_id}")
    with console.status("scoring"):
        if data is not None:
            judged = Judged(tagger, rows_to_score(data, split, save))
            found += scores.policy_scores(judged, data.name)
        else:
            from models.fidelity import vector_scores

            exam = scores.Exam(tagger, split)
            found += scores.scores(exam)
            found += vector_scores(tagger)
    for one in found:
        svm = "" if one.svm is None else f"{one.svm:.3f}"
        table.add_row(one.name, f"{one.model:.3f}", svm, f"{one.rows:,}")
    output.print(table)
    if diagram is not None:
        from models.diagram import write_diagram

        panels = {data.name: judged.bins} if data else scores.reliabilities(exam)
        write_diagram(diagram, panels)
    if save:
        _save(folder, split, found)


@app.command()
def hold_out(artifact: Artifact = None, data: Data = None) -> None:
    """Tag rows that were not trained on and write into the manifest what came out: the table that
    shares are adjusted by. ``export`` does so by itself; the model id stays.
    """
    folder = artifact or settings().model
    from models.hold_out import held_out
    from models.runtime import OnnxTagger

    _know_policies()
    tagger = OnnxTagger(folder)
    with console.status("tagging"):
        table = held_out(tagger, data)
    tagger.manifest.model_copy(update={"held_out": table}).save(folder)
    rows = sum(
        n for p in table.policies.values() for bins in p.stances.values() for n in bins.values()
    )
    console.print(f"{rows:,} rows of {len(table.policies):,} policies and targets", markup=False)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="An artifact.")],
    second: Annotated[Path, typer.Argument(help="Another artifact.")],
    split: Split = "val",
    data: Data = None,
    show: Annotated[int, typer.Option(help="Comments on which the two differ.", min=0)] = 5,
) -> None:
    """Compare two taggers on the same rows: the differences and whether they are clear."""
    _begin()
    from models.compare import differences
    from models.inputs import STANCES
    from models.judged import Judged
    from models.labels import comments, gold
    from models.own import rows_to_score
    from models.runtime import OnnxTagger

    taggers = [OnnxTagger(folder) for folder in (first, second)]
    rows = rows_to_score(data, split) if data else gold(split) + comments(split) * (split == "val")
    with console.status("tagging"):
        one, two = (Judged(tagger, rows) for tagger in taggers)
    table = Table("score", "first", "second", "difference", "95 % interval", "clear")
    for gap in differences(one, two):
        table.add_row(
            gap.name,
            f"{gap.first:.3f}",
            f"{gap.second:.3f}",
            f"{gap.second - gap.first:+.3f}",
            f"{gap.low:+.3f} to {gap.high:+.3f}",
            "yes" if gap.clear else "no",
        )
    output.print(table)
    differing = [i for i in range(len(rows)) if one.stance[i] != two.stance[i]]
    output.print(f"{len(differing)} of {len(rows)} comments get another stance")
    for index in differing[:show]:
        truth, a, b = (STANCES[x[index]] for x in (one.truth, one.stance, two.stance))
        text = rows[index].text.replace("\n", " ")[:80]
        output.print(f"{truth}: {a} → {b}  {text}", markup=False)


@app.command()
def info(artifact: Artifact = None) -> None:
    """Describe an artifact: where it comes from, how it decides, how good it is."""
    from models.artifact import load_manifest

    folder = artifact or settings().model
    manifest = load_manifest(folder)
    decision = manifest.decision
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
    table = Table(title=f"model {manifest.model_id}", show_header=False)
    for name, value in (
        ("folder", str(folder)),
        ("size", f"{size:.1f} MB"),
        ("made", f"{manifest.created_at:%Y-%m-%d %H:%M} UTC, code {manifest.code_revision}"),
        ("base", manifest.base),
        ("licence", manifest.licence),
        ("tokens of a pair", f"{decision.max_length}"),
        ("stances", ", ".join(decision.stances)),
        ("cells from", ", ".join(_thresholds(manifest))),
        ("sure from", f"{decision.sure_from:.2f}"),
        ("trained on", f"{len(manifest.data)} files"),
    ):
        table.add_row(*plain(name, value))
    output.print(table)
    for split, found in manifest.scores.items():
        scores = Table("score", "tagger", "SVM", "rows", title=f"scores, {split}")
        for name, values in found.items():
            svm = f"{values['svm']:.3f}" if "svm" in values else ""
            scores.add_row(name, f"{values['model']:.3f}", svm, f"{int(values['rows']):,}")
        output.print(scores)


def _begin() -> None:
    """See that training can be done, and log as it does: what reads settings comes before."""
    _know_policies()
    need_training()


def _know_policies() -> None:
    """Let labelled comments name the policies of the configured registry."""
    from models.examples import use_registry

    use_registry(registry(settings()))


def _export(recipe: TrainConfig, run: Path, out: Path, data: Path | None) -> None:
    from models.base import prepare_base
    from models.export import export as write

    manifest = write(recipe, prepare_base(run), run, out, data)
    console.print(f"wrote {out}: model {manifest.model_id}", markup=False)


def _recipe(data: Path | None, base: str | None) -> Path:
    """Return the recipe for a user's own comments or base, else the shipped tagger's."""
    from models.base import SHARED

    ours = base is None or base.startswith(SHARED)
    return RECIPE if data is None and ours else OWN_RECIPE


def _thresholds(manifest: Manifest) -> list[str]:
    decision = manifest.decision
    return [
        f"{cell} {threshold:.2f}"
        for cell, threshold in zip(decision.cells, decision.thresholds, strict=True)
    ]


def _save(folder: Path, split: str, scores: list[Score]) -> None:
    from models.artifact import load_manifest

    saved: dict[str, dict[str, float]] = {}
    for one in scores:
        saved[one.name] = {"model": round(float(one.model), 4), "rows": int(one.rows)}
        if one.svm is not None:
            saved[one.name]["svm"] = round(float(one.svm), 4)
    manifest = load_manifest(folder)
    kept = {**manifest.scores, split: saved}
    manifest.model_copy(update={"scores": kept}).save(folder)
    console.print(f"saved into {folder / 'manifest.json'}", markup=False)
