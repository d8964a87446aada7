"""Train the tagger: ``python -m models.train --config models/configs/small.toml --out var/model``.

Stages run one after the other. A run that was stopped goes on from its last checkpoint when the
same command is given again; delete the folder to start anew.
"""

from __future__ import annotations

import argparse
import logging
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from models.config import Stage, TrainConfig, load_config, shared_folder
from models.data import SOURCES, UNKNOWN, Example, plain_texts
from models.inputs import Encoded, InputEncoder
from models.network import TaggerNetwork

log = logging.getLogger("models.train")
CHECKPOINT = "checkpoint.pt"


def base_folder(out: Path) -> Path:
    """Return the base encoder as a Hugging Face folder, made from the shared one if needed."""
    folder = out / "base"
    if not (folder / "model.safetensors").is_file():
        script = shared_folder() / "base-model" / "to_hf.py"
        subprocess.run([sys.executable, str(script), str(folder)], check=True)  # noqa: S603
    return folder


def collate(batch: Sequence[Encoded], pad: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, attention mask and segments, padded to the longest of the batch."""
    length = max(len(item.ids) for item in batch)
    ids = torch.full((len(batch), length), pad)
    mask = torch.zeros((len(batch), length), dtype=torch.long)
    segments = torch.zeros((len(batch), length), dtype=torch.long)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        if item.start:
            segments[row, item.start : len(item.ids)] = 1
    return ids, mask, segments


def bucketed(lengths: Sequence[int], batch: int, choice: random.Random) -> list[list[int]]:
    """Return shuffled batches of indices in which lengths are alike, so that little is padding."""
    order = list(range(len(lengths)))
    choice.shuffle(order)
    batches = []
    for start in range(0, len(order), 50 * batch):
        chunk = sorted(order[start : start + 50 * batch], key=lambda i: lengths[i])
        batches += [chunk[i : i + batch] for i in range(0, len(chunk), batch)]
    choice.shuffle(batches)
    return batches


def mixture(stage: Stage, seed: int) -> list[Example]:
    """Return the rows of a stage."""
    rows: list[Example] = []
    for source in stage.sources:
        found = SOURCES[source.name]("train")
        random.Random(seed).shuffle(found)  # noqa: S311
        found = found[source.skip :][: source.take]
        log.info("%s: %s x %d", source.name, f"{len(found):,}", source.repeat)
        rows += found * source.repeat
    return rows


class Trainer:
    """Runs the stages; holds the network, the optimizer and what is needed to go on later."""

    def __init__(self, config: TrainConfig, out: Path) -> None:
        self.config, self.out = config, out
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        base = base_folder(out)
        self.inputs = InputEncoder(base, config.max_length)
        self.network = TaggerNetwork.from_base(base, config.dropout)
        self.network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        self.singles, self.targets = self._preserved()
        self.stage, self.step = 0, 0
        self.state: dict[str, object] | None = None
        if (out / CHECKPOINT).is_file():
            saved = torch.load(out / CHECKPOINT, weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.stage, self.step = saved["stage"], saved["step"]
            self.state = saved["optimizer"]
            log.info("going on at stage %d, step %d", self.stage, self.step)

    @torch.no_grad()
    def _preserved(self) -> tuple[list[Encoded], Tensor]:
        texts = plain_texts(self.config.preserve_texts, self.config.seed)
        short = InputEncoder(self.out / "base", 48)
        singles = [short.single(text) for text in texts]
        kept = self.out / "preserved.pt"
        if not kept.is_file():
            self.network.eval()
            vectors = torch.zeros(len(singles), self.network.encoder.config.hidden_size)
            order = sorted(range(len(singles)), key=lambda i: len(singles[i].ids))
            for start in range(0, len(order), 64):
                part = order[start : start + 64]
                ids, mask, _ = collate([singles[i] for i in part])
                vectors[part] = self.network.embed(ids, mask)
            torch.save(vectors, kept)
        return singles, torch.load(kept, weights_only=True)

    def run(self, until: str | None = None) -> None:
        """Train the stages that remain, up to and with the one named ``until``."""
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
        rows = mixture(stage, self.config.seed)
        encoded = [self.inputs.pair(row.context, row.text) for row in rows]
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
            loss = self._loss(examples, items, step, stage.evaluation_weight)
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
        self.stage, self.step = number + 1, 0
        self._save(self.stage, 0, None)
        torch.save(self.network.state_dict(), self.out / f"{stage.name}.pt")

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
        self, rows: list[Example], encoded: list[Encoded], step: int, evaluation_weight: float
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
        if step % config.preserve_every == 0:
            at = (step // config.preserve_every * config.batch) % len(self.singles)
            part = slice(at, at + config.batch)
            ids, mask, _ = collate(self.singles[part])
            cosine = (self.network.embed(ids, mask) * self.targets[part]).sum(-1)
            loss = loss + config.preserve_weight * (1 - cosine).mean()
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


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tagger.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("var/model"))
    parser.add_argument("--until", help="stop after this stage")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    Trainer(load_config(arguments.config), arguments.out).run(arguments.until)


if __name__ == "__main__":
    main()
