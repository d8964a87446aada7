from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minyi.text import duplicate_key, fold, headed, keyed_hash, normalise

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(texts)
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(texts)
def test_folding_and_normalising_twice_change_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert normalise(normalise(text)) == normalise(text)


def test_width_case_and_script_do_not_matter() -> None:
    assert fold("ＥＴＣ電動車") == "etc电动车"
    assert normalise("  電動車\t\nＥＴＣ ") == "电动车 etc"


def test_copies_with_other_punctuation_share_a_duplicate_key() -> None:
    assert duplicate_key("支持加裝電梯！！") == duplicate_key("支持，加装电梯 👍")
    assert duplicate_key("支持加装电梯") != duplicate_key("反对加装电梯")
    assert duplicate_key("👍") != duplicate_key("👎")


def test_a_short_text_is_told_apart_by_its_title() -> None:
    """如题 says nothing: people with titles of their own are no copies of each other."""
    one, other = "尾号限行以后空气好了", "尾号限行应该取消"
    assert duplicate_key(headed(one, "如题")) == duplicate_key(headed(f"{one}。", "如题！"))
    assert len({duplicate_key(headed(title, "如题")) for title in (one, other, None)}) == 3
    assert headed("支持限行", "支持限行！") == "支持限行！"


def test_a_longer_text_is_the_same_under_any_title() -> None:
    """Who sends a petition again often gives it another one."""
    text = "早高峰确实快了，公交也准点"
    assert headed("支持限行", text) == text


@given(texts)
def test_every_text_has_a_key(text: str) -> None:
    assert len(duplicate_key(text)) == 16


def test_a_hash_is_the_same_under_one_key_only() -> None:
    assert keyed_hash("u1", "key") == keyed_hash("u1", "key")
    assert keyed_hash("u1", "key") != keyed_hash("u1", "other")
    assert keyed_hash("u1", "key") != keyed_hash("u2", "key")
