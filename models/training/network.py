"""The network: one BERT encoder, a stance head, an evaluation head, a text vector.

Every head reads the tokens through one linear layer. A head's logit is what [CLS] says plus an
attention-weighted sum over the comment's tokens of what each token says::

    logit_k = cls_k + sum_i a_ik * token_ik,    a_k = softmax over the comment's tokens

so that a long comment's one telling clause is not drowned by the rest. Weights of their own, taught
on marked rows, say which clause shows the stance: they choose the evidence span.

The text vector is a linear map of what every layer says of the text, fitted after training to a
teacher's vectors (``models.exporting.vectors``): the heads are free to turn the encoder to their
use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertEmbeddings, BertOutput, BertSelfOutput

from models.inputs import CELLS, STANCES

S, E = len(STANCES), len(CELLS)
PARTS = (S, S, 1, E, E, E, 1)
"""Columns of the linear layer: stance of [CLS], of tokens, its attention; evaluation likewise; the
evidence's attention."""
VECTOR = 512
"""Width of the text vector."""
HEADS = "heads.pt"
"""Beside a base encoder that is an artifact's: the weights of heads and text vector."""


class Output(NamedTuple):
    stance: Tensor
    """Logits (batch, 3)."""
    evaluation: Tensor
    """Logits (batch, 12)."""
    evidence: Tensor
    """How much each token shows the stance (batch, length): sums to one, zero outside the
    comment."""
    vector: Tensor
    """Unit vector (batch, width)."""


class TaggerNetwork(nn.Module):
    """See the module's docstring. Inputs are (batch, length) integer tensors."""

    def __init__(self, encoder: BertModel, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.Linear(encoder.config.hidden_size, sum(PARTS))
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.bias)
        config = encoder.config
        self.vector = nn.Linear((config.num_hidden_layers + 1) * config.hidden_size, VECTOR)
        self.vector.requires_grad_(False)
        self.in_bfloat16 = False
        """Whether the encoder's products are made in bfloat16; the heads' never are."""

    @classmethod
    def from_base(cls, folder: Path, dropout: float = 0.0) -> TaggerNetwork:
        """Start from a Hugging Face BERT folder, with the heads beside it where there are any.

        The encoder's own dropout gives way to a cheaper one, which is off until ``drop`` turns it
        on. Attention is written out: at these lengths that is faster than torch's fused one, and it
        is what the graph holds.
        """
        encoder = BertModel.from_pretrained(
            folder,
            add_pooling_layer=False,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation="eager",
        )
        for module in encoder.modules():
            if isinstance(module, BertEmbeddings | BertSelfOutput | BertOutput):
                module.dropout = _FeatureDropout(0.0)
        network = cls(encoder, dropout)
        if (folder / HEADS).is_file():
            network.load_state_dict(torch.load(folder / HEADS, weights_only=True), strict=False)
        return network

    def drop(self, share: float) -> None:
        """Let training drop this share of the embeddings and of what the encoder's layers add,
        never of the attention."""
        for module in self.encoder.modules():
            if isinstance(module, _FeatureDropout):
                module.p = share

    def products(self) -> AbstractContextManager[None]:
        """Return a context in which products are made as ``in_bfloat16`` says. Nothing is entered
        where that is off: the exporter follows what is."""
        return torch.autocast("cpu", torch.bfloat16) if self.in_bfloat16 else nullcontext()

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor) -> Output:
        with self.products():
            states = self.encoder(
                input_ids=ids,
                attention_mask=mask,
                token_type_ids=segments,
                output_hidden_states=True,
            ).hidden_states
        states = [state.float() for state in states]
        hidden = states[-1]
        read = self.heads(self.dropout(hidden)).transpose(1, 2)
        s_cls, s_token, s_weight, e_cls, e_token, e_weight, shows = read.split(PARTS, dim=1)
        outside = (segments == 0).unsqueeze(1)
        stance = (_attention(s_weight, outside) * s_token).sum(-1)
        evaluation = (_attention(e_weight, outside) * e_token).sum(-1)
        return Output(
            s_cls[:, :, 0] + stance,
            e_cls[:, :, 0] + evaluation,
            _attention(shows, outside).squeeze(1),
            nn.functional.normalize(self.vector(features(states, mask)), dim=-1),
        )


class _FeatureDropout(nn.Dropout):
    """Drops features of a text, the same of all its tokens (Gal and Ghahramani, 2016, "A
    theoretically grounded application of dropout in recurrent neural networks"): chances for every
    token would cost a sixth of the step on a CPU."""

    def forward(self, states: Tensor) -> Tensor:
        if not self.training or not self.p:
            return states
        return states * super().forward(states.new_ones(len(states), 1, states.shape[-1]))


def features(states: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Return (batch, (layers + 1) * hidden): each layer's mean over the tokens, and [CLS].

    The mean is a matrix product, which ONNX Runtime computes text by text; a sum over an inner
    axis would round differently in another batch.
    """
    share = (mask / mask.sum(-1, keepdim=True)).unsqueeze(1)
    means = [(share @ state).squeeze(1) for state in states[1:]]
    return torch.cat([*means, states[-1][:, 0]], dim=-1)


def _attention(weights: Tensor, outside: Tensor) -> Tensor:
    """Softmax over the length (last); exactly zero outside. Finite where all is outside.

    The length stands last because ONNX Runtime sums over the last axis row by row: over an inner
    axis the rounding of a row depends on the batch.
    """
    return torch.softmax(weights.masked_fill(outside, -1e4), dim=-1).masked_fill(outside, 0.0)
