"""Hidden words: what is hidden, and that guessing is learned; needs the train extra."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.artifact import SHIPPED
from models.inputs import InputEncoder
from tests.unit.tiny_bert import extra, write_base

INPUTS = InputEncoder(SHIPPED, 48)
TEXTS = st.lists(st.text("政策好坏限行停车费，。 a1", max_size=60), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.booleans(), st.integers(0, 2**31))
def test_only_words_are_hidden_and_the_rest_stands_as_it_was(
    texts: list[str], paired: bool, seed: int
) -> None:
    torch = extra("torch")
    from models.training.batches import collate
    from models.training.words import hide

    encoded = [INPUTS.pair("限行", text) if paired else INPUTS.single(text) for text in texts]
    torch.manual_seed(seed)
    ids, mask, segments, where, truth = hide(encoded, INPUTS)
    whole, same_mask, same_segments = collate(encoded, INPUTS.pad)
    assert torch.equal(mask, same_mask)
    assert torch.equal(segments, same_segments)
    assert torch.equal(ids[~where], whole[~where])
    assert torch.equal(truth, whole[where])
    special = torch.tensor([INPUTS.cls, INPUTS.sep, INPUTS.pad])
    assert not torch.isin(truth, special).any()
    assert torch.isin(ids[where][ids[where] != truth], torch.tensor([INPUTS.mask])).all()


def test_a_word_is_guessed_better_after_it_was_learned(tmp_path: Path) -> None:
    torch = extra("torch")
    extra("transformers")
    from models.training.network import TaggerNetwork
    from models.training.words import MaskedWords, word_loss

    torch.manual_seed(4)
    encoder = TaggerNetwork.from_base(write_base(tmp_path / "base", 4)).encoder
    head = MaskedWords(encoder)
    encoded = [INPUTS.pair("限行", "早高峰限行之后路上好走多了") for _ in range(8)]
    values = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(values, lr=1e-2)
    losses = []
    for _ in range(25):
        loss = word_loss(encoder, head, encoded, INPUTS)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_batch_without_words_costs_nothing(tmp_path: Path) -> None:
    extra("torch")
    extra("transformers")
    from models.training.network import TaggerNetwork
    from models.training.words import MaskedWords, word_loss

    encoder = TaggerNetwork.from_base(write_base(tmp_path / "base", 4)).encoder
    encoded = [INPUTS.single(""), INPUTS.single(" ")]
    loss = word_loss(encoder, MaskedWords(encoder), encoded, INPUTS)
    assert loss.item() == 0
    loss.backward()


@pytest.mark.parametrize(("precision", "wanted"), [("float32", False), ("bfloat16", True)])
def test_precision_is_as_the_recipe_says(precision: str, wanted: bool) -> None:
    extra("torch")
    from models.training.train import in_bfloat16

    assert in_bfloat16(precision) is wanted


@pytest.mark.parametrize(
    ("told", "wanted"),
    [({"amx_bf16": True}, True), ({"avx512_bf16": True}, True), ({"avx512_f": True}, False)],
)
def test_bfloat16_is_taken_where_the_processor_multiplies_it(
    told: dict[str, bool], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = extra("torch")
    from models.training.train import in_bfloat16

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert in_bfloat16("auto") is wanted
