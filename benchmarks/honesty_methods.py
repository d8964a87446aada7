"""The ways to a share that are held beside each other."""

from __future__ import annotations

import numpy as np

from minyi.arrays import Floats
from minyi.outputs import OUTPUTS, STANCES, stance_of
from minyi.prevalence import wilsons
from minyi.shares.bands import adjusted
from minyi.shares.levels import moves, read
from minyi.shares.quantifying import adapted, inverted
from minyi.shares.reading import Reading, learn
from minyi.shares.smoothing import level

COUNTED = "counted"
OURS = "level and change"
BAND = "band"
"""The same, smoothed over windows a month long, as a trend shows it (``minyi.shares.bands``)."""
OF_STANCE = np.array(
    [[stance_of(b) is stance for stance in STANCES] for b in range(OUTPUTS)], float
)
"""The stance of each bin, (B, K)."""


class Methods:
    """All methods, taught by the same held-out rows (P, K, B)."""

    def __init__(self, rows: Floats) -> None:
        self.reading: Reading = learn(rows)
        total = rows.sum(0) + 0.1
        self.confusion = total / total.sum(1, keepdims=True)
        self.prior = rows.sum((0, 2)) / rows.sum()

    def shares(self, cells: Floats) -> dict[str, Floats]:
        """Return the shares (C, K) that each method finds in cells (C, B)."""
        observed = cells / cells.sum(1, keepdims=True)
        chances = self.reading.chances
        return {
            COUNTED: observed @ OF_STANCE,
            "PCC": observed @ chances,
            "ACC": inverted(self.confusion @ OF_STANCE, observed @ OF_STANCE),
            "PACC": inverted(self.confusion @ chances, observed @ chances),
            "SLD": adapted(chances, self.prior, cells, steps=200, close=1e-5),
            OURS: read(self.reading, cells).value,
            BAND: self._band(cells)[0],
        }

    def _band(self, cells: Floats) -> tuple[Floats, Floats, Floats]:
        """Return value, low and high of the smoothed shares, (C, K) each."""
        moved = moves(self.reading, cells)
        months = np.arange(len(cells), dtype=float)
        bounds = adjusted(level(months, moved.value.T, moved.sampled.T), moved)
        value, low, high = (bound.T for bound in bounds)
        return value, low, high

    def intervals(self, cells: Floats) -> dict[str, tuple[Floats, Floats]]:
        """Return the 95 % intervals, (C, K) each, of the methods that have some."""
        ours = read(self.reading, cells)
        counts = np.rint(cells @ OF_STANCE).astype(np.int64)
        return {
            COUNTED: wilsons(counts, np.broadcast_to(counts.sum(1, keepdims=True), counts.shape)),
            OURS: (ours.low, ours.high),
            BAND: self._band(cells)[1:],
        }
