"""Groups of few people that two lines tell: some values' sums, less some of the other's. Pure.

Where all opinions of some sources come over one channel, the channel less these sources is a group
that no line names. It is told wherever all that lies between the values that are added and those
that are taken off lies on one side, and a cell of two lines in it holds no more than the group.

The most that a cell may hold, for all that two lines tell, is how much can flow from its column
back to its row: from rows to columns through every cell that anybody is in, back through what is in
the cells. The smallest group around it holds as much (Ford and Fulkerson 1956, Can. J. Math.
8:399).
"""

from __future__ import annotations

import numpy as np

from minyi.arrays import Bools, Floats, Integers


def blocks(people: Floats, k: float) -> Integers:
    """Return the block of each row, then of each column. A cell is told to hold fewer than ``k``
    where its row and its column are in different blocks.

    Args:
        people: authors by row and column, shape (rows, columns); who is in two cells counts in
            both.
        k: the fewest authors of a group that may be told.
    """
    there = people > 0
    block = np.unique(_grown(people, there, k), return_inverse=True)[1].ravel()
    of_row, of_column = block[: len(people)], block[len(people) :]
    room = _room(people, of_row, of_column)
    apart = set()
    for row, column in np.argwhere(there & (of_row[:, None] != of_column)):
        one, other = int(of_row[row]), int(of_column[column])
        if one == other or (one, other) in apart:
            continue
        if _flow(room.copy(), other, one, k) < k:
            apart.add((one, other))
        else:
            block[block == other] = one
            room = _room(people, of_row, of_column)
    return block


def _grown(people: Floats, there: Bools, k: float) -> Integers:
    """Put rows into blocks, from the largest on, as far as k can flow either way over one column or
    several, then columns from which k can flow to a block."""
    rows, columns = people.shape
    block = np.arange(rows + columns)
    joined = np.zeros(rows, dtype=bool)
    for root in np.argsort(-people.sum(1), kind="stable"):
        if joined[root]:
            continue
        inside = np.arange(rows) == root
        while True:
            back = people[inside].sum(0)
            new = ~joined & ~inside & (there @ back >= k) & (people @ (back > 0) >= k)
            if not new.any():
                break
            inside |= new
        joined |= inside
        block[:rows][inside] = root
        block[rows:][back >= k] = root
    return block


def _room(people: Floats, of_row: Integers, of_column: Integers) -> Floats:
    """Return how much can flow between blocks, by their numbers."""
    rows, columns = np.nonzero(people)
    size = max(of_row.max(), of_column.max()) + 1
    room = np.zeros((size, size))
    np.add.at(room, (of_column[columns], of_row[rows]), people[rows, columns])
    room[of_row[rows], of_column[columns]] = np.inf
    np.fill_diagonal(room, 0)
    return room


def _flow(room: Floats, source: int, sink: int, k: float) -> float:
    """Return how much can flow, not much more than ``k``; along shortest ways, one after another
    (Edmonds and Karp 1972, J. ACM 19:248). ``room`` is used up."""
    total = 0.0
    while total < k:
        before = np.full(len(room), -1)
        before[source] = source
        front = np.array([source])
        while front.size and before[sink] < 0:
            ahead = (room[front] > 0) & (before < 0)
            reached = np.flatnonzero(ahead.any(0))
            before[reached] = front[ahead[:, reached].argmax(0)]
            front = reached
        if before[sink] < 0:
            break
        way = [sink]
        while way[-1] != source:
            way.append(int(before[way[-1]]))
        to, from_ = np.array(way[:-1]), np.array(way[1:])
        much = min(float(room[from_, to].min()), k)
        room[from_, to] -= much
        room[to, from_] += much
        total += much
    return total
