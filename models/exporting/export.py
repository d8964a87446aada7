"""Write the artifact of a training run: ``minyi model export``."""

from __future__ import annotations

import logging
import shutil
import subprocess
import warnings
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from minyi.errors import SettingError
from minyi.settings import ROOT
from models.artifact import (
    GRAPH,
    MANIFEST,
    SHIPPED,
    TOKENIZER,
    Decision,
    Manifest,
    file_hash,
    model_id,
)
from models.exporting.calibrate import NAMED_UNCHOSEN, calibrate
from models.exporting.quantise import weights_to_int8
from models.exporting.vectors import base_teacher, fit_vectors
from models.exporting.wide_fit import fit_wide
from models.inputs import InputEncoder
from models.rows.examples import Example
from models.rows.sources import own_texts, plain_texts, rows_of
from models.runtime import OnnxTagger, longest
from models.training.base import NOTICE, Base, prepare_base, taught_by_shared
from models.training.config import TrainConfig
from models.training.network import TaggerNetwork
from models.training.ready import hashes, ready
from models.wide import FILE as WIDE

log = logging.getLogger("models.exporting.export")
OPSET = 20
VECTOR_TOKENS = 48
"""Tokens of a text that the vector is fitted on; most are shorter."""


def to_onnx(network: TaggerNetwork, path: Path) -> None:
    """Write the network as a float32 graph with free batch and length."""
    network.eval()
    ids = torch.randint(5, 1000, (2, 48))
    mask = torch.ones_like(ids)
    segments = torch.zeros_like(ids)
    segments[:, 10:] = 1
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    # It names each operator of torchvision, which nobody here needs.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecations; nobody here can mend them
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


def shipped(config: TrainConfig, base: Base, run: Path) -> TaggerNetwork:
    """Return the network that ships: the mean of the stages named, with its text vector fitted.

    Raises:
        SettingError: when the run has not come that far.
    """
    missing = [stage for stage in config.ship if not (run / f"{stage}.pt").is_file()]
    if missing:
        raise SettingError(f"{run} has no stage {', '.join(missing)}; run minyi model train first")
    network = TaggerNetwork.from_base(base.folder)
    states = [torch.load(run / f"{stage}.pt", weights_only=True) for stage in config.ship]
    mean = {name: sum(state[name] for state in states) / len(states) for name in states[0]}
    network.load_state_dict(mean)
    inputs = InputEncoder(base.folder, VECTOR_TOKENS)
    if taught_by_shared(base):
        shared = base if base.sentences else prepare_base(run / "teacher")
        encoder = TaggerNetwork.from_base(shared.folder).encoder
        teacher = base_teacher(encoder, inputs)
        texts = plain_texts(config.vector_texts, config.seed)
    else:  # its [CLS] is no sentence vector: learn from the tagger that Minyi ships
        teacher = OnnxTagger(SHIPPED).embed
        texts = own_texts(config.vector_texts)
    fit_vectors(network, inputs, teacher, texts)
    return network


def revision() -> str:
    """Return the commit that last touched the code of training."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%h", "--", "models"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def export(
    config: TrainConfig, base: Base, run: Path, out: Path, data: Path | None = None
) -> Manifest:
    """Write an artifact, calibrated: graph, tokenizer, notice, wide half, manifest. Where one is
    already, it stays until the new one is whole; other files in its folder stay, too.

    Raises:
        SettingError: when the run has not come that far, rows cannot be read, or ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise SettingError(f"{out} is a file; an artifact is a folder")
    ready(config, base, data)
    rows = [row for name in config.wide for row in rows_of(name, "train", data, config.without)]
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f"{out.name}-") as name:
        fresh = Path(name)
        _write(config, base, run, fresh, rows, data)
        manifest = calibrate(fresh, config, data)
        out.mkdir(exist_ok=True)
        files = sorted(fresh.iterdir(), key=lambda path: path.name == MANIFEST)  # that comes last
        for path in files:
            path.replace(out / path.name)
        for optional in {NOTICE, WIDE} - {path.name for path in files}:
            (out / optional).unlink(missing_ok=True)
    return manifest


def _write(
    config: TrainConfig, base: Base, run: Path, out: Path, rows: list[Example], data: Path | None
) -> None:
    """Write all files, with a decision that is still to be calibrated.

    Args:
        config, base, run, out, data: as of ``export``.
        rows: what the wide half is fitted on, if any.
    """
    full = run / "float32.onnx"
    network = shipped(config, base, run)
    log.info("writing the graph")
    to_onnx(network, full)
    model = weights_to_int8(onnx.load(full))
    _forget_notes(model)
    onnx.save(model, out / GRAPH)
    shutil.copyfile(base.folder / TOKENIZER, out / TOKENIZER)
    if (base.folder / NOTICE).is_file():
        shutil.copyfile(base.folder / NOTICE, out / NOTICE)
    names = [GRAPH, TOKENIZER]
    if rows:
        fit_wide(rows).save(out)
        names.append(WIDE)
    files = {name: file_hash(out / name) for name in names}
    places = min(Decision().max_length, network.encoder.config.max_position_embeddings)
    said = {"max_length": longest(places), "emoji": True, "evidence_named": NAMED_UNCHOSEN}
    decision = Decision.model_validate(Decision().model_dump() | said)  # every field is written
    manifest = Manifest(
        model_id=model_id(files, decision),
        created_at=datetime.now(UTC).replace(microsecond=0),
        base=base.name,
        licence=f"Apache-2.0; base encoder {base.licence}",
        files=files,
        decision=decision,
        code_revision=revision(),
        data=hashes(config, base, data),
        config=config.model_dump(mode="json"),
        attention_heads=network.encoder.config.num_attention_heads,
    )
    manifest.save(out)


def _forget_notes(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes in the graph: source lines and paths of this machine."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    model.graph.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
