"""What a training run is made of, read from a TOML file in ``models/configs``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from minyi.errors import InvalidArtifact, SettingError
from models.artifact import Manifest

BEFORE = "before"
"""In ``ship``: the tagger that training went on from."""
TAKEN = (BEFORE, "checkpoint")
"""What else is kept in a run's folder under a name like a stage's."""


class Strict(BaseModel):
    """Refuses what it does not know, so that a misspelt name is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Strict):
    """One source of training rows, a name that ``models.rows.sources.sources`` knows."""

    name: str
    take: int | None = Field(default=None, ge=1)
    """Rows at most, drawn with the run's seed; None takes all."""
    repeat: int = Field(default=1, ge=1)
    """How often each row is seen."""
    framed: float = Field(default=0.0, ge=0, le=1)
    """Share of its rows that are read within the words of a hotline (``models.rows.framed``)."""


class Stage(Strict):
    """One pass over a mixture with its own learning-rate schedule (warm-up, linear decay)."""

    name: str = Field(pattern=r"^\w[\w-]*$")
    """Its weights are kept in a file of that name."""
    task: Literal["labels", "words"] = "labels"
    """What is learned: the rows' labels, or to guess words that were hidden in them. For the
    latter ``head_learning_rate`` is of the guessing head; weights of losses mean nothing."""
    sources: tuple[Source, ...]
    learning_rate: float = 8e-5
    head_learning_rate: float = 1e-3
    evaluation_weight: float = 3.0
    """Weight of the evaluation loss (mean over cells) against the stance loss."""
    encoder_dropout: float = Field(default=0.0, ge=0, lt=1)
    """On the encoder's embeddings and on what its layers add, not on its attention."""
    agreement: float = Field(default=0.0, ge=0)
    """Weight of how far two readings of a row, with other words hidden and other features dropped,
    differ; where it is not zero each row of a step is read twice."""
    max_length: int | None = Field(default=None, ge=32, le=512)
    """Tokens of a pair at most, where it is not the run's."""
    batch: int | None = Field(default=None, ge=1)
    """Rows of a step, where it is not the run's."""
    steps: int | None = Field(default=None, ge=1)
    """Steps at most, over which the learning rate falls to zero; None takes all rows."""


class TrainConfig(Strict):
    """A recipe: what a run is trained on, stage by stage, and how its network ships."""

    seed: int = 20160401
    max_length: int = Field(default=128, ge=32, le=512)
    batch: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """On the heads' input."""
    mask_words: float = Field(default=0.08, ge=0, lt=1)
    """Share of comment tokens replaced by [MASK] in training."""
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)
    positive_weight: float = 2.0
    """Weight of a cell that holds against one that does not."""
    evidence_weight: float = 0.3
    """Weight of the evidence loss: minus the log of the evidence's weights inside the marked
    clauses, summed over the rows that have some and divided by the batch."""
    checkpoint_every: int = Field(default=100, ge=1)
    stages: tuple[Stage, ...]
    wide: tuple[str, ...] = ()
    """Sources that the wide half is fitted on; without any there is none."""
    validate_on: tuple[str, ...] = ("gold", "comments", "nlpcc")
    """Sources whose validation rows calibrate the model. Not those made to hold no opinion: they
    would teach it that nearly nothing does."""
    validate_weights: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """How often a row of a source counts in calibration, 1 where nothing is said: few of the rows
    are real, and real ones are what scales and thresholds are for."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the products in training; the weights are float32. ``auto`` takes bfloat16 where the
    processor multiplies it in hardware (AMX, AVX512-BF16), which is twice as fast or more."""
    vector_texts: int = 8000
    """Texts that the text vector is fitted on."""
    without: tuple[str, ...] = ()
    """Rows whose policy or target names one of these words are left out, of training, calibration
    and the held-out table: what is learned is then blind to those policies."""
    ship: tuple[str, ...] = Field(min_length=1)
    """Stages, or ``BEFORE``, whose networks are averaged into the one that ships: the mean lies
    flatter than either (Wortsman et al., 2022, "Model soups"), chosen on validation rows."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        strange = set(self.validate_weights) - set(self.validate_on)
        if strange:
            raise ValueError(f"validate_weights: {', '.join(sorted(strange))} not in validate_on")
        stages = [stage.name for stage in self.stages]
        if taken := sorted({name for name in stages if (*stages, *TAKEN).count(name) > 1}):
            raise ValueError(f"stages: {', '.join(taken)} is taken; give each a name of its own")
        there = [*stages, BEFORE]
        if strange := set(self.ship) - set(there):
            told = f"{', '.join(sorted(strange))} is no stage; there are {', '.join(there)}"
            raise ValueError(f"ship: {told}")
        wordy = {stage.name for stage in self.stages if stage.task == "words"} & set(self.ship)
        if wordy:
            raise ValueError(f"ship: {', '.join(sorted(wordy))} learned no labels")
        return self


def load_config(path: Path) -> TrainConfig:
    """Read a configuration.

    Raises:
        SettingError: when the file is missing or wrong; says where.
    """
    try:
        return TrainConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise SettingError(f"no configuration {path}; see models/configs") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: {error}") from error


def recipe_of(manifest: Manifest) -> TrainConfig:
    """Return the recipe of an artifact.

    Raises:
        InvalidArtifact: when it is not one of this version.
    """
    try:
        return TrainConfig.model_validate(manifest.config)
    except ValidationError as error:
        raise InvalidArtifact(
            f"model {manifest.model_id}: its recipe cannot be read: {error}"
        ) from error
