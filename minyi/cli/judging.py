"""``minyi model score``, ``compare`` and ``info``: how good a tagger is, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from minyi.cli.tables import plain
from minyi.cli.training import Artifact, Data, begin
from minyi.cli.wiring import console, output, settings

if TYPE_CHECKING:
    from models.artifact import Manifest
    from models.scoring.judged import Score

Split = Annotated[Literal["val", "test"], typer.Option(help="Choose on val; test is to report.")]


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

    Needs the corpora (MINYI_SHARED), or --data with labelled comments of your own, which have no
    baseline beside them.
    """
    folder = artifact or settings().model
    begin()
    from models.rows.own import rows_to_score
    from models.runtime import OnnxTagger
    from models.scoring import score as scores
    from models.scoring.judged import Judged

    tagger = OnnxTagger(folder)
    if diagram is not None:
        diagram.parent.mkdir(parents=True, exist_ok=True)
    found: list[Score] = []
    with console.status("scoring"):
        if data is not None:
            judged = Judged(tagger, rows_to_score(data, split, save))
            found += scores.policy_scores(judged, data.name)
        else:
            from models.scoring.fidelity import vector_scores

            exam = scores.Exam(tagger, split)
            found += scores.scores(exam)
            found += vector_scores(tagger)
    lines = [(one.name, one.model, one.svm, one.rows) for one in found]
    output.print(_table(f"{split}, model {tagger.model_id}", lines))
    if diagram is not None:
        from models.scoring.diagram import write_diagram

        panels = {data.name: judged.bins} if data else scores.reliabilities(exam)
        write_diagram(diagram, panels)
    if save:
        _save(folder, split, found)


def compare(
    first: Annotated[Path, typer.Argument(help="An artifact.")],
    second: Annotated[Path, typer.Argument(help="Another artifact.")],
    split: Split = "val",
    data: Data = None,
    show: Annotated[int, typer.Option(help="Comments on which the two differ.", min=0)] = 5,
) -> None:
    """Compare two taggers on the same rows: the differences and whether they are clear."""
    begin()
    from models.inputs import STANCES
    from models.rows.labels import comments, gold
    from models.rows.own import rows_to_score
    from models.runtime import OnnxTagger
    from models.scoring.compare import differences
    from models.scoring.judged import Judged

    taggers = [OnnxTagger(folder) for folder in (first, second)]
    rows = rows_to_score(data, split) if data else gold(split) + comments(split) * (split == "val")
    with console.status("tagging"):
        one, two = (Judged(tagger, rows) for tagger in taggers)
    table = Table("score", "first", "second", "difference", "95 % interval", "clear", "rows")
    for gap in differences(one, two):
        table.add_row(
            gap.name,
            f"{gap.first:.3f}",
            f"{gap.second:.3f}",
            f"{gap.second - gap.first:+.3f}",
            f"{gap.low:+.3f} to {gap.high:+.3f}",
            "yes" if gap.clear else "no",
            f"{gap.rows:,}",
        )
    output.print(table)
    differing = [i for i in range(len(rows)) if one.stance[i] != two.stance[i]]
    output.print(f"{len(differing)} of {len(rows)} comments get another stance")
    for index in differing[:show]:
        truth, a, b = (STANCES[x[index]] for x in (one.truth, one.stance, two.stance))
        text = rows[index].text.replace("\n", " ")[:80]
        output.print(f"{truth}: {a} → {b}  {text}", markup=False)


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
        lines = [(name, it["model"], it.get("svm"), it["rows"]) for name, it in found.items()]
        output.print(_table(f"scores, {split}", lines))


def _table(title: str, lines: Sequence[tuple[str, float, float | None, float]]) -> Table:
    """Return scores as a table of name, tagger, baseline where there is any, and rows."""
    beside = any(svm is not None for _, _, svm, _ in lines)
    table = Table("score", "tagger", *(["SVM"] if beside else []), "rows", title=title)
    for name, tagger, svm, rows in lines:
        baseline = ["" if svm is None else f"{svm:.3f}"] if beside else []
        table.add_row(name, f"{tagger:.3f}", *baseline, f"{int(rows):,}")
    return table


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
