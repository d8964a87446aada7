"""Intervals against worlds in which the truth is known; ``make bench-honesty`` has more of it."""

from __future__ import annotations

import pytest

from benchmarks.bench_honesty import Tally
from benchmarks.honesty_methods import COUNTED, OURS, Methods
from benchmarks.honesty_worlds import SHIFTS, WORLDS, World
from models.artifact import SHIPPED, load_manifest

TABLE = load_manifest(SHIPPED).held_out


@pytest.mark.parametrize("shift", SHIFTS)
def test_intervals_hold_and_shares_are_less_off_than_counted(shift: str) -> None:
    assert TABLE is not None
    tally = Tally()
    for seed, same in enumerate(WORLDS.values()):
        for size in (200, 2000):
            world = World(TABLE, same, varied=100, seed=seed)
            for trial in world.trials(size, SHIFTS[shift], 8, 12):
                tally.add(Methods(trial.rows), trial.cells, trial.truth)
    assert 0.92 <= tally.cover(OURS) <= 0.995
    # Windows of 200 are in it, which hold it up: docs/honesty.md has the figures by size.
    assert tally.error(OURS) < 0.7 * tally.error(COUNTED)
    assert tally.cover(COUNTED) < 0.5
