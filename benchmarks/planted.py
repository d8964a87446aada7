"""Planted campaigns: texts that are copies of one another up to edits, among unrelated ones."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import opencc

ROOT = Path(__file__).resolve().parent.parent
_CLAUSES = re.compile(r"[^，。！？；,.!?;]+[，。！？；,.!?;]*")
EMOJI = "😡👍🙏❗🤔😂"
BEFORE = (
    "转发：",
    "作为一名普通市民，",
    "大家好，",
    "强烈呼吁！",
    "本人是本地居民，想说几句。",
    "同意楼上。",
)
AFTER = ("请回复。", "谢谢！", "希望领导重视", "转发扩散", "请有关部门给个说法。", "——一名普通业主")


@dataclass(frozen=True)
class Planted:
    """A text and the campaign that it belongs to; None is unrelated to all others."""

    text: str
    campaign: int | None


def own_texts() -> list[str]:
    """Return the distinct comments that were written for Minyi, none of them part of a campaign."""
    truth = (ROOT / "data/stream/truth.jsonl").read_text(encoding="utf-8").splitlines()
    copied = {row["id"] for row in map(json.loads, truth) if row["style"] == "campaign"}
    stream = (ROOT / "data/stream/comments.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [row["text"] for row in map(json.loads, stream) if row["id"] not in copied]
    rows = (ROOT / "data/labels/train_comments.tsv").read_text(encoding="utf-8").splitlines()
    texts += [row.split("\t")[-1] for row in rows]
    return list(dict.fromkeys(texts))


class Editor:
    """Edits texts like those who pass them on; the same seed gives the same.

    Args:
        alphabet: characters that are typed in.
        seed: of the draw.
    """

    def __init__(self, alphabet: Sequence[str], seed: int) -> None:
        self._alphabet = alphabet
        self._chance = random.Random(seed)
        self._traditional = opencc.OpenCC("s2t")

    def copy(self, text: str, rate: float) -> str:
        """Return a copy in which ``rate`` of the characters were replaced, deleted or have got
        one before them; some copies also have a clause elsewhere, words before or after, emoji,
        traditional script."""
        chance = self._chance
        clauses = _CLAUSES.findall(text)
        if len(clauses) > 2 and chance.random() < 0.2:
            moved = clauses.pop(chance.randrange(len(clauses)))
            clauses.insert(chance.randrange(len(clauses) + 1), moved)
            text = "".join(clauses)
        text = self.edited(text, rate)
        if chance.random() < 0.2:
            text = chance.choice(BEFORE) + text
        if chance.random() < 0.2:
            text += chance.choice(AFTER)
        if chance.random() < 0.2:
            text += chance.choice(EMOJI) * chance.randint(1, 3)
        if chance.random() < 0.1:
            text = self._traditional.convert(text)
        return text

    def edited(self, text: str, rate: float) -> str:
        """Return the text with exactly ``rate`` of its characters edited."""
        chance = self._chance
        touched = set(chance.sample(range(len(text)), round(rate * len(text))))
        parts = []
        for place, char in enumerate(text):
            if place not in touched:
                parts.append(char)
                continue
            kind = chance.randrange(3)
            if kind < 2:
                parts.append(chance.choice(self._alphabet))
            if kind == 1:
                parts.append(char)
        return "".join(parts)


def planted(
    rate: float, campaigns: int, size: int, unrelated: int, seed: int = 1, shortest: int = 30
) -> list[Planted]:
    """Return campaigns among unrelated texts, all in one drawn order.

    Args:
        rate: of edits, in every copy; the text that was copied is not among them.
        campaigns: how many; their originals have at least ``shortest`` characters.
        size: copies of each.
        unrelated: texts that belong to none.
        seed: of the draw.
        shortest: characters.
    """
    chance = random.Random(seed)
    texts = own_texts()
    chance.shuffle(texts)
    originals = [text for text in texts if len(text) >= shortest][:campaigns]
    taken = set(originals)
    editor = Editor(sorted({char for text in texts for char in text if char.isalpha()}), seed)
    rows = [
        Planted(editor.copy(original, rate), number)
        for number, original in enumerate(originals)
        for _ in range(size)
    ]
    rest = [text for text in texts if text not in taken]
    rows += [Planted(text, None) for text in rest[:unrelated]]
    chance.shuffle(rows)
    return rows


def scored(rows: Sequence[Planted], clusters: Sequence[object]) -> tuple[float, float]:
    """Return precision and recall over pairs of texts.

    Args:
        rows: the texts.
        clusters: of each text, what names the cluster that it was put in.
    """

    def pairs(groups: Iterable[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(groups).values())

    true = [
        (found, row.campaign)
        for found, row in zip(clusters, rows, strict=True)
        if row.campaign is not None
    ]
    hits = pairs(true)
    found, planted = pairs(clusters), pairs(campaign for _, campaign in true)
    return (hits / found if found else 1.0), (hits / planted if planted else 1.0)
