"""Rows within the words of a hotline."""

from __future__ import annotations

import random

from models.rows.examples import Example
from models.rows.framed import CALLS, LONE, OF_SCORES, OPENINGS, as_of_a_hotline, framed

ROW = Example("限行：机动车限行", "早高峰好走多了。我支持", stance=0, spans=((8, 11),))


def marked(row: Example) -> list[str]:
    return [row.text[first:last] for first, last in row.spans]


def test_the_words_stand_around_the_comment_and_its_labels_stay() -> None:
    rows = framed([ROW] * 200, 1.0, random.Random(1))
    assert len({row.text for row in rows}) > 100
    for row in rows:
        assert ROW.text in row.text
        assert row.text != ROW.text
        assert (row.stance, row.context, marked(row)) == (0, ROW.context, ["我支持"])


def test_a_share_of_the_rows_is_framed() -> None:
    rows = framed([ROW] * 1000, 0.3, random.Random(1))
    assert 250 < sum(row.text != ROW.text for row in rows) < 350
    assert framed([ROW], 0.0, random.Random(1)) == [ROW]


def test_what_is_scored_was_not_taught() -> None:
    taught = {*OPENINGS, *LONE} - {""}
    assert not taught & {part for words in OF_SCORES for part in words}
    assert not any(closing.startswith(CALLS) for _, closing in OF_SCORES if "尽快" in closing)
    rows = as_of_a_hotline([ROW] * len(OF_SCORES))
    assert [row.text for row in rows] == [f"{a}{ROW.text}{b}" for a, b in OF_SCORES]
    assert all(marked(row) == ["我支持"] for row in rows)
