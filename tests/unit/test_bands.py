"""Bands of adjusted shares in worlds where the truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from minyi.arrays import Floats
from minyi.outputs import OUTPUTS
from minyi.query import Counts, Interval, TrendPoint
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Denominator
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.trends import assemble
from minyi.vocabulary import Stance

STANCES = list(Stance)
WEEKS = 24
WEEKLY = Denominator(interval=Interval.WEEK)


def tagger() -> Floats:
    """Return how likely each output is for each true stance: right in three of four."""
    chances = np.full((3, OUTPUTS), 0.02)
    for truth in range(3):
        own = slice(truth * 10, truth * 10 + 10)
        chances[truth] += np.tile([0.075, 0.05, 0.025, 0.0125, 0.005], 6)
        chances[truth, own] = 0.02 + np.tile([0.0375, 0.056, 0.075, 0.094, 0.1125], 2)
    return chances / chances.sum(1, keepdims=True)


class World:
    """A tagger that reads every policy a little differently, and held-out rows of twelve others."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        policies = {
            str(number): HeldOutPolicy(
                stances={
                    stance: counted(self.rng.multinomial(n, chances))
                    for stance, n, chances in zip(
                        STANCES,
                        self.rng.multinomial(150, self.rng.dirichlet([2, 2, 1])),
                        self.reading(),
                        strict=True,
                    )
                }
            )
            for number in range(12)
        }
        self.adjuster = Adjuster({"m": HeldOut(model_id="m", policies=policies)})

    def reading(self) -> Floats:
        found = tagger() * np.exp(self.rng.normal(0, 0.2, (3, OUTPUTS)))
        return found / found.sum(1, keepdims=True)

    def weeks(self, size: float, step: float) -> tuple[Floats, list[TrendPoint]]:
        """Return true shares that go at random, and what the index counted of them."""
        odds = np.log(self.rng.dirichlet([3, 3, 2])) + self.rng.normal(0, step, (WEEKS, 3)).cumsum(
            0
        )
        true = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
        reading, points = self.reading(), []
        for week, shares in enumerate(true):
            said = self.rng.multinomial(1 + self.rng.poisson(size), shares)
            bins = sum(self.rng.multinomial(n, r) for n, r in zip(said, reading, strict=True))
            favor, against, none = np.reshape(bins, (3, 10)).sum(1).tolist()
            cell = Counts(favor=favor, against=against, none=none, outputs={"m": counted(bins)})
            day = date(2026, 1, 5) + timedelta(weeks=week)
            points.append(TrendPoint(bucket=day, counts=cell, collapsed=cell))
        return true, points


def counted(bins: Floats) -> dict[int, int]:
    return {place: int(n) for place, n in enumerate(bins) if n}


@pytest.mark.parametrize(
    ("size", "step", "least"),
    [(4, 0.1, 0.91), (15, 0.3, 0.91), (60, 0.1, 0.91), (300, 0.1, 0.91), (300, 0.3, 0.82)],
)
def test_a_band_covers_the_truth_and_errs_less_than_the_windows(
    size: int, step: float, least: float
) -> None:
    covered, off, alone = [], [], []
    for seed in range(30):
        world = World(seed)
        true, points = world.weeks(size, step)
        found = assemble("another", Interval.WEEK, points, None, world.adjuster, WEEKLY)
        for shares, row, point in zip(true, found.rows, found.smooth, strict=True):
            for share, stance in zip(shares, STANCES, strict=True):
                band = getattr(point, stance)
                covered.append(band.low <= share <= band.high)
                if row.adjusted is not None:
                    off.append(abs(band.value - share))
                    alone.append(abs(getattr(row.adjusted, stance).value - share))
    assert np.mean(covered) >= least
    if off:
        assert np.mean(off) < np.mean(alone)


def test_a_band_is_made_of_the_same_shares_and_errors_as_the_windows() -> None:
    world = World(7)
    _, points = world.weeks(400, 0.1)
    cells = [point.counts for point in points]
    moves, adjusted = world.adjuster.moves("p", cells), world.adjuster.adjust("p", cells)
    assert moves is not None
    change = (moves.value - moves.level) ** 2
    deviation = np.sqrt(moves.sampled + moves.shared + change @ moves.bend)
    compared = 0
    for value, spread, one in zip(moves.value, deviation, adjusted, strict=True):
        assert one is not None
        for share, middle, width in zip(
            (one.favor, one.against, one.none), value, spread, strict=True
        ):
            assert share.low is not None
            assert share.high is not None
            if 0 < share.low < share.high < 1:
                compared += 1
                assert share.value == pytest.approx(middle, abs=1e-4)
                assert (share.high - share.low) / 3.92 == pytest.approx(width, rel=0.02)
    assert compared > 20
    assert world.adjuster.moves("p", [*cells, Counts(favor=1000)]) is None
    assert world.adjuster.moves("p", []) is None
