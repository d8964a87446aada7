"""An artifact's network back in torch, to train it further: ``minyi model train --from FOLDER``.

Weights come back as the graph holds them, rounded to int8; training goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from transformers import BertConfig, BertModel

from minyi.errors import SettingError
from models.artifact import GRAPH, TOKENIZER
from models.training.network import HEADS, PARTS, S

HEAD = 64
"""Width of an attention head of every BERT of the usual shapes, for artifacts that do not tell."""
ENCODER = "encoder."

Array = npt.NDArray[Any]


def restore(artifact: Path, heads: int | None, folder: Path) -> None:
    """Write an artifact's network as a Hugging Face folder, with its heads beside.

    Args:
        artifact: its folder.
        heads: attention heads of a layer, where the artifact tells.
        folder: where to write.

    Raises:
        SettingError: when the graph is not one that Minyi exports.
    """
    untyped: Any = BertModel
    try:
        weights = {
            name: torch.from_numpy(np.array(value, np.float32))
            for name, value in _weights(onnx.load(artifact / GRAPH).graph).items()
        }
        own = {name: value for name, value in weights.items() if not name.startswith(ENCODER)}
        encoder = {
            name.removeprefix(ENCODER): weights[name] for name in weights.keys() - own.keys()
        }
        own = with_evidence(own)
        network = untyped(_config(encoder, heads), add_pooling_layer=False)
        network.load_state_dict(encoder)
    except (KeyError, ValueError, RuntimeError) as error:
        raise SettingError(
            f"{artifact} cannot be trained further, its graph is not as Minyi exports it: {error}"
        ) from error
    network.save_pretrained(folder)
    torch.save(own, folder / HEADS)
    shutil.copyfile(artifact / TOKENIZER, folder / TOKENIZER)


def with_evidence(heads: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the heads, in older taggers with the stance's attention as the evidence's."""
    lacking = sum(PARTS) - len(heads["heads.bias"])
    if lacking != PARTS[-1]:
        return heads
    again = {name: heads[name][2 * S : 2 * S + 1] for name in ("heads.weight", "heads.bias")}
    return heads | {name: torch.cat([heads[name], rows]) for name, rows in again.items()}


def _config(encoder: Mapping[str, torch.Tensor], heads: int | None) -> BertConfig:
    words, width = encoder["embeddings.word_embeddings.weight"].shape
    return BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_attention_heads=heads or width // HEAD,
        num_hidden_layers=sum(name.endswith("attention.self.query.bias") for name in encoder),
        intermediate_size=len(encoder["encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(encoder["embeddings.position_embeddings.weight"]),
        type_vocab_size=len(encoder["embeddings.token_type_embeddings.weight"]),
    )


def _weights(graph: onnx.GraphProto) -> dict[str, Array]:
    """Return all parameters by their names in the network."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    maker = {output: node for node in graph.node for output in node.output}
    found = {name: held[name] for name in held if name.endswith((".weight", ".bias"))}
    for name in held:
        if name.endswith("_embeddings.weight.int8"):
            table = name.removesuffix(".int8")
            found[table] = held[name] * held[f"{table}.scale"]
    for node in graph.node:
        biases = [name for name in node.input if name.endswith(".bias") and name in held]
        if node.op_type == "Add" and biases:
            [product] = [maker[name] for name in node.input if name not in biases]
            matrix = _matrix(product, maker, held)
            if matrix is not None:
                found[f"{biases[0].removesuffix('bias')}weight"] = matrix
    return found


def _matrix(
    node: onnx.NodeProto, maker: Mapping[str, onnx.NodeProto], held: Mapping[str, Array]
) -> Array | None:
    """Return the weight (outputs, inputs) that a product is made with."""
    if node.op_type == "Mul":  # of whole numbers and the scale of the token
        node = maker[node.input[0]]
    if node.op_type == "MatMulIntegerToFloat":
        name = node.input[1]
        return np.asarray((held[name] * held[f"{name.removesuffix('int8')}scale"]).T)
    return np.asarray(held[node.input[1]].T) if node.op_type == "MatMul" else None
