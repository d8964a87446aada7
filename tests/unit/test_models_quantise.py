"""Int8 in the graph: near float32, and the same bits in any batch; needs the ``train`` extra."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

onnx: Any = pytest.importorskip("onnx", reason="needs the train extra")
quantise: Any = pytest.importorskip("models.exporting.quantise", reason="needs the train extra")

WORDS, WIDTH, INNER, LENGTH = 800, 192, 640, 6
"""Both large matrices have more than 100,000 weights."""

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


def graph() -> Any:
    """Embedding, two linear layers on it that are large, and one that is small."""
    source = np.random.default_rng(4)
    weights = {
        "words": source.normal(size=(WORDS, WIDTH)),
        "wide": source.normal(size=(WIDTH, INNER)) * np.geomspace(0.01, 10, INNER),
        "other": source.normal(size=(WIDTH, INNER)) * 0.1,
        "small": source.normal(size=(INNER, 3)) * 0.1,
        "bias": source.normal(size=3),
        "stored": source.normal(size=(WIDTH, INNER)) * np.geomspace(0.1, 10, WIDTH)[:, None],
        "none": np.zeros(WIDTH),
    }
    node = onnx.helper.make_node
    value = onnx.helper.make_tensor_value_info
    kinds = onnx.TensorProto
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                node("Gather", ["words", "ids"], ["rows"]),
                node("Softsign", ["rows"], ["read"]),
                node("MatMul", ["read", "wide"], ["hidden"]),
                node("MatMul", ["read", "other"], ["second"]),
                node("Tanh", ["second"], ["bent"]),
                node("MatMul", ["bent", "small"], ["plain"]),
                node("Add", ["plain", "bias"], ["out"]),
                node("ReduceMax", ["bent", "middle"], ["most"], keepdims=0),
                node("Gemm", ["most", "stored", "none"], ["vector"], transB=1),
            ],
            "small_network",
            [value("ids", kinds.INT64, ["batch", "length"])],
            [
                value("rows", kinds.FLOAT, ["batch", "length", WIDTH]),
                value("hidden", kinds.FLOAT, ["batch", "length", INNER]),
                value("out", kinds.FLOAT, ["batch", "length", 3]),
                value("vector", kinds.FLOAT, ["batch", WIDTH]),
            ],
            [
                onnx.numpy_helper.from_array(array.astype(np.float32), name)
                for name, array in weights.items()
            ]
            + [onnx.numpy_helper.from_array(np.array([1], np.int64), "middle")],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 20)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    return model


class Graph:
    """A graph that runs, with its constants by name."""

    def __init__(self, model: Any) -> None:
        self.size = model.ByteSize()
        self.constants = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self.names = [value.name for value in model.graph.output]
        self._session = ort.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def __call__(self, ids: Ids) -> dict[str, Floats]:
        return dict(zip(self.names, self._session.run(self.names, {"ids": ids}), strict=True))


@pytest.fixture(scope="module")
def full() -> Graph:
    return Graph(graph())


@pytest.fixture(scope="module")
def small() -> Graph:
    return Graph(quantise.weights_to_int8(graph()))


def batches(most: int) -> st.SearchStrategy[Ids]:
    return st.integers(1, most).flatmap(
        lambda rows: arrays.arrays(np.int64, (rows, LENGTH), elements=st.integers(0, WORDS - 1))
    )


def cosine(one: Floats, two: Floats) -> Floats:
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    return np.asarray((one * two).sum(-1) / norms)


def test_outputs_are_near_those_of_float32(full: Graph, small: Graph) -> None:
    ids = np.random.default_rng(5).integers(0, WORDS, (64, LENGTH))
    exact, found = full(ids), small(ids)
    assert list(found) == list(exact)
    step = np.abs(exact["rows"]).max(axis=-1, keepdims=True) / 127
    assert (np.abs(found["rows"] - exact["rows"]) <= 0.51 * step).all()
    # Columns have scales of their own, so that small ones are no less exact than large ones.
    for column in ("hidden", "out"):
        error = np.abs(found[column] - exact[column]).mean(axis=(0, 1))
        assert (error < 0.03 * np.abs(exact[column]).mean(axis=(0, 1))).all()
    assert cosine(exact["hidden"], found["hidden"]).min() > 0.999
    assert cosine(exact["vector"], found["vector"]).min() > 0.999


@settings(max_examples=40, deadline=None)
@given(batches(12), st.integers(1, 12))
def test_a_rows_result_is_the_same_bit_for_bit_in_any_batch(
    small: Graph, ids: Ids, part: int
) -> None:
    together = small(ids)
    for other in (small(ids[:part]), {k: v[::-1] for k, v in small(ids[::-1]).items()}):
        for name, values in other.items():
            assert np.array_equal(values, together[name][: len(values)])
    for row in range(len(ids)):
        for name, values in small(ids[row : row + 1]).items():
            assert np.array_equal(values[0], together[name][row])


def test_large_matrices_become_int8_and_small_ones_stay(full: Graph, small: Graph) -> None:
    assert {"words", "wide", "other"}.isdisjoint(small.constants)
    for name in ("wide", "other"):
        matrix = small.constants[f"{name}.int8"]
        assert matrix.dtype == np.int8
        assert np.abs(matrix).max(axis=0) == pytest.approx(63)
    assert small.constants["words.int8"].dtype == np.int8
    assert small.constants["stored.turned.int8"].dtype == np.int8
    assert "stored" not in small.constants
    for name in ("small", "bias"):
        assert np.array_equal(small.constants[name], full.constants[name])
    assert small.size < 0.3 * full.size


def test_a_small_embedding_computes_what_it_did() -> None:
    model = graph()
    for tensor in model.graph.initializer:
        if tensor.name == "words":
            rows = onnx.numpy_helper.to_array(tensor)[:100]
            tensor.CopyFrom(onnx.numpy_helper.from_array(rows, "words"))
    ids = np.random.default_rng(6).integers(0, 100, (4, LENGTH))
    exact = Graph(model)(ids)["rows"]
    assert np.array_equal(Graph(quantise.weights_to_int8(model))(ids)["rows"], exact)


matrices = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    elements=st.floats(-1000, 1000, width=32),
)


@given(matrices, st.sampled_from([0, 1]), st.sampled_from([63, 127]))
def test_no_weight_is_off_by_more_than_half_a_step(weight: Floats, axis: int, levels: int) -> None:
    whole, scale = quantise.quantised(weight, axis, levels)
    assert whole.dtype == np.int8
    assert scale.shape == (weight.shape[axis],)
    assert np.abs(whole.astype(int)).max() <= levels
    steps = scale[:, None] if axis == 0 else scale[None, :]
    assert (np.abs(whole * steps - weight) <= 0.5001 * steps).all()
