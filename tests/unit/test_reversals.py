from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from minyi.differences import Differences, differences
from minyi.disclosure import K
from minyi.groups.grouping import By
from minyi.groups.stratifying import within
from minyi.prevalence import Z95
from minyi.query import Cell, Facet, Filters, Interval
from minyi.vocabulary import Stance
from tests.unit.crowd import MONTHS, Crowd


def told(crowd: Crowd, filters: Filters | None = None) -> Differences:
    return differences(crowd, "p", filters or Filters())  # type: ignore[arg-type]


def simpson(size: int = 8_000, gap: float = 0.08, seed: int = 2) -> Crowd:
    """冀 opposes more within every channel, but mostly writes where all oppose little."""
    rng = np.random.default_rng(seed)
    region = rng.choice(("冀", "京", "津"), size)
    channel = np.where(
        rng.random(size) < np.where(region == "冀", 0.9, 0.2),
        "网站",
        rng.choice(("热线", "应用"), size),
    )
    against = np.where(channel == "网站", 0.15, 0.45) + np.where(region == "冀", gap, 0)
    return Crowd(size, rng, {Facet.REGION: region, Facet.CHANNEL: channel}, against=against)


def test_a_planted_reversal_is_found_and_named() -> None:
    answer = told(simpson())
    (reversal,) = [r for r in answer.reversals if (r.by, r.value) == (By.REGION, "冀")]
    turned = {(f.value, f.stance): f.turned_within for f in answer.findings}
    assert turned["冀", Stance.AGAINST] == (By.CHANNEL,)
    assert turned["京", Stance.AGAINST] == ()
    assert (reversal.within, reversal.stance) == (By.CHANNEL, Stance.AGAINST)
    assert reversal.overall < -0.01
    assert 0.01 < reversal.low < reversal.inside < reversal.high
    assert reversal.low < 0.08 < reversal.high
    assert (reversal.agreeing, reversal.of) == (3, 3)
    assert {s.value for s in reversal.strata} == {"热线", "网站", "应用"}
    assert all(s.difference is not None and s.difference > 0 for s in reversal.strata)
    points = f"{-reversal.overall * 100:.0f}"
    assert reversal.sentence.startswith(
        f"总的看，在冀，反对的比例比其他地区低 {points} 个百分点；"
        "但按渠道分开看，3 个中有 3 个反而更高，合计高 "
    )


def test_a_difference_that_only_shrinks_within_is_no_reversal() -> None:
    assert told(simpson(gap=0.0)).reversals == ()
    assert told(simpson(gap=-0.1)).reversals == ()


def periods() -> Crowd:
    """Opposition rises in both regions, and falls in sum as the calmer one writes more and more."""
    rng = np.random.default_rng(8)
    size = 9_000
    month = rng.choice(np.array(MONTHS), size)
    late = month >= MONTHS[6]
    region = np.where(rng.random(size) < np.where(late, 0.85, 0.2), "京", "冀")
    against = np.where(region == "京", 0.1, 0.5) + np.where(late, 0.08, 0)
    return Crowd(size, rng, {None: month, Facet.REGION: region}, against=against)


def test_two_periods_are_compared_within_the_groups_too() -> None:
    (found,) = [r for r in told(periods()).reversals if r.by is By.MONTH]
    assert (found.value, found.within) == ("2026-07-01", By.REGION)
    assert found.overall < 0 < found.low
    assert found.sentence.startswith("总的看，2026 年 7 月起，反对的比例比此前低 ")


def test_a_period_does_not_tell_of_the_months_that_are_hidden() -> None:
    """Four wrote in January: they, and the twelve of December, would be left of the two halves."""
    crowd = periods()
    month, region = crowd.columns[None], crowd.columns[Facet.REGION]
    first, last = (np.flatnonzero(month == MONTHS[place]) for place in (0, 11))
    month[first[4:]] = MONTHS[1]
    month[last[12:]] = MONTHS[10]
    region[first[:4]] = region[last[:12]] = "京"
    answer = told(crowd)
    (months,) = [table for table in answer.facets if table.by is By.MONTH]
    shown = {str(g.value): g.opinions for g in months.groups if g.opinions is not None}
    assert len(shown) == 10
    (found,) = [r for r in answer.reversals if r.by is By.MONTH]
    later = sum(n for name, n in shown.items() if name >= found.value)
    assert sum(s.opinions or 0 for s in found.strata) == later
    assert sum(s.other_opinions or 0 for s in found.strata) == sum(shown.values()) - later


def test_strata_of_few_are_hidden_in_a_reversal() -> None:
    crowd = simpson()
    channel = crowd.columns[Facet.CHANNEL]
    rare = np.flatnonzero((channel == "应用") & (crowd.columns[Facet.REGION] == "冀"))
    channel[rare[4:]] = "热线"
    (found,) = [r for r in told(crowd).reversals if (r.by, r.value) == (By.REGION, "冀")]
    hidden = [s for s in found.strata if s.hidden]
    assert {s.value for s in hidden} >= {"应用"}
    assert len(hidden) >= 2  # one alone would follow from the totals
    assert all(s.share is s.others is s.opinions is s.difference is None for s in hidden)


def test_strata_of_a_part_are_not_shown_beside_those_of_the_whole() -> None:
    """Four of 冀 use the application and write to the forum: all less the letters would be they."""
    crowd = simpson()
    region, channel, source = (
        crowd.columns[facet] for facet in (Facet.REGION, Facet.CHANNEL, Facet.SOURCE)
    )
    source[:] = np.where(np.random.default_rng(1).random(len(source)) < 0.1, "论坛", "信箱")
    source[(region == "冀") & (channel == "应用")] = "信箱"
    source[np.flatnonzero((region == "冀") & (channel == "应用"))[:4]] = "论坛"
    whole, part = (
        next(r for r in told(crowd, f).reversals if (r.value, r.within) == ("冀", By.CHANNEL))
        for f in (Filters(), Filters(source="信箱"))
    )
    assert any(s.opinions for s in whole.strata)
    assert part.agreeing is part.of is None
    assert all(s.hidden and s.opinions is s.share is None for s in part.strata)
    assert part.inside is part.low is part.high is None
    assert "按渠道分开看，反而更高。" in part.sentence
    assert part.sentence.endswith("总体的方向来自各渠道意见数的不同。")


def tried(part: Differences, whole: Differences) -> npt.NDArray[np.int64]:
    """Whoever knows all that is told of both tries every number of 冀's opinions, and of those
    against, that came in a stratum of the part; return how many fit what is told, by opinions."""
    mine, ours = (
        next(r for r in answer.reversals if (r.value, r.within) == ("冀", By.CHANNEL))
        for answer in (part, whole)
    )
    table = {(f.by, g.value): g for f in part.facets for g in f.groups}
    group = table[By.REGION, "冀"]
    assert group.against is not None
    assert part.opinions is not None
    of_group = np.array([group.opinions, group.against.share.count])
    first, second = (
        np.array([g.opinions, g.against.share.count])
        for g in (table[By.CHANNEL, name] for name in ("热线", "网站"))
        if g.against is not None
    )
    most = next((s.opinions, s.share) for s in ours.strata if s.value == "热线")
    assert most[0] is not None
    n, x = np.ogrid[: most[0] + 1, : round(most[0] * (most[1] or 0)) + 1]
    one = np.stack(np.broadcast_arrays(n, x), -1)  # 冀 by telephone, and against
    two = of_group - one
    sides = np.stack([[one, two], [first - one, second - two]])  # own or others', stratum
    fits = ((sides >= 0).all(-1) & (sides[..., 1] <= sides[..., 0])).all((0, 1))
    sides = np.moveaxis(np.where(fits[..., None], sides, 1), 1, 3)
    shares = sides[..., 1] / np.maximum(sides[..., 0], 1)
    inside, error, _ = within(shares[..., None], sides[..., 0])
    value, half = inside[..., 0], Z95 * error[..., 0]
    fits &= (value > half) if mine.overall < 0 else (value < -half)
    for told, at in ((mine.inside, value), (mine.low, value - half), (mine.high, value + half)):
        if told is not None:
            fits &= np.abs(at - told) <= 0.00005 + 1e-9
    return fits.sum(1)


def test_what_the_strata_of_a_part_say_together_does_not_tell_of_each() -> None:
    """Four of 冀 telephoned and are in the forum: all of 冀 that did, less the letters."""
    rng = np.random.default_rng(5)
    size = 2_000
    region = rng.choice(("冀", "京"), size)
    often = np.where(region == "冀", 0.85, 0.2)
    channel = np.where(rng.random(size) < often, "网站", "热线")
    against = np.where(channel == "网站", 0.1, 0.6) + np.where(region == "冀", 0.15, 0)
    source = rng.choice(("信箱", "论坛"), size, p=(0.8, 0.2))
    crowd = Crowd(
        size,
        rng,
        {Facet.REGION: region, Facet.CHANNEL: channel, Facet.SOURCE: source},
        against=against,
    )
    source = crowd.columns[Facet.SOURCE]
    hidden = (region == "冀") & (channel == "热线")
    source[hidden] = "信箱"
    source[np.flatnonzero(hidden)[:4]] = "论坛"
    fits = tried(told(crowd, Filters(source="信箱")), told(crowd))
    assert fits[hidden.sum() - 4] > 0
    left = hidden.sum() - np.flatnonzero(fits)
    assert left.max() - left.min() >= K


class Regulars(Crowd):
    """Of 蒙, the same five write in every month of the second half; forty others before."""

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        return [
            cell.model_copy(update={"authors": 5 if cell.bucket else 45})
            if "蒙" in cell.values and (cell.bucket is None or cell.bucket >= MONTHS[6])
            else cell
            for cell in super().cells(filters, by, interval)
        ]


def test_who_writes_in_every_month_of_a_period_is_one_author() -> None:
    crowd = periods()
    crowd.__class__ = Regulars
    month, region = crowd.columns[None], crowd.columns[Facet.REGION]
    region[np.flatnonzero(month < MONTHS[6])[:40]] = "蒙"
    for late in MONTHS[6:]:
        region[np.flatnonzero(month == late)[:10]] = "蒙"
    (found,) = [r for r in told(crowd).reversals if r.by is By.MONTH]
    strata = {s.value: s for s in found.strata}
    assert strata["蒙"].hidden
    assert strata["京"].opinions
