"""Train the tagger: ``minyi model train``.

Stages run one after the other. A run that was stopped goes on from its last checkpoint when the
same command is given again; delete the folder to start anew.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from minyi.errors import SettingError
from models.base import Base
from models.batches import bucketed, collate
from models.config import BEFORE, Stage, TrainConfig
from models.data import rows_of
from models.examples import UNKNOWN, Example
from models.inputs import Encoded, InputEncoder
from models.network import HEADS, TaggerNetwork

log = logging.getLogger("models.train")
CHECKPOINT = "checkpoint.pt"


def mixture(
    stage: Stage, seed: int, data: Path | None = None, without: Sequence[str] = ()
) -> list[Example]:
    """Return the rows of a stage, but for those whose policy or target names a word of ``without``.

    Raises:
        SettingError: when a source is unknown or cannot be read.
    """
    rows: list[Example] = []
    for source in stage.sources:
        found = [
            row
            for row in rows_of(source.name, "train", data)
            if not any(word in row.context for word in without)
        ]
        random.Random(seed).shuffle(found)  # noqa: S311
        found = found[source.skip :][: source.take]
        log.info("%s: %s x %d", source.name, f"{len(found):,}", source.repeat)
        rows += found * source.repeat
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
        torch.manual_seed(config.seed)
        self.inputs = InputEncoder(base.folder, config.max_length)
        self.network = TaggerNetwork.from_base(base.folder, config.dropout)
        if (base.folder / HEADS).is_file():
            torch.save(self.network.state_dict(), out / f"{BEFORE}.pt")
        self.stage, self.step = 0, 0
        self.state: dict[str, object] | None = None
        if (out / CHECKPOINT).is_file():
            saved = torch.load(out / CHECKPOINT, weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.stage, self.step = saved["stage"], saved["step"]
            self.state = saved["optimizer"]
            log.info("going on at stage %d, step %d", self.stage, self.step)

    def run(self, until: str | None = None) -> None:
        """Train the stages that remain, up to and with the one named ``until``."""
        names = [stage.name for stage in self.config.stages]
        if until not in (None, *names):
            raise SettingError(f"no stage {until}; the recipe has {', '.join(names)}")
        for number, stage in enumerate(self.config.stages):
            if number >= self.stage:
                self._run_stage(number, stage)
            if stage.name == until:
                break

    def _optimizer(self, stage: Stage) -> torch.optim.Optimizer:
        groups = [
            {"params": [], "lr": stage.learning_rate, "weight_decay": 0.01},
            {"params": [], "lr": stage.learning_rate, "weight_decay": 0.0},
            {"params": [], "lr": stage.head_learning_rate, "weight_decay": 0.01},
        ]
        for name, value in self.network.named_parameters():
            if value.requires_grad:
                head = name.startswith("heads")
                groups[2 if head else int(value.ndim == 1)]["params"].append(value)  # type: ignore[attr-defined]
        return torch.optim.AdamW(groups)

    def _run_stage(self, number: int, stage: Stage) -> None:
        log.info("stage %s", stage.name)
        rows = mixture(stage, self.config.seed, self.data, self.config.without)
        self.inputs.max_length = stage.max_length or self.config.max_length
        encoded = [self.inputs.pair(row.context, row.text, row.names) for row in rows]
        choice = random.Random(f"{self.config.seed}/{stage.name}")  # noqa: S311
        batches = bucketed([len(item.ids) for item in encoded], self.config.batch, choice)
        optimizer = self._optimizer(stage)
        schedule = _Schedule(optimizer, len(batches))
        batches = batches[: stage.steps]
        if self.state is not None:
            optimizer.load_state_dict(self.state)
            self.state = None
        self.network.train()
        started, seen, losses = time.monotonic(), 0, []
        for step, batch in self._progress(stage, batches):
            torch.manual_seed(self.config.seed + 100_003 * number + step)
            schedule.set(step)
            examples, items = [rows[i] for i in batch], [encoded[i] for i in batch]
            loss = self._loss(examples, items, stage.evaluation_weight)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            seen += len(batch)
            if (step + 1) % self.config.checkpoint_every == 0:
                self._save(number, step + 1, optimizer)
                mean = sum(losses) / len(losses)
                rate = seen / (time.monotonic() - started)
                log.info(
                    "%s %d/%d loss %.3f, %.1f rows/s",
                    stage.name,
                    step + 1,
                    len(batches),
                    mean,
                    rate,
                )
                losses.clear()
        torch.save(self.network.state_dict(), self.out / f"{stage.name}.pt")
        self.stage, self.step = number + 1, 0
        self._save(self.stage, 0, None)

    def _progress(self, stage: Stage, batches: list[list[int]]) -> Iterator[tuple[int, list[int]]]:
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

    def _loss(
        self, rows: list[Example], encoded: list[Encoded], evaluation_weight: float
    ) -> Tensor:
        config = self.config
        ids, mask, segments = collate(encoded)
        hidden = (torch.rand(ids.shape) < config.mask_words) & (segments == 1)
        ids = ids.masked_fill(hidden & (ids != self.inputs.sep), self.inputs.mask)
        output = self.network(ids, mask, segments)
        stance = torch.tensor([row.stance for row in rows])
        loss = torch.zeros(())
        if (stance != UNKNOWN).any():
            loss = loss + nn.functional.cross_entropy(
                output.stance,
                stance,
                ignore_index=UNKNOWN,
                label_smoothing=config.label_smoothing,
            )
        cells = torch.tensor([row.evaluation for row in rows], dtype=torch.float32)
        known = cells != UNKNOWN
        if known.any():
            weight = torch.full((cells.shape[1],), config.positive_weight)
            each = nn.functional.binary_cross_entropy_with_logits(
                output.evaluation, cells.clamp(min=0), reduction="none", pos_weight=weight
            )
            loss = loss + evaluation_weight * (each * known).sum() / (len(rows) * cells.shape[1])
        inside = torch.stack(
            [_inside(row, item, ids.shape[1]) for row, item in zip(rows, encoded, strict=True)]
        )
        marked = inside.any(-1)
        if marked.any():
            weight = (output.evidence * inside).sum(-1)[marked]
            loss = loss - config.evidence_weight * weight.clamp(min=1e-4).log().sum() / len(rows)
        return loss

    def _save(self, stage: int, step: int, optimizer: torch.optim.Optimizer | None) -> None:
        target = self.out / CHECKPOINT
        torch.save(
            {
                "network": self.network.state_dict(),
                "optimizer": optimizer.state_dict() if optimizer else None,
                "stage": stage,
                "step": step,
            },
            target.with_suffix(".part"),
        )
        target.with_suffix(".part").replace(target)


def _inside(row: Example, item: Encoded, length: int) -> Tensor:
    """Return which tokens stand in the row's evidence span, (length,)."""
    found = torch.zeros(length, dtype=torch.bool)
    if row.span is not None:
        first, last = row.span
        for place, (start, end) in enumerate(item.offsets, item.start):
            found[place] = start >= first and end <= last
    return found


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
