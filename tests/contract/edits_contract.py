"""What an index does with edits of a comment that reach it out of order."""

from __future__ import annotations

from typing import Any

import pytest
from index_worlds import ALL, opinion

from minyi.domain import Opinion
from minyi.ports import Index

EARLY, LATE = "2024-05-15T12:00:00+08:00", "2024-09-15T12:00:00+08:00"
FIRST, SECOND, THIRD = (1_780_000_000_000 + n << 20 for n in range(3))
"""Numbers of edits, as large as they come."""


class Edited:
    """One comment and its edits. Each test has another one: a store may remember for a while which
    edit it was that it has deleted."""

    def __init__(self, index: Index, comment: str) -> None:
        self._index = index
        self._comment = comment

    def edit(self, text: str, **more: Any) -> Opinion:
        return opinion(self._comment, text, **more)

    def write(self, text: str, number: int | None, **more: Any) -> bool:
        """Write an edit; return whether the index says that it holds a newer one."""
        rejections = self._index.upsert([self.edit(text, **more)], [number])
        assert all(rejection.superseded for rejection in rejections)
        return bool(rejections)

    def held(self) -> list[str]:
        return [o.text for o in self._index.search("", ALL).items]


class EditsContract:
    """A part of ``IndexContract``."""

    @pytest.fixture
    def edited(self, index: Index, request: pytest.FixtureRequest) -> Edited:
        return Edited(index, request.node.name)

    def test_an_older_edit_does_not_replace_a_newer_one(self, edited: Edited) -> None:
        assert not edited.write("新的", SECOND)
        assert edited.write("旧的", FIRST)
        assert edited.held() == ["新的"]
        assert not edited.write("更新的", THIRD)
        assert edited.held() == ["更新的"]

    def test_the_same_edit_is_written_again(self, index: Index, edited: Edited) -> None:
        """As when comments are tagged anew by another model."""
        edited.write("同一条", FIRST, model_id="old")
        assert not edited.write("同一条", FIRST, model_id="new")
        assert [o.model_id for o in index.search("", ALL).items] == ["new"]

    def test_an_edit_that_changes_nothing_counts(self, edited: Edited) -> None:
        edited.write("原话", FIRST)
        edited.write("原话", THIRD)
        assert edited.write("改过", SECOND)
        assert edited.held() == ["原话"]

    def test_in_a_batch_the_newest_edit_wins_and_the_last_of_equals(
        self, index: Index, edited: Edited
    ) -> None:
        batch = [edited.edit(text) for text in ("旧的", "新的", "更新的", "又是旧的")]
        assert index.upsert(batch, [FIRST, SECOND, SECOND, FIRST]) == []
        assert edited.held() == ["更新的"]
        assert edited.write("旧的", FIRST)

    @pytest.mark.parametrize("before", [EARLY, None])
    def test_an_older_edit_of_another_month_does_not_come_back(
        self, index: Index, edited: Edited, before: str | None
    ) -> None:
        if before:
            edited.write("最早", FIRST, created_at=before)
        edited.write("新的", THIRD, created_at=LATE)
        assert edited.write("旧的", SECOND, created_at=EARLY)
        assert edited.held() == ["新的"]
        assert index.count() == 1
        assert not edited.write("回来", THIRD + 1, created_at=EARLY)
        assert edited.held() == ["回来"]

    def test_without_a_number_what_comes_replaces_what_is_there(
        self, index: Index, edited: Edited
    ) -> None:
        for number, when in [(SECOND, EARLY), (None, EARLY), (None, LATE), (THIRD, EARLY)]:
            assert not edited.write(f"{number} {when}", number, created_at=when)
            assert edited.held() == [f"{number} {when}"]
        assert index.upsert([edited.edit("最后")]) == []
        assert edited.held() == ["最后"]

    def test_what_was_deleted_may_be_written_again(self, index: Index, edited: Edited) -> None:
        for _ in range(2):
            assert not edited.write("还在", FIRST)
            assert index.delete([edited.edit("还在").id]) == 1
            assert edited.held() == []

    def test_an_older_edit_costs_the_others_of_its_batch_nothing(
        self, index: Index, edited: Edited
    ) -> None:
        edited.write("新的", SECOND)
        other = opinion("another", "另一条")
        (rejection,) = index.upsert([edited.edit("旧的"), other], [FIRST, None])
        assert (rejection.id, rejection.superseded) == (edited.edit("旧的").id, True)
        assert set(edited.held()) == {"新的", "另一条"}
