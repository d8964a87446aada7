"""Taggers back in torch; needs the train extra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minyi.errors import SettingError
from models.artifact import GRAPH
from tests.unit.tiny_bert import extra


def test_an_older_tagger_keeps_its_stances_attention_as_evidence() -> None:
    torch = extra("torch")
    extra("transformers")
    from models.training.network import PARTS, S
    from models.training.restore import with_evidence

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


@pytest.mark.parametrize("nodes", [0, 1])
def test_a_graph_that_is_not_of_minyi_is_told(tmp_path: Path, nodes: int) -> None:
    extra("transformers")
    onnx = extra("onnx")
    from models.training.restore import restore

    values = [
        onnx.numpy_helper.from_array(np.ones(2, np.float32), name)
        for name in ("heads.bias", "other.bias")
    ]
    add = onnx.helper.make_node("Add", ["heads.bias", "other.bias"], ["sum"])
    graph = onnx.helper.make_graph([add] * nodes, "none of ours", [], [], values)
    onnx.save(onnx.helper.make_model(graph), tmp_path / GRAPH)
    with pytest.raises(SettingError, match=f"{tmp_path} cannot be trained further"):
        restore(tmp_path, None, tmp_path / "base")
