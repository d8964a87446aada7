"""What the tagger makes of a target that it was never taught: leave one of NLPCC's targets out.

    MINYI_SHARED=… python -m benchmarks.bench_unseen [--run var/unseen] [--threads 2]

The recipe is ``models/configs/unseen.toml``: one common stage without NLPCC and without the
policies that its targets speak of, then for each target a stage on the four others, with NLPCC's
labels and, on the rows that it left without, ours. A run that was stopped goes on. The network
alone is scored, without the wide half and in float32, on the official test rows of the target;
F_avg is NLPCC's, the mean of the F1 of favor and against. Beside it stand the network of the common
stage, which knows no row of NLPCC, and a linear machine that is taught the four other targets.
Needs the train extra.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from minyi.settings import ROOT
from models.inputs import InputEncoder
from models.rows.corpora import nlpcc
from models.rows.examples import Example
from models.rows.labels import nlpcc_unlabelled
from models.scoring import baseline
from models.scoring.metrics import f_avg
from models.training.base import Base, prepare_base
from models.training.batches import collate
from models.training.config import TrainConfig, load_config
from models.training.network import TaggerNetwork
from models.training.train import CHECKPOINT, Trainer

RECIPE = ROOT / "models" / "configs" / "unseen.toml"
WORDS = {
    "iPhone SE": ("iphone",),
    "俄罗斯在叙利亚的反恐行动": ("叙利亚", "反恐"),
    "开放二胎": ("二胎", "二孩", "三胎", "三孩"),
    "春节放鞭炮": ("鞭炮", "烟花爆竹"),
    "深圳禁摩限电": ("禁摩", "摩托", "电动自行车"),
}
"""What names a target, as the contexts of rows write it: folded."""


def train(run: Path) -> tuple[Base, Path, dict[str, Path]]:
    """Return the base, the weights of the common stage and each target's weights, trained where
    they are not there yet."""
    recipe, base = load_config(RECIPE), prepare_base(run)
    common, last = (stage.name for stage in recipe.stages)
    Trainer(_without(recipe, WORDS), base, run).run(until=common)
    found = {}
    for number, target in enumerate(WORDS):
        folder = run / str(number)
        folder.mkdir(exist_ok=True)
        if not (folder / CHECKPOINT).is_file():
            shutil.copyfile(run / CHECKPOINT, folder / CHECKPOINT)
        Trainer(_without(recipe, [target]), base, folder).run()
        found[target] = folder / f"{last}.pt"
    return base, run / f"{common}.pt", found


def _without(recipe: TrainConfig, targets: Iterable[str]) -> TrainConfig:
    words = [word for target in targets for word in (target, *WORDS[target])]
    return recipe.model_copy(update={"without": tuple(words)})


def stances(base: Base, weights: Path, rows: Sequence[Example]) -> np.ndarray:
    """Return the stance that a network gives each row, (rows,)."""
    network = TaggerNetwork.from_base(base.folder)
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    inputs = InputEncoder(base.folder, load_config(RECIPE).max_length)
    encoded = [inputs.pair(*row.pair) for row in rows]
    with torch.inference_mode():
        found = [
            network(*collate(encoded[start : start + 32])).stance.argmax(-1)
            for start in range(0, len(encoded), 32)
        ]
    return np.asarray(torch.cat(found).numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("var/unseen"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler()])
    torch.set_num_threads(arguments.threads)
    base, common, trained = train(arguments.run)
    table = Table("target", "four others", "no row of NLPCC", "linear, four others", "rows")
    every: list[tuple[np.ndarray, ...]] = []
    for target, weights in trained.items():
        rows = [row for row in nlpcc("test") if row.group == target]
        others = [row for row in nlpcc("train") + nlpcc_unlabelled("train") if row.group != target]
        truth = np.array([row.stance for row in rows])
        guesses = (
            stances(base, weights, rows),
            stances(base, common, rows),
            baseline.PairMachine(others).predict(rows),
        )
        every.append((truth, *guesses))
        table.add_row(target, *(f"{f_avg(truth, guess):.3f}" for guess in guesses), str(len(rows)))
    truth, *found = map(np.concatenate, zip(*every, strict=True))
    table.add_row("all", *(f"{f_avg(truth, guess):.3f}" for guess in found), str(len(truth)))
    Console().print(table)


if __name__ == "__main__":
    main()
