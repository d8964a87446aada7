"""Train the tagger: ``minyi model train``.

Stages run one after the other. A run that was stopped goes on from its last checkpoint when the
same command is given again, with the same recipe and data; delete the folder to start anew.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from minyi.errors import SettingError
from models.inputs import Encoded, InputEncoder
from models.rows.examples import Example
from models.rows.framed import framed
from models.rows.sources import data_hashes, reads_corpora, rows_of
from models.training.base import Base
from models.training.batches import bucketed, collate
from models.training.begun import begun, changes
from models.training.config import BEFORE, Stage, TrainConfig
from models.training.losses import disagreement, label_loss
from models.training.network import HEADS, TaggerNetwork
from models.training.words import MaskedWords, word_loss

log = logging.getLogger("models.training.train")
CHECKPOINT = "checkpoint.pt"


def mixture(
    stage: Stage, seed: int, data: Path | None = None, without: Sequence[str] = ()
) -> list[Example]:
    """Return the rows of a stage, but for those that name a word of ``without``.

    Raises:
        SettingError: when a source is unknown or cannot be read, or there are no rows at all.
    """
    rows: list[Example] = []
    for source in stage.sources:
        found = rows_of(source.name, "train", data, without)
        # each stage takes rows of its own where it takes a part
        choice = random.Random(f"{seed}/{stage.name}")  # noqa: S311
        choice.shuffle(found)
        found = framed(found[: source.take], source.framed, choice)
        log.info("%s: %s x %d", source.name, f"{len(found):,}", source.repeat)
        rows += found * source.repeat
    if not rows:
        raise SettingError(f"stage {stage.name}: its sources hold no rows to train on")
    return rows


class Trainer:
    """Runs the stages; holds the network, the optimizer and what is needed to go on later.

    Args:
        config: the recipe.
        base: the encoder to start from.
        out: folder of the run; a run that it holds goes on.
        data: a user's own labelled comments, for recipes that read them.
    """

    def __init__(
        self, config: TrainConfig, base: Base, out: Path, data: Path | None = None
    ) -> None:
        self.config, self.out, self.data = config, out, data
        self._hashes = cache(partial(data_hashes, data=data))
        torch.manual_seed(config.seed)
        self.inputs = InputEncoder(base.folder, config.max_length)
        self.network = TaggerNetwork.from_base(base.folder, config.dropout)
        self._look_for_places(base)
        if (base.folder / HEADS).is_file():
            _write(self.network.state_dict(), out / f"{BEFORE}.pt")
        self.words = MaskedWords(self.network.encoder)
        self.network.in_bfloat16 = in_bfloat16(config.precision)
        self.stage, self.step = 0, 0
        self.state: dict[str, object] | None = None
        if (out / CHECKPOINT).is_file():
            saved = torch.load(out / CHECKPOINT, weights_only=True)
            self._hold(saved)
            self.network.load_state_dict(saved["network"])
            self.words.load_state_dict(saved["words"])
            self.stage, self.step = saved["stage"], saved["step"]
            self.state = saved["optimizer"]
            log.info("going on at stage %d, step %d", self.stage, self.step)

    def _look_for_places(self, base: Base) -> None:
        places = self.network.encoder.config.max_position_embeddings
        for stage in self.config.stages:
            if (tokens := stage.max_length or self.config.max_length) > places:
                raise SettingError(
                    f"stage {stage.name}: max_length is {tokens}, and {base.name} has embeddings "
                    f"of {places} places"
                )

    def _begun(self, stage: int, step: int) -> dict[str, Any]:
        """Return what has made the weights at a step of a stage."""
        stages = self.config.stages[: stage + (step > 0)]
        corpora = reads_corpora(source.name for one in stages for source in one.sources)
        bfloat16 = self.network.in_bfloat16
        return begun(self.config, len(stages), bfloat16, self._hashes(corpora))

    def _hold(self, saved: Mapping[str, Any]) -> None:
        """Hold a checkpoint against the recipe and the data.

        Raises:
            SettingError: when it was made with others; says with which.
        """
        if "begun" not in saved:
            told = "by an older version"
        else:
            stage, step = saved["stage"], saved["step"]
            within = step > 0 or stage >= len(self.config.stages)
            told = ", ".join(changes(saved["begun"], self._begun(stage, step), within))
            told = told and f"with another {told}"
        if told:
            raise SettingError(
                f"{self.out} was begun {told}; give another --run, or delete the folder"
            )

    @property
    def _names(self) -> list[str]:
        return [stage.name for stage in self.config.stages]

    def run(self, until: str | None = None) -> None:
        """Train the stages that remain, up to and with the one named ``until``."""
        if until not in (None, *self._names):
            raise SettingError(f"no stage {until}; the recipe has {', '.join(self._names)}")
        for number, stage in enumerate(self.config.stages):
            if number >= self.stage:
                self._run_stage(number, stage)
            if stage.name == until:
                break

    def _optimizer(self, stage: Stage) -> torch.optim.Optimizer:
        """Return AdamW over the encoder's matrices, its vectors, and the heads: biases and norms
        do not decay, heads learn at a rate of their own."""
        groups = [
            {"params": [], "lr": stage.learning_rate, "weight_decay": 0.01},
            {"params": [], "lr": stage.learning_rate, "weight_decay": 0.0},
            {"params": [], "lr": stage.head_learning_rate, "weight_decay": 0.01},
        ]
        for name, value in self.network.named_parameters():
            if value.requires_grad:
                head = name.startswith("heads")
                groups[2 if head else int(value.ndim == 1)]["params"].append(value)  # type: ignore[attr-defined]
        if stage.task == "words":
            groups[2]["params"] += list(self.words.parameters())  # type: ignore[operator]
        return torch.optim.AdamW(groups, fused=True)

    def _run_stage(self, number: int, stage: Stage) -> None:
        log.info("stage %s", stage.name)
        rows = mixture(stage, self.config.seed, self.data, self.config.without)
        encoded = self._encoded(stage, rows)
        choice = random.Random(f"{self.config.seed}/{stage.name}")  # noqa: S311
        batches = bucketed(
            [len(item.ids) for item in encoded], stage.batch or self.config.batch, choice
        )
        optimizer = self._optimizer(stage)
        trained = [value for group in optimizer.param_groups for value in group["params"]]
        batches = batches[: stage.steps]
        schedule = _Schedule(optimizer, len(batches))
        if self.state is not None:
            optimizer.load_state_dict(self.state)
            self.state = None
        self.network.drop(stage.encoder_dropout)
        self.network.train()
        started, seen, losses = time.monotonic(), 0, []
        for step, batch in self._progress(stage, batches):
            torch.manual_seed(self.config.seed + 100_003 * number + step)
            schedule.set(step)
            loss = self._loss(stage, [rows[i] for i in batch], [encoded[i] for i in batch])
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            seen += len(batch)
            if (step + 1) % self.config.checkpoint_every == 0:
                self._save(number, step + 1, optimizer)
                mean, rate = sum(losses) / len(losses), seen / (time.monotonic() - started)
                place = f"{stage.name} {step + 1}/{len(batches)}"
                log.info("%s loss %.3f, %.1f rows/s", place, mean, rate)
                losses.clear()
        _write(self.network.state_dict(), self.out / f"{stage.name}.pt")
        self.stage, self.step = number + 1, 0
        self._save(self.stage, 0, None)

    def _encoded(self, stage: Stage, rows: Sequence[Example]) -> list[Encoded]:
        """Return a stage's rows as the encoder reads them: texts that stand alone, to guess words
        in, as such.

        Raises:
            SettingError: when labels are learned, and a row has none.
        """
        if stage.task == "labels" and any(not row.labelled for row in rows):
            raise SettingError(f'stage {stage.name}: a source has no labels; give task = "words"')
        self.inputs.max_length = stage.max_length or self.config.max_length
        return [
            self.inputs.pair(*row.pair)
            if row.context or stage.task == "labels"
            else self.inputs.single(row.text)
            for row in rows
        ]

    def _progress(self, stage: Stage, batches: list[list[int]]) -> Iterator[tuple[int, list[int]]]:
        """Yield the steps that are left, each with its batch, and show how many there are."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns) as progress:
            task = progress.add_task(stage.name, total=len(batches), completed=self.step)
            for step in range(self.step, len(batches)):
                yield step, batches[step]
                progress.advance(task)

    def _loss(self, stage: Stage, rows: list[Example], encoded: list[Encoded]) -> Tensor:
        """Return the loss of a batch, words of its comments hidden at random."""
        if stage.task == "words":
            with self.network.products():
                return word_loss(self.network.encoder, self.words, encoded, self.inputs)
        seen = 2 if stage.agreement else 1
        ids, mask, segments = collate(encoded * seen, self.inputs.pad)
        hidden = (torch.rand(ids.shape) < self.config.mask_words) & (segments == 1)
        ids = ids.masked_fill(hidden & (ids != self.inputs.sep), self.inputs.mask)
        output = self.network(ids, mask, segments)
        loss = label_loss(self.config, stage, rows * seen, encoded * seen, output)
        if stage.agreement:
            loss = loss + stage.agreement * disagreement(stage, rows, output)
        return loss

    def _save(self, stage: int, step: int, optimizer: torch.optim.Optimizer | None) -> None:
        state = {
            "network": self.network.state_dict(),
            "words": self.words.state_dict(),
            "optimizer": optimizer.state_dict() if optimizer else None,
            "begun": self._begun(stage, step),
            "stage": stage,
            "step": step,
        }
        _write(state, self.out / CHECKPOINT)


def _write(state: Mapping[str, Any], path: Path) -> None:
    """Write in one step, so that a run that is stopped leaves nothing half."""
    torch.save(state, path.with_name(f"{path.name}.part"))
    path.with_name(f"{path.name}.part").replace(path)


def in_bfloat16(precision: str) -> bool:
    """Whether the encoder's products are made in bfloat16."""
    if precision == "auto":
        # torch learned to tell in 2026
        told: Callable[[], dict[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
        return any(told().get(name) for name in ("amx_bf16", "avx512_bf16"))
    return precision == "bfloat16"


class _Schedule:
    """Learning rates: a tenth of the steps to warm up, then linearly to zero."""

    def __init__(self, optimizer: torch.optim.Optimizer, steps: int) -> None:
        self.optimizer, self.steps = optimizer, steps
        self.peaks = [group["lr"] for group in optimizer.param_groups]

    def set(self, step: int) -> None:
        warm = max(1, self.steps // 10)
        share = min((step + 1) / warm, (self.steps - step) / max(1, self.steps - warm))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
