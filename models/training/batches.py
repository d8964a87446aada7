"""Rows to tensors: batches of like length, padded."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from models.inputs import Encoded


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
