"""Sources belong to channels: what one line hides must not follow from the others, end to end.

The attacker knows all that is published and which cells the full crossing of all lines has.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minyi.disclosure import K
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable
from minyi.open_data import ranges
from minyi.open_data.blocks import blocks
from minyi.open_data.release import Publisher, Release, Table, gather
from minyi.open_data.tables import rows
from minyi.query import Cell
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import ELEVATOR
from tests.unit.test_open_data import NOW, opinion, released

LINES = ("month", "region", "channel", "source", "age")


class Group(NamedTuple):
    """Comments that differ in nothing but their stance, each of an author of its own."""

    n: int
    source: str
    channel: str | None = None
    month: int = 1
    region: str | None = None
    age: str | None = None


def said(groups: Sequence[Group]) -> list[Opinion]:
    found: list[Opinion] = []
    for group in groups:
        more: dict[str, Any] = {
            **group._asdict(),
            "created_at": datetime(2026, group.month, 9, tzinfo=UTC),
        }
        del more["n"], more["month"]
        found += [opinion(len(found) + i, **more) for i in range(group.n)]
    return found


Line = dict[str | None, dict[str, int]]
"""Counts by stance of what a line shows, and of the rest under ``REST``."""
REST = "the rest"


def lines_of(release: Release) -> list[Line]:
    """All published lines of the policy, in the order of ``LINES``."""
    found: dict[str, Line] = {line: {} for line in LINES}
    for row in rows(release, Table.MONTHS):
        _, _, part, month, measure, _, count, *_ = row
        found["month"].setdefault(REST if part == "rest" else month, {})[measure] = count
    for row in rows(release, Table.GROUPS):
        _, _, facet, part, value, measure, _, count, *_ = row
        found[facet].setdefault(REST if part == "rest" else value, {})[measure] = count
    return [found[line] for line in LINES]


def place(o: Opinion) -> tuple[str | None, ...]:
    return (f"{o.created_at:%Y-%m}", o.region, o.channel, o.source, o.age)


def shown(release: Release, line: str) -> set[str | None]:
    return set(lines_of(release)[LINES.index(line)]) - {REST}


def attack(release: Release, opinions: Sequence[Opinion]) -> dict[tuple[str, str | None], float]:
    """How wide the range of every hidden value is, by linear programming over the crossing."""
    cells = sorted({place(o) for o in opinions}, key=str)
    matrix, right = [], []
    hidden = []
    for at, line in enumerate(lines_of(release)):
        values = {cell[at] for cell in cells}
        hidden += [(at, value) for value in sorted(values - line.keys(), key=str)]
        for value, counts in line.items():
            matrix.append(
                [float(c[at] not in line if value == REST else c[at] == value) for c in cells]
            )
            right.append([counts[stance] for stance in Stance])
    widths = {}
    for at, value in hidden:
        aim = np.array([float(c[at] == value) for c in cells])
        width = 0.0
        for known in np.array(right).T:
            low, high = (linprog(s * aim, A_eq=np.array(matrix), b_eq=known) for s in (1, -1))
            assert low.success
            assert high.success
            width += -high.fun - low.fun
        widths[LINES[at], value] = width
    return widths


def most_of_groups(release: Release, opinions: Sequence[Opinion]) -> list[float]:
    """The most opinions that may lie where two lines cross, for all that these two tell."""
    found = []
    told = [line.keys() - {REST} for line in lines_of(release)]
    where = [
        tuple(v if v in line else REST for v, line in zip(place(o), told, strict=True))
        for o in opinions
    ]
    for one, other in combinations(range(len(LINES)), 2):
        pairs = [(cell[one], cell[other]) for cell in where]
        cells = sorted(set(pairs), key=str)
        sums = sorted({(i, pair[i]) for pair in cells for i in (0, 1)}, key=str)
        matrix = np.array([[float(cell[i] == value) for cell in cells] for i, value in sums])
        right = [sum(pair[i] == value for pair in pairs) for i, value in sums]
        for number, cell in enumerate(cells):
            if pairs.count(cell) < K:
                aim = -np.eye(len(cells))[number]
                found.append(-linprog(aim, A_eq=matrix, b_eq=right).fun)
    return found


def check(groups: Sequence[Group]) -> Release:
    opinions = said(groups)
    release = released(opinions)
    if not release.tables[Table.POLICIES]:
        assert len(opinions) < K
        return release
    opinions = sorted(opinions, key=lambda o: o.created_at)[: release.opinions]  # up to its cut-off
    for name, width in attack(release, opinions).items():
        assert width >= K - 1e-6, (name, width)
    for most in most_of_groups(release, opinions):
        assert most >= K - 1e-6
    for line in lines_of(release):
        assert all(sum(counts[stance] for stance in Stance) >= K for counts in line.values())
    return release


NESTED = [Group(60, "city", "留言板"), Group(4, "village", "留言板"), Group(15, "hotline", "热线")]
TIED = [Group(4, "a", "甲"), Group(15, "b", "乙"), Group(15, "c", "丙")]
FEW_OVER = [Group(90, "city", "留言板"), Group(3, "forum", "留言板"), Group(40, "forum", "论坛"),
            Group(30, "hotline", "热线")]  # fmt: skip


def test_a_channel_does_not_give_away_a_hidden_source() -> None:
    release = check(NESTED)
    # the channel less its city board would be the village's
    assert shown(release, "source") == {"hotline"}
    assert shown(release, "channel") == {"留言板", "热线"}


def test_lines_that_tell_the_same_groups_apart_hide_the_same() -> None:
    release = check(TIED)
    assert len(shown(release, "source")) == len(shown(release, "channel")) == 1


def test_no_few_people_of_a_source_are_told_by_their_channel() -> None:
    release = check(FEW_OVER)
    assert len(shown(release, "source")) + len(shown(release, "channel")) == 4


def test_what_does_not_overlap_is_published_as_before() -> None:
    release = check(
        [Group(40, "city", "留言板"), Group(30, "hotline", "热线"), Group(20, "app", "网站")]
    )
    assert len(shown(release, "source")) == len(shown(release, "channel")) == 3


months, names = st.integers(1, 3), st.sampled_from("abcd")
groups = st.builds(
    Group,
    st.one_of(st.integers(1, 5), st.integers(1, 40)),
    names,
    st.sampled_from((None, "x", "y", "z")),
    months,
    st.sampled_from((None, "p", "q", "r")),
    st.sampled_from((None, "18-29", "60+")),
)


@example(NESTED)
@example(TIED)
@example(FEW_OVER)
@given(st.lists(groups, min_size=1, max_size=14))
@settings(max_examples=40)
def test_no_attack_on_all_lines_finds_a_few_people(said_: list[Group]) -> None:
    check(said_)


def test_nor_where_only_a_part_of_the_table_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "MOST_SUMS", 6)
    monkeypatch.setattr(ranges, "MOST_CELLS", 5)
    chance = random.Random(3)
    for _ in range(8):
        check(
            [
                Group(
                    chance.choice((1, 4, 12, 30)),
                    source := chance.choice("abcd"),
                    chance.choice("xy") + source if chance.random() < 0.8 else None,
                    chance.randint(1, 3),
                    chance.choice((None, "p", "q")),
                )
                for _ in range(10)
            ]
        )


def test_two_lines_tell_of_a_few_people_between_blocks_only() -> None:
    people = np.array([[60, 40, 0, 0], [30, 50, 3, 0], [0, 0, 20, 30], [0, 0, 25, 0]])
    rows_and_columns = blocks(people.astype(float), K)
    assert len(set(rows_and_columns)) == 2
    assert rows_and_columns[0] == rows_and_columns[1] == rows_and_columns[4]
    assert rows_and_columns[2] == rows_and_columns[3] == rows_and_columns[6]
    people[0, 3] = 7  # ten people in all go one way, and may be anywhere between
    assert len(set(blocks(people.astype(float), K))) == 1


def test_many_cells_of_few_people_make_one_block() -> None:
    assert len(set(blocks(np.full((12, 15), 1.0), K))) == 1
    assert len(set(blocks(np.eye(4) * 20, K))) == 4  # nobody is in between


class Moving(ReferenceIndex):
    """A comment changes its source between any two questions; their number stays the same."""

    asked = 0

    def cells(self, *asked: Any, **more: Any) -> list[Cell]:
        self.asked += 1
        first = min(self.opinions.values(), key=lambda o: o.id)
        self.upsert([first.model_copy(update={"source": f"source {self.asked}"})])
        return super().cells(*asked, **more)


def test_an_index_that_moves_opinions_while_it_is_read_is_not_published() -> None:
    index = Moving()
    index.upsert(said([Group(30, "a", "x"), Group(20, "b", "y")]))
    with pytest.raises(IndexUnavailable, match="changes while it is read"):
        gather(index, [ELEVATOR], NOW, Publisher(), Adjuster(), "r")
