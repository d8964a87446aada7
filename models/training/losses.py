"""What a batch of labelled rows costs: stance, evaluation and evidence together, and how far two
readings of the same rows differ."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.inputs import Encoded
from models.rows.examples import UNKNOWN, Example
from models.training.config import Stage, TrainConfig
from models.training.network import Output


def label_loss(
    config: TrainConfig,
    stage: Stage,
    rows: Sequence[Example],
    encoded: Sequence[Encoded],
    output: Output,
) -> Tensor:
    """Return the loss of a batch; what is not known of a row costs nothing.

    Args:
        config, stage: how the parts are weighed.
        rows: what is known.
        encoded: where a row's tokens stand in its text.
        output: what the network says of the rows.
    """
    loss = torch.zeros(())
    stance = torch.tensor([row.stance for row in rows])
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
        loss = loss + stage.evaluation_weight * (each * known).sum() / cells.numel()
    length = output.evidence.shape[1]
    shown = torch.stack(
        [_shown(row, item, length) for row, item in zip(rows, encoded, strict=True)]
    )
    marked = shown.any(-1)
    if marked.any():
        weight = (output.evidence * shown).sum(-1)[marked]
        loss = loss - config.evidence_weight * weight.clamp(min=1e-4).log().sum() / len(rows)
    return loss


def disagreement(stage: Stage, rows: Sequence[Example], output: Output) -> Tensor:
    """Return how far two readings of the same rows differ: the mean of both Kullback-Leibler
    divergences, in nats, of the stance, and of the cells weighed as their loss is. Cells that are
    not known of a row cost nothing: the network would agree with itself on finding none.

    Source: Wu et al., 2021, "R-Drop: Regularized Dropout for Neural Networks".

    Args:
        stage: how the cells are weighed.
        rows: what is known.
        output: what the network says of all rows and then of all once more.
    """
    logs = torch.log_softmax(output.stance, -1).chunk(2)
    shares = [part.exp() for part in logs]
    stance = ((shares[0] - shares[1]) * (logs[0] - logs[1])).sum(-1).mean() / 2
    logits = output.evaluation.chunk(2)
    chances = [part.sigmoid() for part in logits]
    known = torch.tensor([row.evaluation for row in rows]) != UNKNOWN
    cells = ((chances[0] - chances[1]) * (logits[0] - logits[1]) * known).mean() / 2
    return stance + stage.evaluation_weight * cells


def _shown(row: Example, item: Encoded, length: int) -> Tensor:
    """Return which tokens stand in one of the row's evidence spans, (length,)."""
    found = torch.zeros(length, dtype=torch.bool)
    for first, last in row.spans:
        for place, (start, end) in enumerate(item.offsets, item.start):
            found[place] |= start >= first and end <= last
    return found
