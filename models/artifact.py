"""The artifact: a folder with the graph, the tokenizer and ``manifest.json``.

The manifest says what the graph's outputs mean, how they are decided on, what they were made from
and how good they are. The model id hashes what results depend on: graph, tokenizer, decision.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from minyi.errors import InvalidArtifact
from minyi.labelling import SPREAD
from minyi.settings import ROOT
from minyi.shares.held_out import HeldOut
from models.inputs import CELLS, STANCES

GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
MANIFEST = "manifest.json"
SHIPPED = ROOT / "artifacts" / "tagger"
"""The artifact that comes with the project."""


class Decision(BaseModel):
    """How logits become labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stances: tuple[str, ...] = tuple(stance.value for stance in STANCES)
    cells: tuple[str, ...] = tuple(f"{aspect}:{polarity}" for aspect, polarity in CELLS)
    max_length: int = Field(default=384, ge=32, le=512)
    """Tokens of a pair at most."""
    emoji: bool = False
    """Whether emoji are read as characters; older artifacts were not taught so."""
    stance_scale: tuple[float, ...] = (1.0,) * len(STANCES)
    stance_bias: tuple[float, ...] = (0.0,) * len(STANCES)
    """Stance probabilities are softmax(scale * logits + bias); temperature scaling (Guo et al.,
    2017, section 4.2) gives all the same scale and no bias."""
    evaluation_scale: tuple[float, ...] = (1.0,) * len(CELLS)
    evaluation_bias: tuple[float, ...] = (0.0,) * len(CELLS)
    """A cell's probability is sigmoid(scale * logit + bias): Platt scaling."""
    thresholds: tuple[float, ...] = (0.5,) * len(CELLS)
    """Probability from which a cell is reported."""
    stance_wide: float = Field(default=0.0, ge=0)
    evaluation_wide: float = Field(default=0.0, ge=0)
    """Weights of the wide half's logits beside the network's, which count once."""
    stance_wide_known: float | None = Field(default=None, ge=0)
    """In place of ``stance_wide`` for a policy that the wide half knows; None: the same."""
    prior: tuple[float, ...] = (1 / len(STANCES),) * len(STANCES)
    """Shares of the stances in the rows that the probabilities were calibrated on."""
    sure_from: float = Field(default=0.0, ge=0, le=1)
    """Probability of the stance from which it is sure; below lies the abstain band."""
    evidence_named: float = Field(default=1.0, ge=1)
    """How many times a clause counts as evidence that names the policy."""

    @model_validator(mode="after")
    def _complete(self) -> Decision:
        for name in ("evaluation_scale", "evaluation_bias", "thresholds"):
            if len(getattr(self, name)) != len(CELLS):
                raise ValueError(f"{name}: one per cell is needed, {len(CELLS)}")
        for name in ("stance_scale", "stance_bias", "prior"):
            if len(getattr(self, name)) != len(STANCES):
                raise ValueError(f"{name}: one per stance is needed, {len(STANCES)}")
        return self


class Manifest(BaseModel):
    """What stands in ``manifest.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_id: str
    created_at: datetime
    base: str
    licence: str
    files: dict[str, str]
    """SHA-256 of the files that results depend on."""
    decision: Decision
    policy_spread: float = Field(default=SPREAD, gt=0)
    """How much the error of a share differs between policies: a standard deviation, measured on
    real comments among the validation rows. ``minyi model label`` starts from it."""
    code_revision: str
    data: dict[str, str]
    """SHA-256 of the files that training read."""
    config: dict[str, Any]
    attention_heads: int | None = None
    """Of each layer; older artifacts do not tell."""
    scores: dict[str, Any] = Field(default_factory=dict)
    held_out: HeldOut | None = None
    """How this model's output came out on validation rows; shares are adjusted by it. Written by
    ``minyi model export`` and ``hold-out``."""

    def save(self, folder: Path) -> None:
        """Write ``manifest.json`` in one step: no crash leaves half of it in a whole artifact."""
        text = self.model_dump_json(indent=1, exclude={"held_out"}, exclude_unset=True)
        if self.held_out is not None:
            text = f'{text.removesuffix("}").rstrip()},\n "held_out": {_lines(self.held_out)}\n}}'
        fresh = folder / f"{MANIFEST}.new"
        fresh.write_text(text + "\n", "utf-8")
        fresh.replace(folder / MANIFEST)


def _lines(table: HeldOut) -> str:
    """Return the table as JSON with a line a policy: it is long, and nobody reads it."""
    rows = {name: p.model_dump_json(exclude_defaults=True) for name, p in table.policies.items()}
    policies = ",\n".join(
        f"   {json.dumps(name, ensure_ascii=False)}: {row}" for name, row in rows.items()
    )
    return f'{{\n  "model_id": "{table.model_id}",\n  "policies": {{\n{policies}\n  }}\n }}'


def model_id(files: dict[str, str], decision: Decision) -> str:
    """Return 16 hex digits that name the results: equal ids give equal results.

    Only fields that were set count, and only those are written: an artifact that is older than a
    field keeps its id.
    """
    said = decision.model_dump_json(exclude_unset=True)
    parts = [*(f"{name}={files[name]}" for name in sorted(files)), said]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest, and hold the files and the model id against it.

    Raises:
        InvalidArtifact: when something is missing, broken or not what the manifest says.
    """
    if not (folder / MANIFEST).is_file():
        raise InvalidArtifact(
            f"no tagger in {folder}: {MANIFEST} is missing; set MINYI_MODEL to a folder with one"
        )
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (ValidationError, ValueError) as error:
        raise InvalidArtifact(f"{folder / MANIFEST}: {error}") from error
    decision = manifest.decision
    known = Decision()
    if (decision.stances, decision.cells) != (known.stances, known.cells):
        raise InvalidArtifact(f"{folder / MANIFEST}: labels differ from those of this version")
    if absent := {GRAPH, TOKENIZER} - manifest.files.keys():
        raise InvalidArtifact(f"{folder / MANIFEST}: files lacks {', '.join(sorted(absent))}")
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise InvalidArtifact(f"{path} is missing; fetch the artifact again")
        if file_hash(path) != expected:
            raise InvalidArtifact(
                f"{path} is not the file that its manifest names; fetch the artifact again"
            )
    if (made := model_id(manifest.files, decision)) != manifest.model_id:
        raise InvalidArtifact(
            f"{folder / MANIFEST}: model_id is {manifest.model_id}, but its files and decision "
            f"make {made}; fetch the artifact again, or, if the change was meant, write {made} "
            "there and run minyi model hold-out"
        )
    return manifest
