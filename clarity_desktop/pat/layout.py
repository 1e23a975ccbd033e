"""Which dataset of a published weight file is which tensor of ours: names, shapes and the order of axes.

The published layout is what Keras 2 writes (``save_weights`` of the encoder): blocks are numbered from 1, names end
in ``:0``, a dense kernel is (in, out). Ours is PyTorch's: (out, in), heads side by side on the first axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clarity_desktop.pat.sizes import FEED_FORWARD, KERNEL, SIZES, WIDTH, ModelSize

__all__ = ["PublishedDataset", "as_state", "published_datasets", "size_of_shapes", "state_shapes"]

_Order = Literal["as is", "flat", "kernel", "into heads", "out of heads", "convolution"]


@dataclass(frozen=True, slots=True)
class PublishedDataset:
    """One dataset of a published file and the tensor that it becomes."""

    name: str
    """Path in the file, such as ``dense/dense/kernel:0``."""
    key: str
    """Key in :class:`~clarity_desktop.pat.encoder.Encoder`'s state, such as ``embedding.weight``."""
    shape: tuple[int, ...]
    """Shape in the file."""
    order: _Order
    """How axes are exchanged on the way."""

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of our tensor."""
        return tuple(self.as_ours(np.empty(self.shape, np.float32)).shape)

    def as_ours(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The published array in our order of axes, contiguous."""
        if self.order == "flat":
            values = values.reshape(-1)
        elif self.order == "kernel":
            values = values.T
        elif self.order == "into heads":
            values = values.reshape(WIDTH, -1).T
        elif self.order == "out of heads":
            values = values.reshape(-1, WIDTH).T
        elif self.order == "convolution":
            values = values.transpose(2, 1, 0)
        return np.ascontiguousarray(values, dtype=np.float32)


def published_datasets(size: ModelSize) -> tuple[PublishedDataset, ...]:
    """Every dataset that a weight file of this size holds, and no other: 2 and 16 a block."""
    if size.conv:
        root = "conv1d_patch_embedding/conv1d_patch_embedding"
        kernel = PublishedDataset(f"{root}/kernel:0", "embedding.weight", (KERNEL, 1, WIDTH), "convolution")
    else:
        root = "dense/dense"
        kernel = PublishedDataset(f"{root}/kernel:0", "embedding.weight", (size.patch, WIDTH), "kernel")
    found = [kernel, PublishedDataset(f"{root}/bias:0", "embedding.bias", (WIDTH,), "as is")]
    for block in range(size.blocks):
        found += _block_datasets(block, size.heads)
    return tuple(found)


def _block_datasets(block: int, heads: int) -> list[PublishedDataset]:
    layer = f"encoder_layer_{block + 1}"
    root = f"{layer}_transformer/{layer}"
    ours = f"blocks.{block}"
    found = []
    for part in ("query", "key", "value"):
        place, key = f"{root}_attention/{part}", f"{ours}.attention.{part}"
        found.append(PublishedDataset(f"{place}/kernel:0", f"{key}.weight", (WIDTH, heads, WIDTH), "into heads"))
        found.append(PublishedDataset(f"{place}/bias:0", f"{key}.bias", (heads, WIDTH), "flat"))
    place, key = f"{root}_attention/attention_output", f"{ours}.attention.output"
    found.append(PublishedDataset(f"{place}/kernel:0", f"{key}.weight", (heads, WIDTH, WIDTH), "out of heads"))
    found.append(PublishedDataset(f"{place}/bias:0", f"{key}.bias", (WIDTH,), "as is"))
    for norm in ("norm1", "norm2"):
        found.append(PublishedDataset(f"{root}_{norm}/gamma:0", f"{ours}.{norm}.weight", (WIDTH,), "as is"))
        found.append(PublishedDataset(f"{root}_{norm}/beta:0", f"{ours}.{norm}.bias", (WIDTH,), "as is"))
    for layer_name, shape in (("ff1", (WIDTH, FEED_FORWARD)), ("ff2", (FEED_FORWARD, WIDTH))):
        found.append(PublishedDataset(f"{root}_{layer_name}/kernel:0", f"{ours}.{layer_name}.weight", shape, "kernel"))
        found.append(PublishedDataset(f"{root}_{layer_name}/bias:0", f"{ours}.{layer_name}.bias", shape[1:], "as is"))
    return found


def state_shapes(size: ModelSize) -> Mapping[str, tuple[int, ...]]:
    """Key and shape of every tensor in the state of an encoder of this size."""
    return {dataset.key: dataset.state_shape for dataset in published_datasets(size)}


def as_state(size: ModelSize, arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """The state of an encoder from the arrays of a published file, by dataset name.

    The arrays are taken as checked: names, shapes and finite values are the importer's to verify. Raises ``KeyError``
    for a dataset that is not there.
    """
    return {
        dataset.key: torch.from_numpy(dataset.as_ours(arrays[dataset.name])) for dataset in published_datasets(size)
    }


_FIRST_QUERY: Final = "encoder_layer_1_transformer/encoder_layer_1_attention/query/kernel:0"


def size_of_shapes(shapes: Mapping[str, tuple[int, ...]]) -> ModelSize | None:
    """The size that the shapes of a file's datasets, by name, belong to; ``None`` where they match no size.

    A dense file is told by its patch and heads, a convolutional one by its heads and blocks. Agreement of the other
    datasets is not looked at.
    """
    query = shapes.get(_FIRST_QUERY)
    if query is None or len(query) != 3:
        return None
    conv = any(name.startswith("conv1d_patch_embedding/") for name in shapes)
    blocks = sum(name.endswith("_attention/query/kernel:0") for name in shapes)
    dense = shapes.get("dense/dense/kernel:0", ())
    for size in SIZES.values():
        if size.conv != conv or size.heads != query[1]:
            continue
        if (conv and size.blocks == blocks) or (not conv and dense[:1] == (size.patch,)):
            return size
    return None
