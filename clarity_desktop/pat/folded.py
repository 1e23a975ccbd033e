"""The encoder with matrices that always follow one another multiplied into one, an identity that saves arithmetic.

A head's score of a pair of tokens is ``(x·Wq + bq)·(y·Wk + bk)``. The products with ``bk`` are the same for every
``y`` and drop out of the softmax, so ``x·(Wq·Wkᵀ) + bq·Wkᵀ`` are queries whose keys are the tokens themselves. In the
same way the tokens are the values, and ``Wv·Wo`` comes behind the sum; its bias is a constant, for weights sum to 1.
Keys and values are then those of all heads, and the heads of one window become rows of one matrix. Before the first
block a token is its patch times a matrix plus its place, so its queries are too: places are multiplied once, at load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from clarity_desktop.pat.block import EPSILON, Block
from clarity_desktop.pat.encoder import Encoded, Encoder
from clarity_desktop.pat.sizes import WIDTH, ModelSize
from clarity_desktop.signals.working_memory import keep_freed_memory

__all__ = ["FoldedEncoder"]

_PROFILE_ROWS: Final = 560
"""Queries whose weights are held at once where the attention profile is wanted: 1 to 3 MB, the size of a cache."""


@dataclass(frozen=True, slots=True)
class _FoldedBlock:
    """One block's matrices, laid out for products from the left: (in, out)."""

    query: Tensor
    """(96, H·96)."""
    query_bias: Tensor
    value: Tensor
    """(H·96, 96): value and output projection in one."""
    value_bias: Tensor
    norm1: tuple[Tensor, Tensor]
    ff1: Tensor
    ff1_bias: Tensor
    ff2: Tensor
    ff2_bias: Tensor
    norm2: tuple[Tensor, Tensor]


class FoldedEncoder:
    """An encoder for inference: no dropout, no gradients, folded in double precision and rounded once.

    Parameters
    ----------
    encoder:
        The encoder; its weights are read now, later changes are not followed.
    device, dtype:
        Where and in which precision it computes.
    """

    def __init__(
        self, encoder: Encoder, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        self.size: ModelSize = encoder.size
        self.device = torch.device(device)
        self.dtype = dtype
        if self.device.type == "cpu":
            # Queries of a window are up to 5 MB; new pages for each would cost 5 % of the time.
            keep_freed_memory()
        with torch.inference_mode():
            self._embedding: nn.Module = _copy_of_embedding(encoder).to(self.device, dtype)
            self._positions = encoder.positions.to(self.device, dtype)
            folded = [_folded(block) for block in encoder.blocks if isinstance(block, Block)]
            self._first: tuple[Tensor, Tensor] | None = None
            if isinstance(encoder.embedding, nn.Linear):
                self._first = _first_queries(encoder.embedding, encoder.positions, folded[0], self.device, dtype)
            self._blocks = [_on(block, self.device, dtype) for block in folded]

    def encode(self, windows: Tensor, *, attention: bool = False) -> Encoded:
        """What :meth:`Encoder.encode` answers for standardised windows (B, 10080), by the folded route."""
        with torch.inference_mode():
            batch = windows.shape[0]
            patches = windows.to(self.device, self.dtype).reshape(batch, self.size.tokens, self.size.patch)
            x = self._embedding(patches) + self._positions
            received: Tensor | None = None
            for index, block in enumerate(self._blocks):
                query = self._queries(index, patches, x)
                if attention and index == len(self._blocks) - 1:
                    mixed, received = _profiled(query, x)
                else:
                    mixed = functional.scaled_dot_product_attention(
                        query.unsqueeze(1), x.unsqueeze(1), x.unsqueeze(1), scale=1.0
                    )
                gathered = _through(mixed.reshape(batch, self.size.tokens, -1), block.value, block.value_bias)
                h = functional.layer_norm(gathered.add_(x), (WIDTH,), *block.norm1, EPSILON)
                wide = _through(h, block.ff1, block.ff1_bias).relu_()
                x = functional.layer_norm(
                    _through(wide, block.ff2, block.ff2_bias).add_(h), (WIDTH,), *block.norm2, EPSILON
                )
            return Encoded(x, x.mean(dim=1), received)

    def _queries(self, index: int, patches: Tensor, x: Tensor) -> Tensor:
        """Queries of a block for all heads, (B, T·H, 96), from patches (B, T, patch) and its tokens (B, T, 96)."""
        block, batch = self._blocks[index], x.shape[0]
        if index or self._first is None:
            return _through(x, block.query, block.query_bias).view(batch, -1, WIDTH)
        places, matrix = self._first
        if batch == 1:
            return torch.addmm(places, patches[0], matrix).view(1, -1, WIDTH)
        return (patches @ matrix).add_(places).view(batch, -1, WIDTH)


def _through(x: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    """``x · matrix + bias`` for x of shape (B, T, in), as one product over all rows."""
    batch, tokens, width = x.shape
    return torch.addmm(bias, x.reshape(batch * tokens, width), matrix).view(batch, tokens, -1)


def _profiled(query: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Attention of queries (B, T·H, 96) to tokens (B, T, 96), and what each token receives, (B, T), summing to 1."""
    batch, rows, _ = query.shape
    tokens = x.shape[1]
    keys = x.transpose(1, 2)
    mixed = torch.empty_like(query)
    received = x.new_zeros(batch, tokens)
    for part in _stretches(rows):
        weights = torch.softmax(query[:, part] @ keys, dim=-1)
        mixed[:, part] = weights @ x
        received += weights.sum(dim=1)
    return mixed, received / rows


def _stretches(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _PROFILE_ROWS):
        yield slice(start, min(start + _PROFILE_ROWS, rows))


def _copy_of_embedding(encoder: Encoder) -> nn.Module:
    fresh = Encoder(encoder.size).embedding
    fresh.load_state_dict(encoder.embedding.state_dict())
    return fresh


def _folded(block: Block) -> _FoldedBlock:
    """A block's matrices, folded, float64."""
    attention, heads = block.attention, block.attention.heads
    query, key, value = (
        part.weight.double().view(heads, WIDTH, WIDTH) for part in (attention.query, attention.key, attention.value)
    )
    query_bias = attention.query.bias.double().view(heads, 1, WIDTH)
    value_bias = attention.value.bias.double().view(heads, 1, WIDTH)
    output = attention.output.weight.double().view(WIDTH, heads, WIDTH).permute(1, 2, 0)
    scale = WIDTH**-0.5
    return _FoldedBlock(
        query=(query.transpose(1, 2) @ key * scale).permute(1, 0, 2).reshape(WIDTH, heads * WIDTH),
        query_bias=(query_bias @ key * scale).reshape(-1),
        value=(value.transpose(1, 2) @ output).reshape(heads * WIDTH, WIDTH),
        value_bias=attention.output.bias.double() + (value_bias @ output).sum(dim=(0, 1)),
        norm1=(block.norm1.weight, block.norm1.bias),
        ff1=block.ff1.weight.t(),
        ff1_bias=block.ff1.bias,
        ff2=block.ff2.weight.t(),
        ff2_bias=block.ff2.bias,
        norm2=(block.norm2.weight, block.norm2.bias),
    )


def _first_queries(
    embedding: nn.Linear, positions: Tensor, block: _FoldedBlock, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """What places give to the first block's queries (T, H·96), and the matrix from patches to them (patch, H·96)."""
    places = (positions.double() + embedding.bias.double()) @ block.query + block.query_bias
    matrix = embedding.weight.double().t() @ block.query
    return places.to(dtype).contiguous().to(device), matrix.to(dtype).contiguous().to(device)


def _on(block: _FoldedBlock, device: torch.device, dtype: torch.dtype) -> _FoldedBlock:
    def there(tensor: Tensor) -> Tensor:
        # Rounded before it moves: not every device knows double precision.
        return tensor.detach().to(dtype).contiguous().to(device)

    return _FoldedBlock(
        query=there(block.query),
        query_bias=there(block.query_bias),
        value=there(block.value),
        value_bias=there(block.value_bias),
        norm1=(there(block.norm1[0]), there(block.norm1[1])),
        ff1=there(block.ff1),
        ff1_bias=there(block.ff1_bias),
        ff2=there(block.ff2),
        ff2_bias=there(block.ff2_bias),
        norm2=(there(block.norm2[0]), there(block.norm2[1])),
    )
