"""How often the change detection rings without a change, how soon with one, and whether the
intervals of a comparison hold what they should: ``python -m benchmarks.bench_change``.

Days are simulated: opinions come beta-binomial (two opinions of a day are correlated), their number
a day negative binomial, with a weekday pattern where the row says so.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from minyi.arrays import Floats
from minyi.changes.comparison import compare
from minyi.changes.daily import ALL_SERIES, SHARES, VOLUME, Days, Series
from minyi.changes.detection import ARL, WARM_UP, _alarms

FIRST = date(2023, 6, 1)
WEEKEND = np.array([0.02, 0.02, 0.02, 0.02, 0.02, -0.05, -0.05])


@dataclass(frozen=True)
class World:
    """How days are drawn."""

    share: float = 0.4
    number: float = 20.0
    """Opinions a day, on average."""
    together: float = 0.02
    """Correlation of two opinions of a day."""
    bursts: float = 0.2
    """Squared coefficient of variation of the number a day, beyond Poisson's."""
    weekly: float = 0.0
    """Strength of the weekday pattern: 1 is seven points at the weekend, and half as many
    opinions."""
    wander: float = 0.0
    """Correlation of a day's expected share with the day's before."""
    shift: float = 0.0
    growth: float = 1.0
    """Of the number a day, from the change on."""


def draw(world: World, length: int, change: int, rng: np.random.Generator) -> Days:
    """Draw days; the change comes on day ``change``."""
    place = np.arange(length)
    weekday = (place + FIRST.weekday()) % 7
    late = place >= change
    share = world.share + late * world.shift + world.weekly * WEEKEND[weekday]
    mean = world.number * np.where(late, world.growth, 1.0)
    mean = mean * np.where(weekday >= 5, 1 - world.weekly / 2, 1.0)
    total = rng.poisson(rng.gamma(1 / world.bursts, world.bursts * mean)).astype(float)
    drawn = _beta(share, world, rng)
    counted = rng.binomial(total.astype(int), drawn).astype(float)
    counts = {series: counted if series == SHARES[0] else np.zeros(length) for series in SHARES}
    return Days(FIRST, total, counts, np.zeros(length, dtype=bool))


def _beta(share: Floats, world: World, rng: np.random.Generator) -> Floats:
    """Draw each day's own share: beta with the mean wanted, joined from day to day by a normal
    autoregression when it wanders."""
    if world.together == 0:
        return share
    size = 1 / world.together - 1
    if world.wander == 0:
        return rng.beta(share * size, (1 - share) * size)
    noise = rng.standard_normal(len(share))
    for place in range(1, len(share)):
        noise[place] = world.wander * noise[place - 1] + noise[place] * np.sqrt(1 - world.wander**2)
    return np.clip(share + noise * np.sqrt(share * (1 - share) * world.together), 0.001, 0.999)


def run_length(world: World, series: Series, arl: int, years: int, rng: np.random.Generator) -> str:
    """Return the days between alarms over many years without a change."""
    alarms = watched = 0
    for _ in range(years // 5):
        days = draw(world, 5 * 365 + WARM_UP, 10**9, rng)
        alarms += len(_alarms(days, series, arl))
        watched += len(days) - WARM_UP
    return f"{watched / alarms:,.0f} ({alarms})" if alarms else f"> {watched:,} (0)"


def delay(
    world: World, series: Series, arl: int, trials: int, rng: np.random.Generator, known: int = 120
) -> tuple[float, float, float, float]:
    """Return the median and 90th percentile of the delay in days, the share found within 120 days
    of the change, and the median error of its date in days."""
    delays, errors = [], []
    for _ in range(trials):
        days = draw(world, known + 120, known, rng)
        alarm = next((a for a in _alarms(days, series, arl) if a.end >= known), None)
        delays.append(alarm.end - known + 1 if alarm else np.inf)
        if alarm:
            errors.append(abs(alarm.since - known))
    found = float(np.isfinite(delays).mean())
    return (
        float(np.median(delays)),
        float(np.quantile(delays, 0.9, method="higher")),
        found,
        float(np.median(errors)) if errors else np.nan,
    )


def coverage(
    world: World, length: int, trials: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return how often the interval of the difference holds the true one, and its median width."""
    held, widths = [], []
    for _ in range(trials):
        days = draw(world, 56 + 2 * length, 56 + length, rng)
        gap = compare("p", days, days.day(56 + length), length).rows[0].gap
        if gap is not None:
            held.append(gap.low <= world.shift <= gap.high)
            widths.append(gap.high - gap.low)
    return float(np.mean(held)), float(np.median(widths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=200, help="watched without a change, each row")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--arl", type=int, default=ARL)
    given = parser.parse_args()
    rng = np.random.default_rng(6)
    plain = World()
    favor = ALL_SERIES[0]
    print(f"\nWithout a change: days between alarms (alarms), promised {given.arl:,}\n")
    print("| days | share | volume |\n| --- | ---: | ---: |")
    for name, world in {
        "20 opinions a day": plain,
        "2 a day": replace(plain, number=2),
        "500 a day, correlation 0.05": replace(plain, number=500, together=0.05),
        "a share of 2 %": replace(plain, share=0.02, together=0.01),
        "bursts: coefficient of variation 1": replace(plain, bursts=1.0),
        "a strong weekday pattern": replace(plain, weekly=1.0),
        "the same, 200 a day": replace(plain, weekly=1.0, number=200),
        "wanders, 0.3 from day to day": replace(plain, wander=0.3, number=200),
        "wanders, 0.7 from day to day": replace(plain, wander=0.7, number=200),
    }.items():
        rates = [run_length(world, s, given.arl, given.years, rng) for s in (favor, VOLUME)]
        print(f"| {name} | {' | '.join(rates)} |")
    print("\nA change after 120 days: days until the alarm\n")
    print("| change | median | 90 % | found in 120 days | error of its date |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, series, world in (
        ("share 40 → 45 %, 20 a day", favor, replace(plain, shift=0.05)),
        ("share 40 → 50 %, 20 a day", favor, replace(plain, shift=0.1)),
        ("share 40 → 60 %, 20 a day", favor, replace(plain, shift=0.2)),
        ("share 40 → 50 %, 5 a day", favor, replace(plain, shift=0.1, number=5)),
        ("share 40 → 60 %, 5 a day", favor, replace(plain, shift=0.2, number=5)),
        ("share 40 → 50 %, 200 a day", favor, replace(plain, shift=0.1, number=200)),
        ("share 40 → 50 %, 200 a day, weekdays", favor,
         replace(plain, shift=0.1, number=200, weekly=1.0)),
        ("share 5 → 15 %, 20 a day", favor, replace(plain, share=0.05, shift=0.1)),
        ("volume ×1.5", VOLUME, replace(plain, growth=1.5)),
        ("volume ×2", VOLUME, replace(plain, growth=2.0)),
        ("volume ×5", VOLUME, replace(plain, growth=5.0)),
        ("volume ÷2", VOLUME, replace(plain, growth=0.5)),
    ):  # fmt: skip
        middle, late, found, error = delay(world, series, given.arl, given.trials, rng)
        shown = [f"{x:.0f}" if np.isfinite(x) else "> 120" for x in (middle, late)]
        print(f"| {name} | {shown[0]} | {shown[1]} | {found:.0%} | {error:.0f} |")
    print("\nBefore and after: how often the 95 % interval holds the difference\n")
    print("| windows | held | width in points |\n| --- | ---: | ---: |")
    for name, length, world in (
        ("28 days, 20 a day", 28, replace(plain, shift=0.1)),
        ("28 days, 2 a day", 28, replace(plain, number=2)),
        ("28 days, 500 a day, correlation 0.05", 28, replace(plain, number=500, together=0.05)),
        ("28 days, bursts", 28, replace(plain, bursts=1.0, together=0.05)),
        ("28 days, a share of 2 %", 28, replace(plain, share=0.02, together=0.01)),
        ("7 days, 20 a day", 7, plain),
        ("7 days, bursts", 7, replace(plain, bursts=1.0, together=0.05)),
        ("10 days, weekdays, 200 a day", 10, replace(plain, weekly=1.0, number=200)),
        ("28 days, wanders 0.7", 28, replace(plain, wander=0.7, number=200)),
    ):
        held, width = coverage(world, length, given.trials * 5, rng)
        print(f"| {name} | {held:.1%} | {width * 100:.1f} |")


if __name__ == "__main__":
    main()
