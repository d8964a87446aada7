"""How long it takes until something happens, when it has not happened to all yet. Pure.

The curve is the product-limit estimate (Kaplan & Meier 1958, J. Am. Stat. Assoc. 53:457) over whole
days, its intervals Greenwood's on the log(-log) scale (Kalbfleisch & Prentice 2002, The Statistical
Analysis of Failure Time Data, 2nd ed., section 1.4), those of a quantile the days at which the
curve's interval crosses it (Brookmeyer & Crowley 1982, Biometrics 38:29).

Of some it is known that it has happened, but not when: left-censored. They are spread over the days
up to the last on which they were followed as the curve itself says, until both agree: the
self-consistent estimate (Turnbull 1974, J. Am. Stat. Assoc. 69:169). They tell nothing of when, so
Greenwood's variance is divided by the share of events whose day is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.domain import Model
from minyi.prevalence import Z95

CLOSE = 1e-8
"""The curve has come to rest when no point moves more."""
ROUNDS = 500


@dataclass(frozen=True)
class Lifetimes:
    """Numbers by whole days, shape (days + 1,) each, place t is day t; nothing happens on day 0."""

    events: Floats
    """To how many it happened on a day."""
    censored: Floats
    """How many were followed up to and with a day, without."""
    unknown: Floats
    """To how many it happened on a day or before."""

    @property
    def known(self) -> float:
        """The share of events whose day is known; 1 when there are none."""
        events, unknown = self.events.sum(), self.unknown.sum()
        return float(events / (events + unknown)) if unknown else 1.0


class Proportion(Model):
    """To which share it has happened within some days, with the 95 % interval."""

    days: int
    value: float
    low: float
    high: float


class Quantile(Model):
    """After how many days it has happened to a share, with the 95 % interval; None where the curve,
    or its bound, does not get there."""

    share: float
    days: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Curve:
    """The share to which it has not happened by the end of each day, shape (days + 1,) each."""

    survival: Floats
    low: Floats
    high: Floats
    risk: Floats
    """How many a day's estimate stands on."""

    def within(self, days: int) -> Proportion | None:
        """Return to which share it happens within some days, None when nobody to whom it has not
        happened was followed so long."""
        if days >= len(self.risk) or (self.risk[days] <= 0 and self.survival[days] > CLOSE):
            return None
        return self._point(days)

    def steps(self) -> Iterator[Proportion]:
        """Yield the curve as it rises: day 0, then each day on which it moves."""
        for day in range(len(self.survival)):
            if day == 0 or self.survival[day] < self.survival[day - 1]:
                yield self._point(day)

    def quantile(self, share: float) -> Quantile:
        """Return after how many days it has happened to a share."""

        def first(bound: Floats) -> int | None:
            below = np.flatnonzero((bound <= 1 - share + 1e-12) & (self.risk > 0))
            return int(below[0]) if below.size else None

        return Quantile(
            share=share, days=first(self.survival), low=first(self.low), high=first(self.high)
        )

    def _point(self, day: int) -> Proportion:
        return Proportion(
            days=day,
            value=round(1 - float(self.survival[day]), 4),
            low=round(1 - float(self.high[day]), 4),
            high=round(1 - float(self.low[day]), 4),
        )


def kaplan_meier(lives: Lifetimes) -> Curve:
    """Estimate the curve."""
    events = lives.events
    risk, survival = _product(events, lives)
    for _ in range(ROUNDS if lives.unknown.any() else 0):
        before = survival
        events = lives.events + _spread(lives.unknown, survival)
        risk, survival = _product(events, lives)
        if np.abs(survival - before).max() < CLOSE:
            break
    low, high = _bounds(events, risk, survival, lives.known)
    return Curve(survival, low, high, risk)


def _product(events: Floats, lives: Lifetimes) -> tuple[Floats, Floats]:
    """Return how many are at risk on each day, and the product-limit estimate. Who is censored on
    a day was followed through it."""
    gone = np.concatenate([[0.0], np.cumsum(events + lives.censored)[:-1]])
    risk = np.maximum(events.sum() + lives.censored.sum() - gone, 0.0)
    risk[risk < CLOSE] = 0.0
    hazard = np.divide(events, risk, out=np.zeros_like(events), where=risk > 0)
    return risk, np.cumprod(1 - np.minimum(hazard, 1.0))


def _spread(unknown: Floats, survival: Floats) -> Floats:
    """Spread those whose day is not known over the days up to theirs, as the curve falls."""
    fallen = 1 - survival
    mass = -np.diff(survival, prepend=1.0)
    weight = np.divide(unknown, fallen, out=np.zeros_like(unknown), where=fallen > 0)
    found: Floats = mass * np.cumsum(weight[::-1])[::-1]
    return found + np.where(fallen > 0, 0.0, unknown)


def _bounds(events: Floats, risk: Floats, survival: Floats, known: float) -> tuple[Floats, Floats]:
    left = risk * (risk - events)
    terms = np.divide(events, left, out=np.zeros_like(events), where=left > CLOSE)
    error = np.sqrt(np.cumsum(terms) / max(known, CLOSE))
    inside = (survival > CLOSE) & (survival < 1)
    value = np.where(inside, survival, 0.5)
    reach = np.exp(np.minimum(Z95 * error / np.abs(np.log(value)), 500.0))
    low = np.where(inside, value**reach, survival)
    high = np.where(inside, value ** (1 / reach), survival)
    # Before the first event: as many without one as there are (the upper end of Wilson's interval).
    waiting = (survival >= 1) & (risk > 0)
    waiting[0] = False
    low[waiting] = 1 - Z95**2 / (risk[waiting] + Z95**2)
    over = np.flatnonzero(survival <= CLOSE)
    if over.size and over[0]:
        high[over] = high[over[0] - 1]
    watched = np.flatnonzero(risk > 0)
    if watched.size:  # nobody is followed any more after the last
        end = watched[-1]
        low[end:], high[end:] = low[end], high[end]
    return np.minimum.accumulate(low), high
