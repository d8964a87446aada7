"""Worlds in which the truth is known, to see whether intervals hold it.

All are made of the tagger's held-out rows. What differs is why policies' comments come out as they
do:

- **same**: the tagger makes the same mistakes for every policy, only shares differ (label shift),
- **knows**: the tagger knows its policies, so an output means the same for every policy,
- **between**: half way,

each with confusions that vary a little or much from policy to policy. A policy of which no row was
held out is seen in twelve windows whose shares keep still, drift or jump.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.outputs import OUTPUTS, STANCES
from minyi.shares.held_out import HeldOut

WORLDS = {"same": 1.0, "between": 0.5, "knows": 0.0}
VARIED = (30.0, 100.0, 300.0)
"""Concentration of the Dirichlet distribution of a policy's confusion: the less, the more policies
differ."""
SHIFTS = {"still": 0.0, "drift": 20.0, "jump": 2.0}
"""Concentration of a window's shares around its policy's; 0 keeps them."""
WINDOWS = 12
POLICIES, ROWS = 100, 15
"""Held-out policies, and rows of each on average: about as many as the shipped tagger has."""
SMOOTH = 0.3


@dataclass(frozen=True, slots=True)
class Trial:
    """A policy: held-out rows of others (P, K, B), true shares (C, K) and bins (C, B) of cells."""

    rows: Floats
    truth: Floats
    cells: Floats


class World:
    """A world of policies.

    Args:
        table: the held-out rows that it is made of.
        same: 1 for the same mistakes everywhere, 0 for a tagger that knows its policies.
        varied: see ``VARIED``.
        seed: of everything that is drawn.
    """

    def __init__(self, table: HeldOut, same: float, varied: float, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.same, self.varied = same, varied
        joint = rows_of(table).sum(0) + SMOOTH
        self.confusion = joint / joint.sum(1, keepdims=True)
        self.chances = joint / joint.sum(0)

    def policy(self) -> tuple[Floats, Floats]:
        """Draw a policy's shares (K,) and confusion (K, B)."""
        return self._policy(self.random.dirichlet(np.full(len(STANCES), 1.5)))

    def confusion_at(self, shares: Floats) -> Floats:
        """Draw the confusion (K, B) of a policy with about these shares."""
        return self._policy(shares)[1]

    def _policy(self, shares: Floats) -> tuple[Floats, Floats]:
        own = np.array([self.random.dirichlet(self.varied * row + 1e-3) for row in self.confusion])
        if self.same < 1:
            known = self.chances * (shares @ own)  # outputs mean what they always mean
            mixed = self.same * shares[:, None] * own + (1 - self.same) * known
            shares = mixed.sum(1)
            own = mixed / shares[:, None]
        return shares, own

    def held_out(self) -> Floats:
        """Draw the held-out rows of ``POLICIES`` policies, (P, K, B)."""
        found = []
        for _ in range(POLICIES):
            shares, own = self.policy()
            count = max(3, self.random.poisson(ROWS))
            drawn = self.random.multinomial(count, (shares[:, None] * own).ravel())
            found.append(drawn.reshape(own.shape))
        return np.array(found, float)

    def trials(self, size: int, shift: float, count: int, windows: int) -> Iterator[Trial]:
        """Draw policies with windows of ``size`` opinions; every fourth has new held-out rows."""
        for number in range(count):
            if number % 4 == 0:
                rows = self.held_out()
            shares, own = self.policy()
            truth = np.array(
                [
                    self.random.dirichlet(shares * shift + 0.05) if shift else shares
                    for _ in range(windows)
                ]
            )
            cells = np.array([self.random.multinomial(size, row @ own) for row in truth], float)
            yield Trial(rows, truth, cells)


def rows_of(table: HeldOut) -> Floats:
    """Return the held-out rows as numbers, shape (P, K, B)."""
    rows = np.zeros((len(table.policies), len(STANCES), OUTPUTS))
    for place, policy in enumerate(table.policies.values()):
        for stance, bins in policy.stances.items():
            rows[place, STANCES.index(stance), list(bins)] = list(bins.values())
    return rows
