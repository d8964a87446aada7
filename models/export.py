"""Write the artifact: ``python -m models.export --run var/model --out artifacts/tagger``.

Weights become int8, a scale per output channel (per row for the word embeddings); activations
stay float32, because scales taken from activations would make a comment's result depend on its
batch. The word embeddings are scaled after the look-up, so only the rows in use are.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from minyi.settings import ROOT
from models.artifact import GRAPH, TOKENIZER, Decision, Manifest, file_hash, model_id
from models.config import load_config
from models.data import data_hashes
from models.network import TaggerNetwork
from models.train import base_folder

OPSET = 20
BASE = "BAAI/bge-small-zh-v1.5"
LICENCE = "Apache-2.0; base encoder MIT, Copyright (c) 2022 staoxiao (BAAI), see NOTICE"
NOTICE = "NOTICE"
MIN_WEIGHTS = 100_000
"""Smaller matrices stay float32."""


def to_onnx(network: TaggerNetwork, path: Path) -> None:
    """Write the network as a float32 graph with free batch and length."""
    network.eval()
    network.encoder.set_attn_implementation("eager")
    ids = torch.randint(5, 1000, (2, 48))
    mask = torch.ones_like(ids)
    segments = torch.zeros_like(ids)
    segments[:, 10:] = 1
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    torch.onnx.export(
        network,
        (ids, mask, segments),
        path,
        input_names=["ids", "mask", "segments"],
        output_names=["stance", "evaluation", "evidence", "vector"],
        dynamic_shapes=({0: batch, 1: length},) * 3,
        dynamo=True,
        external_data=False,
        opset_version=OPSET,
        verbose=False,
    )


def quantised(
    weight: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return int8 weights and the scale of each slice along ``axis``: symmetric."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others), 1e-8) / np.float32(127)
    shape = [-1 if i == axis else 1 for i in range(weight.ndim)]
    return np.rint(weight / scale.reshape(shape)).astype(np.int8), scale.astype(np.float32)


def weights_to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace the large matrices of MatMul and Gather by int8 and their scales."""
    graph = model.graph
    large = {
        tensor.name: tensor
        for tensor in graph.initializer
        if len(tensor.dims) == 2 and np.prod(tensor.dims) > MIN_WEIGHTS
    }
    nodes, replaced = [], set()
    for node in graph.node:
        place = {"MatMul": 1, "Gather": 0}.get(node.op_type)
        name = node.input[place] if place is not None else None
        if name not in large:
            nodes.append(node)
            continue
        replaced.add(name)
        gather = node.op_type == "Gather"
        small, scale = quantised(numpy_helper.to_array(large[name]), 0 if gather else 1)
        if gather:
            scale = scale.reshape(-1, 1)
        graph.initializer.append(numpy_helper.from_array(small, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        if gather:
            out, index = node.output[0], node.input[1]
            nodes += [
                helper.make_node("Gather", [f"{name}.int8", index], [f"{out}.int8"]),
                helper.make_node("Cast", [f"{out}.int8"], [f"{out}.float"], to=TensorProto.FLOAT),
                helper.make_node("Gather", [f"{name}.scale", index], [f"{out}.scale"]),
                helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
            ]
        else:
            inputs, output = [f"{name}.int8", f"{name}.scale"], [f"{name}.float"]
            nodes.append(helper.make_node("DequantizeLinear", inputs, output, axis=1))
            node.input[1] = output[0]
            nodes.append(node)
    kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    return model


def averaged(paths: list[Path]) -> dict[str, torch.Tensor]:
    """Return the mean of the networks' weights."""
    states = [torch.load(path, weights_only=True) for path in paths]
    return {name: sum(state[name] for state in states) / len(states) for name in states[0]}


def _revision() -> str:
    done = subprocess.run(
        ["git", "log", "-1", "--format=%h", "--", "models"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def export(run: Path, config: Path, out: Path) -> Manifest:
    """Write graph, tokenizer, notice and a manifest with an undecided decision; calibrate next."""
    out.mkdir(parents=True, exist_ok=True)
    network = TaggerNetwork.from_base(base_folder(run))
    settings = load_config(config)
    network.load_state_dict(averaged([run / f"{stage}.pt" for stage in settings.ship]))
    full = run / "float32.onnx"
    to_onnx(network, full)
    model = weights_to_int8(onnx.load(full))
    # The exporter notes source lines and paths of this machine; nobody needs them.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    model.graph.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    onnx.save(model, out / GRAPH)
    shutil.copyfile(base_folder(run) / TOKENIZER, out / TOKENIZER)
    shutil.copyfile(Path(__file__).with_name(NOTICE), out / NOTICE)
    files = {name: file_hash(out / name) for name in (GRAPH, TOKENIZER)}
    decision = Decision()
    manifest = Manifest(
        model_id=model_id(files, decision),
        created_at=datetime.now(UTC).replace(microsecond=0),
        base=BASE,
        licence=LICENCE,
        files=files,
        decision=decision,
        code_revision=_revision(),
        data=data_hashes(),
        config=settings.model_dump(mode="json"),
    )
    manifest.save(out)
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the artifact.")
    parser.add_argument("--run", type=Path, default=Path("var/model"))
    parser.add_argument("--config", type=Path, default=Path("models/configs/small.toml"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/tagger"))
    arguments = parser.parse_args()
    manifest = export(arguments.run, arguments.config, arguments.out)
    print(f"wrote {arguments.out}, model {manifest.model_id}; next: python -m models.calibrate")


if __name__ == "__main__":
    main()
