"""The wide half of the tagger: hashed n-grams and what is learned of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.errors import InvalidArtifact
from models.inputs import CELLS, STANCES
from models.rows.examples import Example, cells_of
from models.wide import BUCKETS, FILE, WideTable, buckets, context_hash, grams

OUTPUTS = len(STANCES) + len(CELLS)


def table(seed: int = 3) -> WideTable:
    source = np.random.default_rng(seed)
    weights = source.normal(size=(BUCKETS, OUTPUTS)).astype(np.float32)
    known = np.array([context_hash("地铁")], np.uint32)
    return WideTable.rounded(weights, source.normal(size=OUTPUTS).astype(np.float32), known)


@pytest.fixture(scope="module")
def random_table() -> WideTable:
    return table()


@given(st.text(max_size=60))
def test_a_texts_grams_are_those_of_its_parts_and_no_others(text: str) -> None:
    found = grams(text)
    assert len(found) <= 3 * len(text)
    assert (np.diff(found.astype(np.int64)) > 0).all()
    assert set(grams(text[: len(text) // 2])) <= set(found) or text != text.casefold()


def test_equal_words_count_once_and_order_matters() -> None:
    assert set(grams("地铁地铁地铁地铁")) == set(grams("地铁地铁地铁"))
    assert set(grams("铁地")) != set(grams("地铁"))
    assert len(grams("")) == 0


def test_case_width_and_script_do_not_matter() -> None:
    assert np.array_equal(grams("支持垃圾分类ABC"), grams("支持垃圾分類ＡＢＣ"))


def test_a_context_adds_buckets_of_its_own() -> None:
    (alone, metro), (same, bus) = buckets("太吵", "地铁"), buckets("太吵", "公交")
    assert np.array_equal(alone, same)
    assert set(alone) <= set(metro)
    assert set(metro) != set(bus)
    assert metro.max() < BUCKETS


@pytest.mark.parametrize(
    ("scale", "bias"), [(OUTPUTS - 1, OUTPUTS - 1), (OUTPUTS, 1), (1, OUTPUTS), (1, 2)]
)
def test_a_table_of_another_shape_is_refused(scale: int, bias: int) -> None:
    weights = np.zeros((BUCKETS, OUTPUTS), np.int8)
    with pytest.raises(ValueError, match="shape"):
        WideTable(weights, np.ones(scale, np.float32), np.zeros(bias, np.float32))


def test_a_saved_table_says_the_same_and_has_the_same_bytes(
    random_table: WideTable, tmp_path: Path
) -> None:
    random_table.save(tmp_path)
    first = (tmp_path / FILE).read_bytes()
    loaded = WideTable.load(tmp_path)
    assert np.array_equal(
        loaded.logits("地铁", "反对修地铁"), random_table.logits("地铁", "反对修地铁")
    )
    loaded.save(tmp_path)
    assert (tmp_path / FILE).read_bytes() == first
    assert loaded.knows("地铁")
    assert not loaded.knows("公交")


def test_an_older_table_knows_no_policy(random_table: WideTable, tmp_path: Path) -> None:
    held = {name: getattr(random_table, name) for name in ("weights", "scale", "bias")}
    np.savez(tmp_path / FILE, **held)
    assert not WideTable.load(tmp_path).knows("地铁")


@pytest.mark.parametrize("text", ["", " ", "😡😡", "no", "长" * 20_000])
def test_any_text_has_finite_logits(random_table: WideTable, text: str) -> None:
    found = random_table.logits("地铁", text)
    assert found.shape == (OUTPUTS,)
    assert np.isfinite(found).all()


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK")
    with pytest.raises(InvalidArtifact, match=r"wide\.npz cannot be read"):
        WideTable.load(tmp_path)
    np.savez(tmp_path / FILE, weights=np.zeros((2, 2), np.int8), scale=np.ones(2), bias=np.ones(2))
    with pytest.raises(InvalidArtifact, match="shape"):
        WideTable.load(tmp_path)


def test_what_words_say_is_learned_alone_and_for_a_policy() -> None:
    wide_fit = pytest.importorskip("models.exporting.wide_fit", reason="needs the train extra")
    favor, against, none = range(3)
    good, slow = ("service+",), ("convenience-",)
    rows = [
        Example("地铁", "坚决拥护", favor, cells_of(())),
        Example("地铁", "坚决抵制", against, cells_of(())),
        Example("地铁", "请问几点", none, cells_of(())),
        Example("地铁", "一刀切", favor, cells_of(good)),
        Example("公交", "一刀切", against, cells_of(slow)),
        Example("公交", "请问几号", none, cells_of(())),
    ] * 10
    learned = wide_fit.fit_wide(rows)
    for row in rows:
        assert learned.logits(row.context, row.text)[:3].argmax() == row.stance
    assert not learned.knows("地铁")  # forty rows are too few
    assert wide_fit.fit_wide(rows * 2).knows("地铁")
    cells = learned.logits("公交", "态度好")[3:]
    assert cells.shape == (len(CELLS),)
    assert not learned.weights[:, 3 + 2].any()  # fairness+ was never taught
