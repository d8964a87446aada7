"""Taggers back in torch; needs the train extra."""

from __future__ import annotations

from tests.unit.tiny_bert import extra


def test_an_older_tagger_keeps_its_stances_attention_as_evidence() -> None:
    torch = extra("torch")
    extra("transformers")
    from models.network import PARTS, S
    from models.restore import with_evidence

    older = {
        "heads.weight": torch.randn(sum(PARTS[:-1]), 8),
        "heads.bias": torch.randn(sum(PARTS[:-1])),
        "vector.bias": torch.zeros(3),
    }
    heads = with_evidence(older)
    assert heads["heads.weight"].shape == (sum(PARTS), 8)
    for name in ("heads.weight", "heads.bias"):
        assert torch.equal(heads[name][:-1], older[name])
        assert torch.equal(heads[name][-1], older[name][2 * S])
    assert torch.equal(with_evidence(heads)["heads.bias"], heads["heads.bias"])
    assert torch.equal(heads["vector.bias"], older["vector.bias"])
