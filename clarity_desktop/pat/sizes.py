"""The published sizes of the Pretrained Actigraphy Transformer: patch, tokens, heads, blocks and parameter counts.

Ruan, Zhang, Oh, Jin, Jacobson, arXiv 2411.15240. Every size has width 96, 96 channels in each head and 256 in the
feed-forward layers; the convolutional variants differ in how a patch of minutes becomes a token and in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["FEED_FORWARD", "KERNEL", "SIZES", "WIDTH", "WINDOW_MIN", "ModelSize", "SizeName", "block_parameters"]

SizeName = Literal["s", "m", "l"]

WINDOW_MIN: Final = 10_080
"""Minutes of a window: seven days."""
WIDTH: Final = 96
"""Channels of a token, and of each head's queries, keys and values."""
FEED_FORWARD: Final = 256
KERNEL: Final = 3
"""Minutes that the convolutional variant's kernel spans, inside a patch."""


@dataclass(frozen=True, slots=True)
class ModelSize:
    """One size of the encoder."""

    name: SizeName
    patch: int
    """Minutes in a patch."""
    heads: int
    blocks: int
    conv: bool = False
    """Whether patches are embedded by the convolution (PAT Conv) and not by a dense layer."""

    @property
    def tokens(self) -> int:
        """Patches in a window."""
        return WINDOW_MIN // self.patch

    @property
    def key(self) -> str:
        """Its key in :data:`SIZES`: ``s``, ``m``, ``l``, ``conv-s``, ``conv-m`` or ``conv-l``."""
        return f"conv-{self.name}" if self.conv else self.name

    @property
    def label(self) -> str:
        """What people call it: ``PAT-S`` or ``PAT Conv-S``."""
        return f"PAT Conv-{self.name.upper()}" if self.conv else f"PAT-{self.name.upper()}"

    @property
    def inner(self) -> int:
        """Channels of all heads together."""
        return self.heads * WIDTH

    @property
    def parameter_count(self) -> int:
        """Trained numbers of the encoder; the positional table is computed and not among them."""
        embedding = (KERNEL if self.conv else self.patch) * WIDTH + WIDTH
        return embedding + self.blocks * block_parameters(self.heads)

    @property
    def autoencoder_parameter_count(self) -> int:
        """Trained numbers of the masked autoencoder: encoder, mask token, one decoder block, reconstruction."""
        reconstruction = WIDTH * self.patch + self.patch
        return self.parameter_count + WIDTH + block_parameters(self.decoder_heads) + reconstruction

    @property
    def decoder_heads(self) -> int:
        """Heads of the decoder block that pretraining adds."""
        return self.heads

    def convolutional(self) -> ModelSize:
        """The same size with the convolutional patch embedding."""
        return replace(self, conv=True)


def block_parameters(heads: int) -> int:
    """Trained numbers of one transformer block with ``heads`` heads."""
    inner = heads * WIDTH
    attention = 3 * (WIDTH * inner + inner) + inner * WIDTH + WIDTH
    feed_forward = WIDTH * FEED_FORWARD + FEED_FORWARD + FEED_FORWARD * WIDTH + WIDTH
    return attention + 4 * WIDTH + feed_forward


_DENSE: Final = (
    ModelSize("s", patch=18, heads=6, blocks=1),
    ModelSize("m", patch=18, heads=12, blocks=2),
    ModelSize("l", patch=9, heads=12, blocks=4),
)

SIZES: Final[Mapping[str, ModelSize]] = MappingProxyType(
    {size.key: size for size in (*_DENSE, *(one.convolutional() for one in _DENSE))}
)
"""Every size by :attr:`ModelSize.key`, the dense ones first."""
