"""Int8 in the graph, without a comment's result depending on its batch.

Weights get one scale per output channel. Activations are scaled per token, in the graph, from that
token alone; a scale for the whole tensor, as ONNX Runtime's dynamic quantisation takes it, would
change with what else is in the batch. Products of int8 are summed as integers, so no rounding
depends on the order of a sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

MIN_WEIGHTS = 100_000
"""Smaller matrices stay float32."""
WEIGHT_LEVELS = 63
"""Weights use seven bits: processors without VNNI add two products in 16 bits, and
2 * 255 * 64 still fits (2 * 255 * 127 would not, and silently saturate)."""
CENTRE = 128
"""Activations are unsigned around this zero point, which is the faster kernel."""
MICROSOFT = "com.microsoft"

Floats = npt.NDArray[np.float32]


def quantised(weight: Floats, axis: int, levels: int) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return int8 weights within ±``levels`` and the scale of each slice along ``axis``."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others), 1e-8) / np.float32(levels)
    shape = [-1 if i == axis else 1 for i in range(weight.ndim)]
    return np.rint(weight / scale.reshape(shape)).astype(np.int8), scale.astype(np.float32)


class _Rewriter:
    """Replaces the large matrices of a graph's MatMul and Gather nodes."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.large = {
            tensor.name: numpy_helper.to_array(tensor)
            for tensor in graph.initializer
            if len(tensor.dims) == 2 and np.prod(tensor.dims) > MIN_WEIGHTS
        }
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.scaled: set[str] = set()
        self.nodes: list[onnx.NodeProto] = []

    def rewrite(self) -> None:
        for node in self.graph.node:
            place = {"MatMul": 1, "Gemm": 1, "Gather": 0}.get(node.op_type)
            if place is None or node.input[place] not in self.large:
                self.nodes.append(node)
            elif node.op_type == "Gather":
                self._gather(node)
            elif node.op_type == "Gemm":
                self._gemm(node)
            else:
                self._matmul(node)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for name, tensor in self.constants.items() if name in used]
        del self.graph.node[:], self.graph.initializer[:], self.graph.value_info[:]
        self.graph.node.extend(self.nodes)
        self.graph.initializer.extend(kept)

    def _constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _gather(self, node: onnx.NodeProto) -> None:
        """Word embeddings: a scale per row, applied after the look-up."""
        name, index = node.input
        rows, scale = quantised(self.large[name], 0, 127)
        small = self._constant(f"{name}.int8", rows)
        scales = self._constant(f"{name}.scale", scale.reshape(-1, 1))
        out = node.output[0]
        row = self._add("Gather", [small, index], f"{out}.int8")
        row = self._add("Cast", [row], f"{out}.float", to=TensorProto.FLOAT)
        scale_of_row = self._add("Gather", [scales, index], f"{out}.row_scale")
        self._add("Mul", [row, scale_of_row], out)

    def _gemm(self, node: onnx.NodeProto) -> None:
        """A linear layer with a bias, its weight stored by output."""
        x, name, bias = node.input
        out = node.output[0]
        self.large[f"{name}.turned"] = self.large[name].T
        self._matmul(helper.make_node("MatMul", [x, f"{name}.turned"], [f"{out}.product"]))
        self._add("Add", [f"{out}.product", bias], out)

    def _matmul(self, node: onnx.NodeProto) -> None:
        """Linear layers: integers times integers, then both scales."""
        x, name = node.input
        columns, scale = quantised(self.large[name], 1, WEIGHT_LEVELS)
        zero = self._constant("centre", np.uint8(CENTRE))  # type: ignore[arg-type]
        one = self._constant("one", np.float32(1))  # type: ignore[arg-type]
        if x not in self.scaled:
            self.scaled.add(x)
            self._scale(x, one, zero)
        small = self._constant(f"{name}.int8", columns)
        scales = self._constant(f"{name}.scale", scale)
        out = node.output[0]
        inputs = [f"{x}.int8", small, one, scales, zero]
        self._add("MatMulIntegerToFloat", inputs, f"{out}.unscaled", domain=MICROSOFT)
        self._add("Mul", [f"{out}.unscaled", f"{x}.scale"], out)

    def _scale(self, x: str, one: str, zero: str) -> None:
        least = self._constant("least", np.float32(1e-8))  # type: ignore[arg-type]
        step = self._constant("step", np.float32(1 / 127))  # type: ignore[arg-type]
        last = self._constant("last", np.array([-1], np.int64))
        size = self._add("Abs", [x], f"{x}.abs")
        size = self._add("ReduceMax", [size, last], f"{x}.max", keepdims=1)
        size = self._add("Max", [size, least], f"{x}.size")
        scale = self._add("Mul", [size, step], f"{x}.scale")
        whole = self._add("Div", [x, scale], f"{x}.whole")
        self._add("QuantizeLinear", [whole, one, zero], f"{x}.int8")


def weights_to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite the graph in place: linear layers and word embeddings become int8."""
    _Rewriter(model.graph).rewrite()
    if all(opset.domain != MICROSOFT for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.checker.check_model(model)
    return model
