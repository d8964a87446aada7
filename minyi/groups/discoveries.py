"""Which of many differences are no accident: p-values and false-discovery control. Pure."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np

from minyi.arrays import Bools, Floats

FALSE_DISCOVERIES = 0.05
"""Share of what is reported that may be an accident, on average."""
LEAST = 0.01
"""Differences up to a percentage point are none: nobody would act on them, and among a million
opinions every group differs by so much."""

_tail = np.frompyfunc(lambda z: erfc(z / sqrt(2)), 1, 1)


def two_sided(z: Floats) -> Floats:
    """Return the p-values of standard normal figures that are far from zero; those at or below
    zero have p = 1."""
    return np.asarray(_tail(np.maximum(z, 0)), dtype=np.float64)


def p_values(one: Floats, n_one: Floats, other: Floats, n_other: Floats) -> Floats:
    """Return two-sided p-values against "the shares differ by no more than ``LEAST``".

    The larger of two tests: the score test errs where more was found than expected of something
    rare, the arcsine test where less was. Together they keep their level far into the tails, where
    the p-values of many comparisons are decided (``tests/unit/test_discoveries.py``).

    Args:
        one: shares of the groups.
        n_one: how many people each stands on, above zero.
        other: shares to compare with.
        n_other: likewise.
    """
    sign = np.sign(one - other)
    null = np.clip(other + sign * LEAST, 0, 1)
    beyond = sign * (one - null)
    both = np.clip((one * n_one + null * n_other) / (n_one + n_other), 0, 1)
    deviation = np.sqrt(both * (1 - both) * (1 / n_one + 1 / n_other))
    score = np.divide(beyond, deviation, out=np.zeros_like(beyond), where=deviation > 0)
    angle = np.arcsin(np.sqrt(np.clip(one, 0, 1))) - np.arcsin(np.sqrt(null))
    arcsine = sign * angle * 2 / np.sqrt(1 / n_one + 1 / n_other)
    return two_sided(np.minimum(score, arcsine))


def discoveries(p: Floats) -> Bools:
    """Return which hypotheses are rejected, ``FALSE_DISCOVERIES`` of them wrongly on average.

    Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57:289). It holds for independent and for
    positively dependent figures; those here are mildly dependent either way (groups are compared
    with the rest, in which the others are), for which a simulation stands in the tests.
    """
    found = np.zeros(p.shape, dtype=bool)
    if p.size:
        order = np.sort(p, axis=None)
        passed = np.flatnonzero(order <= FALSE_DISCOVERIES * np.arange(1, p.size + 1) / p.size)
        if passed.size:
            found = p <= order[passed[-1]]
    return found
