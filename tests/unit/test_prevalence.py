from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.prevalence import share, wilson, wilsons
from minyi.query import Counts
from minyi.shares.summaries import summarise

proportions = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(proportions)
def test_the_interval_holds_the_share_and_stays_within_0_and_1(case: tuple[int, int]) -> None:
    count, n = case
    low, high = wilson(count, n)
    assert 0 <= low <= count / n <= high <= 1


@given(proportions)
def test_the_complement_has_the_mirrored_interval(case: tuple[int, int]) -> None:
    count, n = case
    low, high = wilson(count, n)
    other_low, other_high = wilson(n - count, n)
    assert (other_low, other_high) == pytest.approx((1 - high, 1 - low))


@given(proportions)
def test_more_opinions_of_the_same_share_narrow_the_interval(case: tuple[int, int]) -> None:
    count, n = case
    low, high = wilson(count, n)
    lower, higher = wilson(4 * count, 4 * n)
    assert higher - lower < high - low


@given(st.lists(proportions, min_size=1, max_size=20))
def test_many_intervals_at_once_are_the_same(cases: list[tuple[int, int]]) -> None:
    counts, n = np.array(cases).T
    for bounds, case in zip(zip(*wilsons(counts, n), strict=True), cases, strict=True):
        assert bounds == pytest.approx(wilson(*case), abs=1e-12)


def test_known_values_of_the_score_interval() -> None:
    # Newcombe 1998, Stat. Med. 17:857, table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_nothing_counted_is_no_share() -> None:
    empty = share(0, 0, "opinions")
    assert empty.value is empty.low is empty.high is None


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_stance_shares_add_up_and_name_their_denominator(f: int, a: int, n: int) -> None:
    summary = summarise(Counts(favor=f, against=a, none=n))
    shares = (summary.favor, summary.against, summary.none)
    assert {s.denominator for s in shares} == {"opinions"}
    assert sum(s.count for s in shares) == summary.n == f + a + n
    if not summary.too_few:
        assert sum(s.value or 0 for s in shares) == pytest.approx(1, abs=2e-4)
