"""Embeds a window under two fills for little more than the price of one, where the encoder has a single block.

Two fills of a window differ in the few patches that hold filled minutes. To the query of any other patch, attention
over the other patches is the same under both: its sum is taken once, what came from the differing patches is
subtracted, and their new share is added. Only the queries of differing patches are asked anew over all patches. This is
an identity; in single precision the second embedding differs from that of a pass of its own by rounding alone. The
first comes from the same products as :meth:`FoldedEncoder.encode`, in the same order.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from clarity_desktop.pat.block import EPSILON
from clarity_desktop.pat.encoder import Encoded
from clarity_desktop.pat.folded import FoldedEncoder
from clarity_desktop.pat.sizes import WIDTH

__all__ = ["RefilledEncoder"]

_ROWS: Final = 560
"""Queries whose weights are held at once, as in the profile of the folded route."""
_MOST_CHANGED: Final = 0.4
"""Share of patches beyond which a pass of its own costs less than what is shared."""
_LEAST_LEFT: Final = 0.05
"""Rows of which less than this share is left are computed anew: subtracting would cost them their digits."""


class RefilledEncoder(FoldedEncoder):
    """A folded encoder that also embeds another fill of the same window."""

    def encode_both(self, window: Tensor, other: Tensor) -> tuple[Encoded, Tensor]:
        """One standardised window under two fills, each (1, 10080).

        Returns
        -------
        encoded, pooled:
            Tokens, embedding and profile of the first fill as :meth:`FoldedEncoder.encode` gives them, and the
            embedding of the other, (1, 96).
        """
        size = self.size
        differs = (window != other).view(size.tokens, size.patch).any(dim=1)
        changed = differs.nonzero()[:, 0].to(self.device)
        if changed.numel() == 0:
            encoded = self.encode(window, attention=True)
            return encoded, encoded.pooled
        if size.blocks > 1 or changed.numel() > _MOST_CHANGED * size.tokens:
            return self.encode(window, attention=True), self.encode(other).pooled
        with torch.inference_mode():
            return self._encode_both(window, other, changed)

    def _encode_both(self, window: Tensor, other: Tensor, changed: Tensor) -> tuple[Encoded, Tensor]:
        heads = self.size.heads
        patches, other_patches = self._patches(window), self._patches(other)
        x = self._embedded(patches)
        y = x.clone()
        y[changed] = self._embedded(other_patches)[changed]
        query = self._queries(0, patches, x[None])[0]
        mixed, received, refilled, spent = _attended(query, x, y[changed], changed)
        # Heads of a patch are rows that follow one another.
        asked = (changed[:, None] * heads + torch.arange(heads, device=changed.device)).reshape(-1)
        query[asked] = self._queries(0, other_patches, y[None])[0][asked]
        spent[asked] = True
        anew = spent.nonzero()[:, 0]
        refilled[anew] = torch.softmax(query[anew] @ y.t(), dim=-1) @ y
        tokens = self._finished(mixed, x)
        encoded = Encoded(tokens[None], tokens.mean(dim=0)[None], received[None])
        return encoded, self._finished(refilled, y).mean(dim=0)[None]

    def _patches(self, window: Tensor) -> Tensor:
        """One window cut, (1, T, patch)."""
        return window.to(self.device, self.dtype).reshape(1, self.size.tokens, self.size.patch)

    def _embedded(self, patches: Tensor) -> Tensor:
        """Tokens of one window before its block, (T, 96)."""
        embedded: Tensor = (self._embedding(patches) + self._positions)[0]
        return embedded

    def _finished(self, mixed: Tensor, x: Tensor) -> Tensor:
        """The only block behind its attention: rows of heads (T·H, 96) and tokens (T, 96) to tokens."""
        block = self._blocks[0]
        gathered = torch.addmm(block.value_bias, mixed.view(self.size.tokens, -1), block.value)
        h = functional.layer_norm(gathered.add_(x), (WIDTH,), *block.norm1, EPSILON)
        wide = torch.addmm(block.ff1_bias, h, block.ff1).relu_()
        after = torch.addmm(block.ff2_bias, wide, block.ff2).add_(h)
        return functional.layer_norm(after, (WIDTH,), *block.norm2, EPSILON)


def _attended(query: Tensor, x: Tensor, fresh: Tensor, changed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Attention of queries (R, 96) over tokens (T, 96), and over the same with ``fresh`` at the places ``changed``.

    Returns
    -------
    mixed, received, refilled, spent:
        Attention over ``x`` (R, 96) and what each token received (T,); attention over the other tokens (R, 96), and the
        rows (R,) in which so little is left of the first that they must be computed anew.
    """
    rows = query.shape[0]
    keys, gone = x.t(), x[changed]
    mixed, refilled = torch.empty_like(query), torch.empty_like(query)
    spent = torch.zeros(rows, dtype=torch.bool, device=query.device)
    received = x.new_zeros(x.shape[0])
    for start in range(0, rows, _ROWS):
        part = slice(start, min(start + _ROWS, rows))
        scores = query[part] @ keys
        weights = torch.softmax(scores, dim=-1)
        mixed[part] = weights @ x
        received += weights.sum(dim=0)
        # The logarithm of a row's sum of exponentials: its greatest score less the logarithm of that score's weight.
        total = scores.amax(dim=1, keepdim=True) - weights.amax(dim=1, keepdim=True).log()
        lost = weights[:, changed]
        left = 1 - lost.sum(dim=1, keepdim=True)
        new = query[part] @ fresh.t() - total
        shift = new.amax(dim=1, keepdim=True).clamp_min(0)
        gained, scale = (new - shift).exp(), (-shift).exp()
        share = left * scale + gained.sum(dim=1, keepdim=True)
        refilled[part] = ((mixed[part] - lost @ gone) * scale + gained @ fresh) / share
        spent[part] = (share < _LEAST_LEFT * scale)[:, 0]
    return mixed, received / rows, refilled, spent
