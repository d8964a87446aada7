"""On what the text vector is held against the base encoder's; the rest needs the corpora."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models.rows import sources
from models.rows.sources import plain_texts

pytest.importorskip("scipy", reason="needs the train extra")
fidelity: Any = pytest.importorskip("models.scoring.fidelity", reason="needs the train extra")

ROWS = [{"title": f"第{number}号政策", "topic": "", "text": "长" * 200} for number in range(3000)]


@pytest.fixture(autouse=True)
def corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "corpus", lambda name: ROWS)


def test_the_text_vector_is_scored_on_texts_that_it_was_not_fitted_on() -> None:
    fitted = set(plain_texts(1500, seed=7))
    fresh = fidelity.fresh_texts(1500, seed=7)
    assert len(fresh) == fidelity.TEXTS
    assert not fitted & set(fresh)
    assert all(len(text) <= fidelity.LONGEST for text in fresh)


def test_texts_are_drawn_by_the_seed_and_no_more_than_there_are() -> None:
    assert plain_texts(10, seed=1) == plain_texts(10, seed=1) != plain_texts(10, seed=2)
    every = {row["title"] for row in ROWS} | {ROWS[0]["text"]}
    assert set(plain_texts(None, seed=1)) == set(plain_texts(10_000, seed=1)) == every
    assert plain_texts(10, seed=1) == random.Random(1).sample(sorted(every), 10)
