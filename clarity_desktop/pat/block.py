"""One transformer block of the published model, post-norm, and the fixed table of positions.

Written to the equations of the authors' notebooks (Ruan et al., arXiv 2411.15240): every head has 96 channels of its
own, layer norms use an epsilon of 1e-6, and nothing is normalised after the last block.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from clarity_desktop.pat.sizes import FEED_FORWARD, WIDTH

__all__ = ["DROPOUT", "EPSILON", "Attention", "Block", "positional_table"]

EPSILON: Final = 1e-6
"""Epsilon of both layer norms."""
DROPOUT: Final = 0.1
"""Share of channels dropped behind attention and feed-forward, in training only."""


def positional_table(tokens: int) -> Tensor:
    """The table that tells positions apart, float32 of shape (``tokens``, 96): 48 sines, then 48 cosines.

    Computed in double precision and rounded once; in single precision the phase of the last positions would be wrong
    by up to 1e-4. Positions count patches from the start of the window and know nothing of the clock.
    """
    half = WIDTH // 2
    rates = np.exp(-math.log(10_000.0) * 2.0 * np.arange(half, dtype=np.float64) / WIDTH)
    phase = np.arange(tokens, dtype=np.float64)[:, None] * rates
    return torch.from_numpy(np.concatenate([np.sin(phase), np.cos(phase)], axis=1).astype(np.float32))


class Attention(nn.Module):
    """Self-attention of ``heads`` heads with 96 channels each for queries, keys and values.

    Head h takes rows 96·h … 96·h + 95 of the three projections, and the same columns of the output projection.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(WIDTH, heads * WIDTH)
        self.key = nn.Linear(WIDTH, heads * WIDTH)
        self.value = nn.Linear(WIDTH, heads * WIDTH)
        self.output = nn.Linear(heads * WIDTH, WIDTH)

    def of_heads(self, projected: Tensor) -> Tensor:
        """A projection (B, T, 96·H) apart by heads, (B, H, T, 96)."""
        batch, tokens, _ = projected.shape
        return projected.view(batch, tokens, self.heads, WIDTH).transpose(1, 2)

    def gathered(self, mixed: Tensor) -> Tensor:
        """What all heads took, (B, H, T, 96), through the output projection, (B, T, 96)."""
        gathered: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return gathered

    def forward(self, x: Tensor) -> Tensor:
        """What each token takes from all others, (B, T, 96)."""
        query, key, value = (self.of_heads(part(x)) for part in (self.query, self.key, self.value))
        return self.gathered(functional.scaled_dot_product_attention(query, key, value))

    def with_weights(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same, (B, T, 96), and the weights of every head, (B, H, queries, keys), whose rows sum to 1."""
        query, key, value = (self.of_heads(part(x)) for part in (self.query, self.key, self.value))
        weights = torch.softmax(query @ key.transpose(-1, -2) * WIDTH**-0.5, dim=-1)
        return self.gathered(weights @ value), weights


class Block(nn.Module):
    """Attention, then two feed-forward layers, each added to its input and normalised afterwards."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.attention = Attention(heads)
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.ff1 = nn.Linear(WIDTH, FEED_FORWARD)
        self.ff2 = nn.Linear(FEED_FORWARD, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens after the block, (B, T, 96)."""
        return self.after_attention(x, self.attention(x))

    def with_weights(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens after the block, (B, T, 96), and its attention weights, (B, H, queries, keys)."""
        gathered, weights = self.attention.with_weights(x)
        return self.after_attention(x, gathered), weights

    def after_attention(self, x: Tensor, gathered: Tensor) -> Tensor:
        """The rest of the block: ``x`` its input and ``gathered`` what attention took, (B, T, 96)."""
        h = self.norm1(x + self.dropout(gathered))
        after: Tensor = self.norm2(h + self.dropout(self.ff2(functional.relu(self.ff1(h)))))
        return after
