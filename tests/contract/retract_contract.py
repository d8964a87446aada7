"""What an index does with opinions that an edit of their comment has left behind."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from edits_contract import EARLY, FIRST, LATE, SECOND, THIRD
from index_worlds import ALL, opinion

from minyi.ports import About, Index
from minyi.query import Filters


class Told:
    """One comment, of which edits tell. Each test has another one: see ``Edited``."""

    def __init__(self, index: Index, comment: str) -> None:
        self._index = index
        self.comment = comment

    def write(self, *policies: str, edit: int | None = None, when: str = EARLY) -> None:
        self._index.upsert(
            [opinion(self.comment, policy=policy, created_at=when) for policy in policies],
            [edit] * len(policies),
        )

    def about(self, *policies: str, edit: int | None = None) -> About:
        return About(self.comment, frozenset(policies), edit)

    def retract(self, *policies: str, edit: int | None = None) -> int:
        return self._index.retract([self.about(*policies, edit=edit)])

    def held(self) -> set[str]:
        found = self._index.search("", ALL, limit=100).items
        return {o.policy_id for o in found if o.comment_id == self.comment}


class RetractContract:
    """A part of ``IndexContract``."""

    @pytest.fixture
    def told(self, index: Index, request: pytest.FixtureRequest) -> Told:
        return Told(index, request.node.name)

    @pytest.mark.parametrize("edit", [None, THIRD])
    @pytest.mark.parametrize(
        ("policies", "gone"),
        [({"waste", "metro"}, 0), ({"metro"}, 1), ({"metro", "bus"}, 1), ({"bus"}, 2), ((), 2)],
    )
    def test_only_the_policies_of_the_edit_stay(
        self, index: Index, told: Told, edit: int | None, policies: Collection[str], gone: int
    ) -> None:
        told.write("waste", "metro", edit=edit and FIRST)
        index.upsert([opinion("another"), opinion("another", policy="bus")])
        assert told.retract(*policies, edit=edit) == gone
        assert told.held() == {"waste", "metro"} & set(policies)
        assert told.retract(*policies, edit=edit) == 0
        assert index.count() == 2 - gone + 2

    def test_figures_no_longer_hold_what_is_gone(self, index: Index, told: Told) -> None:
        told.write("waste", "metro")
        assert set(index.totals(ALL)) == {"waste", "metro"}
        told.retract("metro")
        assert set(index.totals(ALL)) == {"metro"}
        assert index.search("垃圾", Filters(policy_id="waste")).total == 0

    def test_the_last_edit_of_a_call_counts(self, index: Index, told: Told) -> None:
        told.write("waste", "metro")
        assert index.retract([told.about(), told.about("waste"), told.about("metro")]) == 1
        assert told.held() == {"metro"}

    def test_the_newest_edit_of_a_call_counts(self, index: Index, told: Told) -> None:
        told.write("waste", "metro", edit=FIRST)
        assert index.retract([told.about("metro", edit=THIRD), told.about(edit=SECOND)]) == 1
        assert told.held() == {"metro"}

    def test_an_older_edit_takes_nothing_from_a_newer_one(self, told: Told) -> None:
        told.write("metro", edit=SECOND)
        assert told.retract("waste", edit=FIRST) == 0
        assert told.retract(edit=FIRST) == 0
        assert told.held() == {"metro"}

    @pytest.mark.parametrize("when", [EARLY, LATE])
    def test_an_older_edit_that_comes_late_goes_again(self, told: Told, when: str) -> None:
        """It is about another policy, so that nothing kept it from being written."""
        told.write("metro", edit=SECOND, when=when)
        told.write("waste", edit=FIRST)
        assert told.retract("waste", edit=FIRST) == 1
        assert told.held() == {"metro"}

    def test_what_an_edit_left_behind_in_another_month_goes(self, told: Told) -> None:
        told.write("waste", edit=FIRST)
        told.write("metro", edit=SECOND, when=LATE)
        assert told.retract("metro", edit=SECOND) == 1
        assert told.held() == {"metro"}

    @pytest.mark.parametrize("edit", [None, SECOND])
    def test_what_is_gone_may_come_back(self, told: Told, edit: int | None) -> None:
        told.write("waste", edit=edit and FIRST)
        assert told.retract(edit=edit) == 1
        told.write("waste", edit=edit)
        assert told.retract("waste", edit=edit) == 0
        assert told.held() == {"waste"}

    def test_many_comments_at_once(self, index: Index) -> None:
        names = [f"c{n}" for n in range(1_100)]
        index.upsert([opinion(name, policy=policy) for name in names for policy in ("a", "b", "c")])
        assert index.retract([About(name, frozenset("b")) for name in names]) == 2 * len(names)
        assert {id_: counts.total for id_, counts in index.totals(ALL).items()} == {"b": len(names)}

    def test_no_edit_at_all(self, index: Index) -> None:
        assert index.retract([]) == 0
        assert index.retract([About("unknown")]) == 0
