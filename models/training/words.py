"""Masked words: the encoder reads how people write before it learns what they mean.

The base encoder comes without a head for this, so a new one is trained along; it does not ship.
Words are guessed only where they were hidden, which spares most of the large product with the
vocabulary.

Source: Devlin et al., 2019, "BERT"; going on with texts of the field: Gururangan et al., 2020,
"Don't Stop Pretraining".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertModel

from models.inputs import Encoded, InputEncoder
from models.training.batches import collate

SHARE = 0.2
"""Of a text's words that are hidden."""
KEPT = 0.1
"""Of the hidden words that stand as they are, so that words that can be seen are read as well."""


class MaskedWords(nn.Module):
    """Guesses hidden words from the encoder's states, by the encoder's own word embeddings."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.turn = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))

    def forward(self, states: Tensor, words: Tensor) -> Tensor:
        """Return logits (n, vocabulary) of states (n, width); ``words`` are the embeddings."""
        return nn.functional.linear(self.turn(states), words, self.bias)


def hide(
    encoded: list[Encoded], inputs: InputEncoder
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return ids with words hidden, mask, segments, where (batch, length), and the hidden ids."""
    ids, mask, segments = collate(encoded, inputs.pad)
    special = (ids == inputs.cls) | (ids == inputs.sep) | (mask == 0)
    where = (torch.rand(ids.shape) < SHARE) & ~special
    covered = where & (torch.rand(ids.shape) >= KEPT)
    return ids.masked_fill(covered, inputs.mask), mask, segments, where, ids[where]


def word_loss(
    encoder: BertModel, head: MaskedWords, encoded: list[Encoded], inputs: InputEncoder
) -> Tensor:
    """Return the mean cross-entropy, in nats, of the hidden words; zero where none is hidden."""
    ids, mask, segments, where, truth = hide(encoded, inputs)
    states = encoder(input_ids=ids, attention_mask=mask, token_type_ids=segments)
    words = encoder.embeddings.word_embeddings.weight
    guess = head(states.last_hidden_state[where], words)
    return nn.functional.cross_entropy(guess.float(), truth, reduction="sum") / max(1, len(truth))
