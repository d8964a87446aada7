"""What somebody brings who trains a tagger: a tiny BERT, a few labelled comments, a recipe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.artifact import SHIPPED

RECIPE = """
max_length = 48
batch = 8
vector_texts = 60
checkpoint_every = 2
validate_on = ["data"]
ship = ["second"]

[[stages]]
name = "words"
task = "words"
batch = 16
sources = [{ name = "data" }]

[[stages]]
name = "first"
steps = 3
encoder_dropout = 0.2
agreement = 0.5
sources = [{ name = "data" }]

[[stages]]
name = "second"
sources = [{ name = "data", take = 24 }]
"""
VOICES: tuple[tuple[str, str, list[str]], ...] = (
    ("favor", "支持，{}终于装好了，上网方便", ["effect+", "convenience+"]),
    ("against", "反对，{}收费太贵，信号还差", ["effect-", "cost-"]),
    ("none", "请问{}什么时候开通", []),
    ("favor", "{}的师傅服务态度真好", ["service+"]),
)


def extra(name: str) -> Any:
    """A library of the ``train`` extra; skips the test where it is not there."""
    return pytest.importorskip(name, reason="needs the train extra")


@dataclass(frozen=True)
class Own:
    """What a user brings: an encoder, labelled comments, a recipe."""

    base: Path
    data: Path
    config: Path

    def train(self, run: Path, *more: str) -> tuple[str | Path, ...]:
        return ("model", "train", "--from", self.base, *self.again(run, *more))

    def again(self, run: Path, *more: str) -> tuple[str | Path, ...]:
        return ("--data", self.data, "--config", self.config, "--run", run, *more)


def write_base(folder: Path, seed: int) -> Path:
    """A Hugging Face folder with a BERT that has learned nothing."""
    transformers = extra("transformers")
    extra("torch").manual_seed(seed)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(SHIPPED / "tokenizer.json"))
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_own(folder: Path) -> Own:
    """44 labelled comments on two policies, a quarter of them for validation."""
    rows: list[dict[str, Any]] = []
    for number in range(44):
        stance, text, cells = VOICES[number % len(VOICES)]
        subject = ("校园WiFi", "driving-restriction")[number % 3 == 0]
        text = text.format(f"{number}号楼的{subject}") + "，" * (number % 7)
        row = {"text": text, "policy": subject, "stance": stance, "evaluation": cells}
        rows.append(row | {"split": "val" if number % 4 == number // 4 % 4 else "train"})
    data, config = folder / "my.jsonl", folder / "tiny.toml"
    data.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    config.write_text(RECIPE)
    return Own(write_base(folder / "base", 1), data, config)
