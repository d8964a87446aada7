"""Groups of a part of the opinions, beside the groups of all: what their difference gives away."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minyi.disclosure import K
from minyi.groups.grouping import MOST_GROUPS, Asked, By, group
from minyi.query import Cell, Counts
from tests.unit.test_disclosure import attack, sizes


def asked(table: np.ndarray) -> Asked:
    """One opinion an author, by region and stance; empty groups are not listed."""

    def cell(row: np.ndarray, *values: str) -> Cell:
        counts = Counts(favor=int(row[0]), against=int(row[1]))
        return Cell(values=values, counts=counts, authors=int(row.sum()))

    cells = [cell(row, f"r{i:03}") for i, row in enumerate(table) if row.sum()]
    total = cell(table.sum(0)) if table.sum() else None
    return Asked(total, {By.REGION: cells})


def hidden(inside: Asked, everything: Asked | None, size: int) -> np.ndarray:
    """Which groups are hidden, all where there is no answer; the last is the total."""
    found = group(By.REGION, inside, everything)
    mask = np.ones(size + 1, dtype=bool)
    if found is not None:
        mask[:] = False
        mask[[int(str(name)[1:]) for name in np.array(found.labels)[found.hidden]]] = True
    return mask


def tables(size: int) -> st.SearchStrategy[np.ndarray]:
    rows = st.lists(st.tuples(sizes, sizes), min_size=size, max_size=size)
    return rows.map(np.array)


@example(  # one person is outside of what is shown, in a group of which nobody is inside
    part=np.array([(0, 0), (0, 1), (0, 9), (0, 0), (0, 0)]),
    rest=np.array([(0, 0), (0, 0), (0, 0), (0, 1), (0, 10)]),
)
@given(part=tables(5), rest=tables(5))
@settings(max_examples=40)
def test_a_part_and_the_whole_give_no_few_away(part: np.ndarray, rest: np.ndarray) -> None:
    whole = asked(part + rest)
    of_part, of_whole = hidden(asked(part), whole, 5), hidden(whole, None, 5)
    # a table of inside, outside and both; what is outside follows where the other two are shown
    counts = np.stack([part, rest], axis=1)
    off = np.stack([of_part, of_part | of_whole, of_whole], axis=1)
    n = np.concatenate([counts, counts.sum(0, keepdims=True)]).sum(-1)
    n = np.concatenate([n, n.sum(1, keepdims=True)], axis=1)
    few = (n > 0) & (n < K)
    if few[-1, 1] or of_part[-1] or of_whole[-1]:
        return  # the opinions of all groups are told by the policy itself
    assert off[few].all()
    # unlisted groups are known to be of nobody; that nobody is outside is found by subtraction only
    off[:, 0] &= n[:, 0] > 0
    off[:, 2] &= n[:, 2] > 0
    off[:, 1] = off[:, 0] | off[:, 2]
    for place, (low, high) in attack(counts, off).items():
        assert high - low >= K - 1e-6 or n[place] == 0, (place, low, high)


def test_groups_beyond_the_most_are_one_that_is_not_shown() -> None:
    table = np.tile([20, 20], (MOST_GROUPS + 5, 1))
    table[7] = (100, 100)
    found = group(By.REGION, asked(table))
    assert found is not None
    assert found.left_out == 5
    assert len(found.cells) == MOST_GROUPS
    assert found.labels[0] == "r007"
    assert not found.hidden.any()
    few = np.concatenate([table[:-5], [[2, 0]] * 2])
    found = group(By.REGION, asked(few))
    assert found is not None
    assert found.hidden.sum() == 1  # four people beyond would follow from the total
