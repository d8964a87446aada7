"""How far shares are off, and whether their 95 % intervals hold the truth.

    python -m benchmarks.bench_honesty [--quick]

First worlds in which the truth is known, made of the shipped tagger's held-out rows; then held-out
policies left out one at a time; then real comments with labels: the bundled stream, and, when
``MINYI_SHARED`` names the folder with the corpora, our gold rows, NLPCC, C-STANCE and the votes of
vTaiwan. docs/honesty.md tells what the figures mean.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import honesty_real
from benchmarks.honesty_methods import BAND, COUNTED, OURS, Methods
from benchmarks.honesty_worlds import SHIFTS, VARIED, WINDOWS, WORLDS, World, rows_of
from minyi.arrays import Floats, Integers
from minyi.outputs import stance_of
from minyi.prevalence import Z95, wilsons
from minyi.query import Counts
from minyi.shares.adjusting import Adjuster
from minyi.shares.held_out import HeldOut
from minyi.shares.levels import read
from minyi.shares.prediction_powered import prediction_powered
from minyi.shares.reading import learn, whole
from minyi.vocabulary import Aspect, Polarity, Stance
from models.artifact import SHIPPED, load_manifest
from models.inputs import CELLS
from models.rows.shared import SHARED_VARIABLE

SIZES = (20, 50, 200, 1000, 5000, 20000)
ENOUGH = 100
"""Opinions from which sampling does not hide everything else."""
out = Console(width=160)


class Tally:
    """Errors and intervals of many cells, by method."""

    def __init__(self) -> None:
        self.errors: dict[str, list[Floats]] = defaultdict(list)
        self.held: dict[str, list[Floats]] = defaultdict(list)
        self.widths: dict[str, list[Floats]] = defaultdict(list)

    def add(self, methods: Methods, cells: Floats, truth: Floats) -> None:
        """Hold what the methods say of cells (C, B) against their true shares (C, K)."""
        for name, shares in methods.shares(cells).items():
            self.errors[name].append(np.abs(shares - truth).mean(1))
        for name, (low, high) in methods.intervals(cells).items():
            # Shares are rounded to four decimals where they are shown.
            held = (low - 5e-5 <= truth) & (truth <= high + 5e-5)
            self.held[name].append(held.mean(1))
            self.widths[name].append((high - low).mean(1))

    def error(self, name: str) -> float:
        """Mean absolute error of a share."""
        return float(np.concatenate(self.errors[name]).mean())

    def cover(self, name: str) -> float:
        """Part of the intervals that hold the truth."""
        return float(np.concatenate(self.held[name]).mean())

    def width(self, name: str) -> float:
        """Mean width of an interval."""
        return float(np.concatenate(self.widths[name]).mean())

    @property
    def cells(self) -> int:
        return sum(len(part) for part in self.errors[OURS])


def show(title: str, first: str, tallies: Iterable[tuple[str, Tally]]) -> None:
    """Print one table: a row a tally."""
    tallies = list(tallies)
    names = list(tallies[0][1].errors)
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    table.add_column("cells", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("of counted", justify="right")
    table.add_column("holds", justify="right")
    table.add_column("width", justify="right")
    table.add_column("counted holds", justify="right")
    table.add_column("band of counted", justify="right")
    table.add_column("band holds", justify="right")
    for label, tally in tallies:
        table.add_row(
            label,
            f"{tally.cells:,}",
            *(f"{tally.error(name):.3f}" for name in names),
            f"{tally.error(OURS) / tally.error(COUNTED):.2f}",
            f"{tally.cover(OURS):.3f}",
            f"{tally.width(OURS):.2f}",
            f"{tally.cover(COUNTED):.3f}",
            f"{tally.error(BAND) / tally.error(COUNTED):.2f}",
            f"{tally.cover(BAND):.3f}",
        )
    out.print(table)


def simulated(table: HeldOut, policies: int) -> None:
    """Run all worlds, sizes and shifts."""
    by_size: dict[int, Tally] = defaultdict(Tally)
    by_world: dict[str, Tally] = defaultdict(Tally)
    by_shift: dict[str, Tally] = defaultdict(Tally)
    everything, large = Tally(), Tally()
    plan = [
        (world, varied, shift, size)
        for world in WORLDS
        for varied in VARIED
        for shift in SHIFTS
        for size in SIZES
    ]
    for seed, (world, varied, shift, size) in enumerate(track(plan, "worlds", transient=True)):
        drawn = World(table, WORLDS[world], varied, seed)
        taught: tuple[int, Methods] | None = None
        for trial in drawn.trials(size, SHIFTS[shift], policies, WINDOWS):
            if taught is None or taught[0] != id(trial.rows):
                taught = id(trial.rows), Methods(trial.rows)
            for tally in (
                by_size[size],
                by_world[f"{world}, {varied:.0f}"],
                by_shift[shift],
                everything,
                *([large] if size >= ENOUGH else []),
            ):
                tally.add(taught[1], trial.cells, trial.truth)
    note = "simulated: mean absolute error of a share"
    show(note, "opinions a window", ((f"{size:,}", t) for size, t in by_size.items()))
    show(note, "world", by_world.items())
    show(note, "shares of the windows", by_shift.items())
    show(note, "", (("all", everything), (f"from {ENOUGH} opinions", large)))


def left_out(table: HeldOut, least: int = 20) -> None:
    """Leave each held-out policy out, learn from the others, and read it."""
    rows = rows_of(table)
    tally = Tally()
    large = [place for place in range(len(rows)) if rows[place].sum() >= least]
    for place in track(large, "left out", transient=True):
        methods = Methods(np.delete(rows, place, axis=0))
        own = rows[place]
        tally.add(methods, own.sum(0)[None], (own.sum(1) / own.sum())[None])
    title = f"held-out policies and targets of at least {least} rows, each left out"
    show(title, "", (("validation rows", tally),))


def real(table: HeldOut, sets: Sequence[honesty_real.Cells], title: str) -> None:
    """Read labelled comments that no table was made of."""
    methods = Methods(rows_of(table))
    tallies = []
    for found in sets:
        tally = Tally()
        for cells, truth in found.policies:
            tally.add(methods, cells, truth)
        tallies.append((found.name, tally))
    show(title, "rows", tallies)


def evaluations(table: HeldOut, shared: bool) -> None:
    """Read how often aspects are praised and criticised."""
    adjuster = Adjuster({table.model_id: table})
    shown = Table(title="praise and criticism of an aspect, by policy", title_justify="left")
    for column in ("rows", "cells", "counted", "adjusted", "holds", "width", "counted holds"):
        shown.add_column(column, justify="left" if column == "rows" else "right")
    for name, groups in honesty_real.judged(shared).items():
        parts = []
        for rows in groups:
            n = len(rows.found)
            counted = rows.found.sum(0)
            (found,) = adjuster.adjust("", [_evaluated(table.model_id, rows.bins, counted)])
            by_aspect = {e.aspect: e for e in (found.evaluations if found else None) or ()}
            for place, (aspect, polarity) in enumerate(CELLS):
                shares = by_aspect[aspect]
                one = shares.praise if polarity is Polarity.PRAISE else shares.criticism
                value, low, high = (np.array([x or 0.0]) for x in (one.value, one.low, one.high))
                truth = rows.held[:, place].mean(keepdims=True)
                raw = counted[place : place + 1]
                parts.append(
                    _judged(value, low, high, truth)
                    + _judged(raw / n, *wilsons(raw, np.array([n])), truth)
                )
        error, holds, width, raw_error, raw_holds, _ = np.mean(parts, axis=0)
        figures = (raw_error, error, holds, width, raw_holds)
        shown.add_row(name, f"{len(parts):,}", *(f"{figure:.3f}" for figure in figures))
    out.print(shown)


def _evaluated(model: str, bins: Integers, counted: Integers) -> Counts:
    """Return rows as the index counts them; ``counted`` are those in which each cell was found."""
    stances = Counter(stance_of(int(place)) for place in bins)
    cells: dict[Aspect, dict[Polarity, int]] = defaultdict(dict)
    for (aspect, polarity), count in zip(CELLS, counted.tolist(), strict=True):
        cells[aspect][polarity] = count
    return Counts(
        favor=stances[Stance.FAVOR],
        against=stances[Stance.AGAINST],
        none=stances[Stance.NONE],
        evaluations=cells,
        outputs={model: dict(Counter(bins.tolist()))},
    )


def with_labels(table: HeldOut, shared: bool, count: int = 40) -> None:
    """Give each large policy labels of its own."""
    reading = learn(rows_of(table))
    tallies: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for one in honesty_real.labelled(shared, count):
        guess, bins = reading.guess, one.cells[0]
        alone = one.labels.weights.sum(1) / one.labels.total
        low, high = (
            np.array(b) for b in wilsons(np.rint(count * alone).astype(np.int64), np.full(3, count))
        )
        tallies["labels alone"].append(_judged(alone, low, high, one.truth))
        powered = prediction_powered(one.labels, guess, bins)
        shares = whole(powered.shares)
        spread = (bins[:, None] * (guess - bins @ guess / bins.sum())).T @ guess / bins.sum() ** 2
        error = powered.covariance + powered.power**2 * spread
        margin = Z95 * np.sqrt(np.append(np.diag(error), error.sum()))
        tallies["prediction-powered alone"].append(
            _judged(shares, shares - margin, shares + margin, one.truth)
        )
        for name, labels in (("no labels", None), ("held-out rows and labels", one.labels)):
            found = read(reading, one.cells, fresh=labels)
            tallies[name].append(_judged(found.value[0], found.low[0], found.high[0], one.truth))
    shown = Table(title=f"policies with {count} labels of their own", title_justify="left")
    for column in ("by", "draws", "error", "holds", "width"):
        shown.add_column(column, justify="left" if column == "by" else "right")
    for name, parts in tallies.items():
        error_, holds, width = np.mean(parts, axis=0)
        shown.add_row(name, f"{len(parts):,}", f"{error_:.3f}", f"{holds:.3f}", f"{width:.2f}")
    out.print(shown)


def _judged(value: Floats, low: Floats, high: Floats, truth: Floats) -> tuple[float, float, float]:
    """Return mean absolute error, part held and mean width of a cell's intervals."""
    held = (low - 5e-5 <= truth) & (truth <= high + 5e-5)
    return float(np.abs(value - truth).mean()), float(held.mean()), float((high - low).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few draws, no tagging")
    quick = parser.parse_args().quick
    table = load_manifest(SHIPPED).held_out
    if table is None:
        raise SystemExit("the shipped manifest has no held-out rows: minyi model hold-out")
    simulated(table, 4 if quick else 16)
    left_out(table)
    if quick:
        return
    shared = bool(os.environ.get(SHARED_VARIABLE))
    real(table, honesty_real.tagged(shared), "real and written comments, by policy")
    real(table, honesty_real.shifted(shared), "the same, redrawn into windows of other shares")
    with_labels(table, shared)
    evaluations(table, shared)
    if shared:
        real(table, [honesty_real.votes(table)], "votes of vTaiwan by week, tagged by chance")
    else:
        out.print(f"gold rows, NLPCC, C-STANCE and vTaiwan need {SHARED_VARIABLE}; left out")


if __name__ == "__main__":
    main()
