"""The encoder: seven days of standardised minutes in, one token a patch and one embedding a window out."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from clarity_desktop.pat.block import Block, positional_table
from clarity_desktop.pat.sizes import KERNEL, WIDTH, WINDOW_MIN, ModelSize

__all__ = ["Encoded", "Encoder", "PatchConvolution", "parameter_count"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder makes of B windows of T patches."""

    tokens: Tensor
    """The last block's output, (B, T, 96)."""
    pooled: Tensor
    """The embedding of each window, the mean of its tokens, (B, 96)."""
    attention: Tensor | None
    """Attention that each patch receives in the last block, (B, T): summed over queries, mean of heads, sums to 1.

    ``None`` where it was not asked for. It says where the model looks, which is no evidence about the person.
    """


class PatchConvolution(nn.Conv1d):
    """The patch embedding of PAT Conv: inside each patch a kernel of 3 minutes, ReLU, and the mean of the patch."""

    def __init__(self) -> None:
        super().__init__(1, WIDTH, KERNEL, padding=KERNEL // 2)

    def forward(self, patches: Tensor) -> Tensor:
        """Embed patches of shape (B, T, patch) as (B, T, 96); a patch's border is padded with zeros."""
        batch, tokens, patch = patches.shape
        filtered = super().forward(patches.reshape(batch * tokens, 1, patch))
        return functional.relu(filtered).mean(dim=-1).view(batch, tokens, WIDTH)


class Encoder(nn.Module):
    """The encoder of one size, untrained until a state is loaded into it.

    Parameters
    ----------
    size:
        Which of the published sizes, dense or convolutional.

    Notes
    -----
    Keys of the state are named in :mod:`clarity_desktop.pat.layout`. The table of positions is computed and is not
    part of the state. In training mode dropout is active; :meth:`torch.nn.Module.eval` turns it off.
    """

    positions: Tensor

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.size = size
        self.embedding: nn.Module = PatchConvolution() if size.conv else nn.Linear(size.patch, WIDTH)
        self.blocks = nn.ModuleList(Block(size.heads) for _ in range(size.blocks))
        self.register_buffer("positions", positional_table(size.tokens), persistent=False)

    def patches(self, windows: Tensor) -> Tensor:
        """Windows of shape (B, 10080) cut into patches, (B, T, patch); raises ``ValueError`` for another shape."""
        if windows.ndim != 2 or windows.shape[1] != WINDOW_MIN:
            raise ValueError(f"windows of shape (B, {WINDOW_MIN}) are needed, not {tuple(windows.shape)}")
        return windows.reshape(windows.shape[0], self.size.tokens, self.size.patch)

    def embedded(self, windows: Tensor) -> Tensor:
        """Patches of the windows as tokens with their positions added, before the first block, (B, T, 96)."""
        embedded: Tensor = self.embedding(self.patches(windows)) + self.positions
        return embedded

    def forward(self, windows: Tensor) -> Tensor:
        """Tokens of standardised windows: (B, 10080), oldest minute first, to (B, T, 96)."""
        x = self.embedded(windows)
        for block in self.blocks:
            x = block(x)
        return x

    def encode(self, windows: Tensor, *, attention: bool = False) -> Encoded:
        """Tokens, embedding and, where asked for, the attention profile of standardised windows (B, 10080).

        This is the plain route with every matrix as it was trained. Many windows are embedded faster by
        :func:`clarity_desktop.pat.inference.embed`. With ``attention`` the last block's weights are held in memory at
        once: 4·B·H·T² bytes.
        """
        x = self.embedded(windows)
        for block in self.blocks[:-1]:
            x = block(x)
        last = self.blocks[-1]
        assert isinstance(last, Block)
        received: Tensor | None = None
        if attention:
            tokens, weights = last.with_weights(x)
            received = weights.sum(dim=-2).mean(dim=1) / self.size.tokens
        else:
            tokens = last(x)
        return Encoded(tokens, tokens.mean(dim=1), received)


def parameter_count(module: nn.Module) -> int:
    """How many trained numbers a module holds."""
    return sum(parameter.numel() for parameter in module.parameters())
