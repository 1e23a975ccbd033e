"""The masked autoencoder that pretrains the encoder: nine in ten patches hidden, every minute reconstructed.

One set of patches is hidden for a whole batch (Ruan et al., arXiv 2411.15240, the authors' notebooks). So every hidden
position enters the decoder as the same mask token plus its place, in every window of the batch, and what hidden
positions take from one another is computed once a batch. That is an identity, not an approximation, and saves about
two thirds of the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from clarity_desktop.pat.block import Attention, Block
from clarity_desktop.pat.encoder import Encoder
from clarity_desktop.pat.sizes import WIDTH, WINDOW_MIN, ModelSize

__all__ = ["MASK_RATIO", "REACH", "MaskedAutoencoder", "Masking", "Reconstruction", "draw_masking"]

MASK_RATIO: Final = 0.90
"""Share of patches hidden, the paper's best."""
REACH: Final = 2.0
"""Reconstructions lie within ± this many standard deviations: tanh times 2."""


@dataclass(frozen=True, slots=True)
class Masking:
    """Which patches of a window are seen and which are hidden."""

    visible: Tensor
    """Positions of the patches that the encoder sees, in the order of the permutation, int64."""
    hidden: Tensor
    """Positions of the others, int64."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Standardised minutes that the decoder gives, apart by what the encoder saw."""

    visible: Tensor
    """(B, visible patches, patch), in the order of :attr:`Masking.visible`."""
    hidden: Tensor
    """(B, hidden patches, patch), in the order of :attr:`Masking.hidden`."""


def draw_masking(tokens: int, generator: torch.Generator, *, ratio: float = MASK_RATIO) -> Masking:
    """A random permutation of ``tokens`` positions; the first round(ratio · tokens) of it are hidden."""
    order = torch.randperm(tokens, generator=generator)
    hidden = round(ratio * tokens)
    return Masking(order[hidden:], order[:hidden])


class MaskedAutoencoder(nn.Module):
    """Encoder, one learned mask token, one decoder block and a dense layer that gives minutes.

    Parameters
    ----------
    size:
        Size of the encoder; the decoder block has as many heads.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.size = size
        self.encoder = Encoder(size)
        self.mask_token = nn.Parameter(torch.empty(WIDTH))
        self.decoder = Block(size.decoder_heads)
        self.reconstruction = nn.Linear(WIDTH, size.patch)
        self._initialise()

    def _initialise(self) -> None:
        """Glorot's uniform weights and zero biases, as Keras begins; the mask token begins small and normal."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv1d):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.mask_token, std=0.02)

    def encode_visible(self, windows: Tensor, masking: Masking) -> Tensor:
        """Tokens of the visible patches alone, each at its true position, (B, visible, 96)."""
        patches = self.encoder.patches(windows)[:, masking.visible]
        x: Tensor = self.encoder.embedding(patches) + self.encoder.positions[masking.visible]
        for block in self.encoder.blocks:
            x = block(x)
        return x

    def reconstruct(self, windows: Tensor, masking: Masking) -> Reconstruction:
        """Every minute of standardised windows (B, 10080) from the visible patches alone."""
        positions = self.encoder.positions
        visible = self.encode_visible(windows, masking) + positions[masking.visible]
        hidden = self.mask_token + positions[masking.hidden]
        taken_visible, taken_hidden = _shared_attention(self.decoder.attention, visible, hidden)
        return Reconstruction(
            self._minutes(self.decoder.after_attention(visible, taken_visible)),
            self._minutes(self.decoder.after_attention(hidden, taken_hidden)),
        )

    def forward(self, windows: Tensor, masking: Masking) -> Tensor:
        """The reconstruction in order of time, (B, 10080), with every window through the whole decoder."""
        x = self.mask_token.expand(windows.shape[0], self.size.tokens, WIDTH).clone()
        x[:, masking.visible] = self.encode_visible(windows, masking)
        decoded = self.decoder(x + self.encoder.positions)
        return self._minutes(decoded).reshape(-1, WINDOW_MIN)

    def loss(self, windows: Tensor, masking: Masking) -> Tensor:
        """Mean squared error over all minutes, visible ones included, as the released encoders were trained."""
        patches = self.encoder.patches(windows)
        found = self.reconstruct(windows, masking)
        visible = functional.mse_loss(found.visible, patches[:, masking.visible], reduction="sum")
        hidden = functional.mse_loss(found.hidden, patches[:, masking.hidden], reduction="sum")
        return (visible + hidden) / windows.numel()

    def _minutes(self, decoded: Tensor) -> Tensor:
        return REACH * torch.tanh(self.reconstruction(decoded))


def _shared_attention(attention: Attention, visible: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Attention of a batch in which every window has the same hidden tokens.

    Parameters
    ----------
    attention:
        The layer.
    visible:
        Tokens that differ between windows, (B, v, 96).
    hidden:
        Tokens that all windows share, (m, 96).

    Returns
    -------
    What visible tokens take from all, (B, v, 96), and what hidden tokens take from all, (B, m, 96).

    Notes
    -----
    For a hidden query, the hidden keys together act as one key: its logit is the logarithm of their summed
    exponentials, its value their softmax-weighted mean. Both are the same in every window.
    """
    batch, seen, _ = visible.shape
    heads = attention.heads
    query, key, value = (_heads_first(part(visible), heads) for part in _projections(attention))
    shared_query, shared_key, shared_value = (_heads_first(part(hidden), heads) for part in _projections(attention))
    query, shared_query = query * WIDTH**-0.5, shared_query * WIDTH**-0.5
    among_visible = _by_window(query, batch) @ _by_window(key, batch).transpose(-1, -2)
    toward_hidden = _by_window(query @ shared_key.transpose(-1, -2), batch)
    weights = torch.softmax(torch.cat([among_visible, toward_hidden], dim=-1), dim=-1)
    of_visible, of_hidden = torch.split(weights, [seen, hidden.shape[0]], dim=-1)
    mixed = (of_visible @ _by_window(value, batch)).flatten(1, 2) + of_hidden.flatten(1, 2) @ shared_value
    from_visible: Tensor = attention.output(mixed.transpose(0, 1).flatten(1)).view(batch, seen, WIDTH)

    # The output projection is applied to the few values instead of the many sums.
    output = attention.output.weight.view(WIDTH, heads, WIDTH).permute(1, 2, 0)
    among = shared_query @ shared_key.transpose(-1, -2)
    logit = among.logsumexp(dim=-1, keepdim=True)
    mean = ((among - logit).exp() @ shared_value @ output).transpose(0, 1)
    toward = (shared_query @ key.transpose(-1, -2)).view(heads, -1, batch, seen).permute(2, 1, 0, 3)
    together = torch.cat([toward, logit.transpose(0, 1).expand(batch, -1, -1, -1)], dim=-1)
    weights = torch.softmax(together, dim=-1)
    values = _by_window(value @ output, batch).transpose(0, 1)
    # The row of zeros stands where the shared mean has its weight; the mean itself differs by query.
    values = functional.pad(values, (0, 0, 0, 1)).flatten(1, 2)
    of_mean = (weights[..., -1].transpose(0, 1) @ mean).transpose(0, 1)
    from_hidden = weights.flatten(2) @ values + of_mean + attention.output.bias
    return from_visible, from_hidden


def _heads_first(projected: Tensor, heads: int) -> Tensor:
    """(…, 96·H) as (H, rows, 96) without a copy."""
    return projected.reshape(-1, heads, WIDTH).transpose(0, 1)


def _by_window(rows: Tensor, batch: int) -> Tensor:
    """(H, B·v, …) as (H, B, v, …)."""
    return rows.reshape(rows.shape[0], batch, -1, rows.shape[-1])


def _projections(attention: Attention) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
    return attention.query, attention.key, attention.value
