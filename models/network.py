"""The network: one BERT encoder, a stance head, an evaluation head, an embedding.

Every head reads the tokens through one linear layer. A head's logit is what [CLS] says plus an
attention-weighted sum over the comment's tokens of what each token says::

    logit_k = cls_k + sum_i a_ik * token_ik,    a_k = softmax over the comment's tokens

so that a clause's share in the stance (the evidence span) is a plain sum over its tokens, and the
long comment's one telling clause is not drowned by the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertModel

from models.inputs import CELLS, STANCES

S, E = len(STANCES), len(CELLS)
PARTS = (S, S, 1, E, E, E)
"""Columns of the linear layer: stance of [CLS], of tokens, its attention; evaluation likewise."""


class Output(NamedTuple):
    stance: Tensor
    """Logits (batch, 3)."""
    evaluation: Tensor
    """Logits (batch, 12)."""
    evidence: Tensor
    """Each token's share in each stance logit (batch, 3, length); zero outside the comment."""
    vector: Tensor
    """Unit vector of [CLS] (batch, width)."""


class TaggerNetwork(nn.Module):
    """See the module's docstring. Inputs are (batch, length) integer tensors."""

    def __init__(self, encoder: BertModel, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.Linear(encoder.config.hidden_size, sum(PARTS))
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.bias)

    @classmethod
    def from_base(cls, folder: Path, dropout: float = 0.0) -> TaggerNetwork:
        """Start from a Hugging Face BERT folder. The encoder's own dropout is off: on a CPU it
        costs a quarter of the step, and masked input words regularise as well."""
        encoder = BertModel.from_pretrained(
            folder,
            add_pooling_layer=False,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        return cls(encoder, dropout)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return unit vectors (batch, width) of single texts."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return nn.functional.normalize(hidden[:, 0], dim=-1)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor) -> Output:
        hidden = self.encoder(
            input_ids=ids, attention_mask=mask, token_type_ids=segments
        ).last_hidden_state
        read = self.heads(self.dropout(hidden)).transpose(1, 2)
        s_cls, s_token, s_weight, e_cls, e_token, e_weight = read.split(PARTS, dim=1)
        outside = (segments == 0).unsqueeze(1)
        evidence = _attention(s_weight, outside) * s_token
        evaluation = (_attention(e_weight, outside) * e_token).sum(-1)
        return Output(
            s_cls[:, :, 0] + evidence.sum(-1),
            e_cls[:, :, 0] + evaluation,
            evidence,
            nn.functional.normalize(hidden[:, 0], dim=-1),
        )


def _attention(weights: Tensor, outside: Tensor) -> Tensor:
    """Softmax over the length (last); exactly zero outside. Finite where all is outside.

    The length stands last because ONNX Runtime sums over the last axis row by row: over an inner
    axis the rounding of a row depends on the batch.
    """
    return torch.softmax(weights.masked_fill(outside, -1e4), dim=-1).masked_fill(outside, 0.0)
