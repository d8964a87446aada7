"""What is hidden in a table, and what an attacker who knows all the rest can still find out."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minyi.disclosure import K, hidden, with_totals

Counts = npt.NDArray[np.int64]


def lines(shape: tuple[int, ...]) -> list[tuple[list[tuple[int, ...]], tuple[int, ...]]]:
    """All equations of a table: the cells of a line and their total."""
    found = []
    for axis in range(len(shape)):
        others = [range(size + 1) for a, size in enumerate(shape) if a != axis]
        for rest in product(*others):
            place = [*rest[:axis], 0, *rest[axis:]]
            cells = [(*place[:axis], i, *place[axis + 1 :]) for i in range(shape[axis])]
            found.append((cells, (*place[:axis], shape[axis], *place[axis + 1 :])))
    return found


def attack(
    counts: Counts, mask: npt.NDArray[np.bool_]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Bound the opinions of every hidden cell from all that is shown, by linear programming."""
    table = with_totals(counts)
    unknown = {tuple(map(int, place)): i for i, place in enumerate(np.argwhere(mask))}
    rows, right = [], []
    for cells, total in lines(counts.shape[:-1]):
        signs = {**dict.fromkeys(cells, 1.0), total: -1.0}
        row = np.zeros(len(unknown))
        for place in signs.keys() & unknown.keys():
            row[unknown[place]] = signs[place]
        if row.any():
            rows.append(row)
            known = np.array([s * table[place] for place, s in signs.items() if not mask[place]])
            right.append(-known.reshape(-1, table.shape[-1]).sum(0))
    stances = table.shape[-1]
    equations = np.kron(np.eye(stances), np.array(rows))  # every stance adds up on its own
    bounds = {}
    for place, i in unknown.items():
        goal = np.tile(np.eye(len(unknown))[i], stances)
        low = linprog(goal, A_eq=equations, b_eq=np.array(right).T.ravel())
        high = linprog(-goal, A_eq=equations, b_eq=np.array(right).T.ravel())
        assert low.status == 0
        bounds[place] = (low.fun, np.inf if high.status == 3 else -high.fun)
    return bounds


def authors_of(counts: Counts, repeats: npt.ArrayLike = 1) -> npt.NDArray[np.int64]:
    """Authors when nobody is in two cells, each with as many opinions as said, or one."""
    people = -(-counts.sum(-1) // np.asarray(repeats))
    return with_totals(people[..., None])[..., 0].astype(int)


def check(counts: Counts, people: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Hide, then attack."""
    mask = hidden(counts, people)
    table = with_totals(counts).sum(-1)
    assert not ((people < K) & (table > 0) & ~mask).any()
    assert not (mask & (table == 0)).any()
    for place, (low, high) in attack(counts, mask).items():
        assert high - low >= K - 1e-6, (place, low, high)
    for cells, total in lines(counts.shape[:-1]):
        rest = [people[cell] for cell in cells if mask[cell]]
        if rest and not mask[total]:
            assert sum(rest) >= K
    return mask


def test_the_attacker_finds_what_is_hidden_alone() -> None:
    counts = np.array([[3, 40], [60, 12]])[..., None]
    mask = np.zeros((3, 3), dtype=bool)
    mask[0, 0] = True
    assert attack(counts, mask)[0, 0] == pytest.approx((3, 3))


sizes = st.one_of(st.just(0), st.integers(1, 12), st.integers(10, 200))


@st.composite
def tables(draw: st.DrawFn, shape: tuple[int, ...]) -> Counts:
    cells = int(np.prod(shape))
    n = draw(st.lists(sizes, min_size=cells, max_size=cells))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stances = rng.multinomial(n, rng.dirichlet([1, 1, 1]))
    return stances.reshape((*shape, 3))


shapes = {1: [(2,), (6,), (12,)], 2: [(2, 2), (3, 4), (5, 3)], 3: [(2, 2, 2), (3, 2, 3)]}


@pytest.mark.parametrize("shape", shapes[1] + shapes[2] + shapes[3], ids=str)
@given(data=st.data())
@settings(max_examples=10)
def test_no_attack_bounds_a_hidden_cell_within_fewer_than_k(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    counts = data.draw(tables(shape))
    check(counts, authors_of(counts))


@given(data=st.data())
@settings(max_examples=20)
def test_nor_where_a_few_people_write_a_lot(data: st.DataObject) -> None:
    counts = data.draw(tables((3, 4)))
    repeats = data.draw(st.lists(st.sampled_from([1, 2, 30]), min_size=12, max_size=12))
    check(counts, authors_of(counts, np.reshape(repeats, (3, 4))))


def one_way(*n: int) -> list[int]:
    """Which cells of a row are hidden, all opinions of one stance."""
    counts = np.array(n)[:, None]
    return [int(i) for i in np.flatnonzero(hidden(counts, authors_of(counts)))]


def test_a_lone_small_cell_takes_the_next_smallest_with_it() -> None:
    assert one_way(100, 4, 50, 12, 30) == [1, 3]


def test_small_cells_that_hide_each_other_take_no_more() -> None:
    assert one_way(100, 6, 7, 12) == [1, 2]
    assert one_way(100, 3, 3, 4, 12) == [1, 2, 3]
    assert one_way(100, 3, 3, 12) == [1, 2, 3]  # 6 people in all would be too few


def test_nothing_small_nothing_hidden_and_a_small_whole_hides_all() -> None:
    assert one_way(10, 20, 0, 30) == []
    assert one_way(4, 5) == [0, 1, 2]  # the total too
    assert one_way(4) == [0, 1]


def test_one_small_cell_alone_under_its_total_hides_the_total() -> None:
    assert one_way(9, 0, 0) == [0, 3]


def test_rows_and_columns_have_two_hidden_cells_or_none() -> None:
    counts = np.array([[3, 40, 50], [60, 12, 30], [70, 80, 15]])[..., None]
    mask = check(counts, authors_of(counts))
    assert mask[0, 0]
    assert not mask[-1].any()
    assert not mask[:, -1].any()
    for axis in (0, 1):
        assert set(mask[:-1, :-1].sum(axis).tolist()) <= {0, 2, 3}
    assert mask.sum() == 4


def test_the_counts_by_stance_give_no_small_cell_away() -> None:
    # by n alone the square at the top left would do: 2 ± 9; by stance it can only move by 2
    counts = np.zeros((3, 3, 2), dtype=int)
    counts[0, 0] = (2, 0)
    counts[0, 1] = (0, 11)
    counts[1, 0] = (0, 12)
    counts[1, 1] = (13, 0)
    counts[2, :, 0] = counts[:, 2, 0] = 20
    counts[2, :, 1] = counts[:, 2, 1] = 20
    check(counts, authors_of(counts))


def test_one_author_with_many_opinions_is_hidden_and_covered_by_people() -> None:
    counts = np.array([40, 15, 12, 300])[:, None]
    people = np.array([1, 9, 12, 280, 302])
    assert np.flatnonzero(hidden(counts, people)).tolist() == [0, 1]
    people = np.array([1, 3, 12, 280, 296])  # 40 + 15 opinions, but of 4 people
    assert np.flatnonzero(hidden(counts, people)).tolist() == [0, 1, 2]


def test_what_is_shown_already_is_taken_as_known() -> None:
    counts = np.array([[3, 97], [40, 60], [50, 50]])[..., None]  # inside a window, outside it
    people = authors_of(counts)
    shown = np.zeros(people.shape, dtype=bool)
    shown[:, -1] = True
    mask = hidden(counts, people, shown=shown)
    assert not (mask & shown).any()
    assert mask[0].tolist() == [True, True, False]
    assert mask[:-1].any(axis=1).sum() == 2
    for low, high in attack(counts, mask).values():
        assert high - low >= K


def test_what_is_cheap_to_lose_is_hidden_first() -> None:
    counts = np.array([4, 50, 300])[:, None]
    price = np.array([4, 50, 1, 354])
    found = hidden(counts, authors_of(counts), price=price)
    assert found.tolist() == [True, False, True, False]


def test_where_nothing_else_helps_all_is_hidden_that_can_be() -> None:
    counts = np.array([3, 0, 0])[:, None]
    shown = np.array([False, False, False, True])
    assert hidden(counts, np.array([3, 0, 0, 3]), shown=shown).tolist() == [
        True,
        False,
        False,
        False,
    ]


@given(data=st.data(), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_order_of_rows_and_columns_does_not_matter_without_ties(
    data: st.DataObject, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = rng.choice(200, size=(4, 3), replace=False) + 1
    counts = n[..., None]
    rows, columns = rng.permutation(4), rng.permutation(3)
    mask = hidden(counts, authors_of(counts))
    moved = counts[rows][:, columns]
    rows, columns = np.append(rows, 4), np.append(columns, 3)
    assert (hidden(moved, authors_of(moved)) == mask[rows][:, columns]).all()


def test_a_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="authors of shape"):
        hidden(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ValueError, match="split it"):
        hidden(np.ones((300, 300, 1)), np.ones((301, 301)))


def test_totals_are_appended_along_every_axis() -> None:
    table = with_totals(np.arange(12).reshape(2, 3, 2))
    assert table.shape == (3, 4, 2)
    assert (table[-1, -1] == table[:-1, -1].sum(0)).all()
    assert (table[-1, -1] == table[-1, :-1].sum(0)).all()
