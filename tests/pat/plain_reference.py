"""A forward pass of the published encoder in plain numpy and double precision, from arrays by their dataset names.

Written from the published description alone; it shares nothing with the program: no torch, no folding, no layout table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.floating]]
Numbers = NDArray[np.float64]

WIDTH, WEEK = 96, 10_080


def published_shapes(patch: int, heads: int, blocks: int, *, conv: bool) -> dict[str, tuple[int, ...]]:
    """Every dataset of a weight file with its shape; blocks are counted from 1."""
    if conv:
        shapes: dict[str, tuple[int, ...]] = {
            "conv1d_patch_embedding/conv1d_patch_embedding/kernel:0": (3, 1, 96),
            "conv1d_patch_embedding/conv1d_patch_embedding/bias:0": (96,),
        }
    else:
        shapes = {"dense/dense/kernel:0": (patch, 96), "dense/dense/bias:0": (96,)}
    for i in range(1, blocks + 1):
        root = f"encoder_layer_{i}_transformer/encoder_layer_{i}_"
        for name in ("query", "key", "value"):
            shapes[f"{root}attention/{name}/kernel:0"] = (96, heads, 96)
            shapes[f"{root}attention/{name}/bias:0"] = (heads, 96)
        shapes[f"{root}attention/attention_output/kernel:0"] = (heads, 96, 96)
        shapes[f"{root}attention/attention_output/bias:0"] = (96,)
        for name in ("norm1", "norm2"):
            shapes[f"{root}{name}/gamma:0"] = shapes[f"{root}{name}/beta:0"] = (96,)
        shapes[f"{root}ff1/kernel:0"], shapes[f"{root}ff1/bias:0"] = (96, 256), (256,)
        shapes[f"{root}ff2/kernel:0"], shapes[f"{root}ff2/bias:0"] = (256, 96), (96,)
    return shapes


def random_arrays(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, NDArray[np.float32]]:
    """Seeded weights of a size at which attention is uneven; the gain of the first norm of block 1 is small."""
    random = np.random.default_rng(seed)
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, shape in shapes.items():
        if name.endswith("gamma:0"):
            value = (0.03 if "layer_1_norm1" in name else 1.0) * random.uniform(0.5, 1.5, shape)
        elif name.endswith("kernel:0"):
            inputs = shape[0] * shape[1] if "attention_output" in name else shape[0]
            value = random.normal(0, 1.2 / np.sqrt(inputs), shape)
        else:
            value = random.normal(0, 0.1, shape)
        arrays[name] = value.astype(np.float32)
    return arrays


def forward(arrays: Arrays, windows: NDArray[np.floating], patch: int) -> tuple[Numbers, Numbers, Numbers]:
    """Tokens (B, T, 96), pooled (B, 96) and the last block's attention profile (B, T) of standardised windows."""
    held = {name: array.astype(np.float64) for name, array in arrays.items()}
    found = [_one(held, window.astype(np.float64).reshape(WEEK // patch, patch)) for window in windows]
    tokens = np.stack([one for one, _ in found])
    return tokens, tokens.mean(axis=1), np.stack([profile for _, profile in found])


def _one(held: Mapping[str, Numbers], patches: Numbers) -> tuple[Numbers, Numbers]:
    if "dense/dense/kernel:0" in held:
        x = patches @ held["dense/dense/kernel:0"] + held["dense/dense/bias:0"]
    else:
        root = "conv1d_patch_embedding/conv1d_patch_embedding"
        kernel, bias = held[f"{root}/kernel:0"], held[f"{root}/bias:0"]
        # Keras correlates: output minute m takes minutes m-1, m, m+1 of its own patch, with zeros beyond its ends.
        before = np.concatenate([np.zeros_like(patches[:, :1]), patches[:, :-1]], axis=1)
        after = np.concatenate([patches[:, 1:], np.zeros_like(patches[:, :1])], axis=1)
        around = np.stack([before, patches, after], axis=-1)
        x = np.maximum(np.einsum("tmk,kc->tmc", around, kernel[:, 0, :]) + bias, 0.0).mean(axis=1)
    x = x + _table(len(patches))
    profile = np.empty(0)
    blocks = sum(name.endswith("norm1/gamma:0") for name in held)
    for i in range(1, blocks + 1):
        x, profile = _block(held, f"encoder_layer_{i}_transformer/encoder_layer_{i}_", x)
    return x, profile


def _table(tokens: int) -> Numbers:
    rate = np.exp(-np.log(10_000.0) * 2 * np.arange(48) / WIDTH)
    phase = np.arange(tokens)[:, None] * rate
    return np.concatenate([np.sin(phase), np.cos(phase)], axis=1)


def _block(held: Mapping[str, Numbers], root: str, x: Numbers) -> tuple[Numbers, Numbers]:
    heads = held[f"{root}attention/query/kernel:0"].shape[1]
    mixed = held[f"{root}attention/attention_output/bias:0"] + np.zeros_like(x)
    received = np.zeros(len(x))
    for h in range(heads):
        query, key, value = (
            x @ held[f"{root}attention/{name}/kernel:0"][:, h, :] + held[f"{root}attention/{name}/bias:0"][h]
            for name in ("query", "key", "value")
        )
        score = query @ key.T / np.sqrt(WIDTH)
        weight = np.exp(score - score.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        mixed += weight @ value @ held[f"{root}attention/attention_output/kernel:0"][h]
        received += weight.sum(axis=0)
    h1 = _norm(held, f"{root}norm1", x + mixed)
    wide = np.maximum(h1 @ held[f"{root}ff1/kernel:0"] + held[f"{root}ff1/bias:0"], 0.0)
    after = _norm(held, f"{root}norm2", h1 + wide @ held[f"{root}ff2/kernel:0"] + held[f"{root}ff2/bias:0"])
    return after, received / received.sum()


def _norm(held: Mapping[str, Numbers], root: str, x: Numbers) -> Numbers:
    centred = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + 1e-6)
    return held[f"{root}/gamma:0"] * centred / spread + held[f"{root}/beta:0"]
