"""PAT Conv against a plain forward pass of the published layout, within the gates, from file to embedding.

No weights and no goldens of this variant are published, so the reference is first shown to give the goldens of the
dense sizes, and then run on seeded weights of the convolutional ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from clarity_desktop.pat.encoder import Encoder, parameter_count
from clarity_desktop.pat.inference import embed
from clarity_desktop.pat.layout import as_state
from clarity_desktop.pat.sizes import SIZES
from clarity_desktop.pat.weights import read_published
from tests.pat.plain_reference import forward, published_shapes, random_arrays

Goldens = Callable[[str], Mapping[str, NDArray[np.float64]]]
Published = Callable[[str], Mapping[str, NDArray[np.float32]]]

TOKENS, POOLED, ATTENTION = 5e-4, 5e-5, 2e-6
GEOMETRY = {"s": (18, 6, 1, 273_280), "m": (18, 12, 2, 992_000), "l": (9, 12, 4, 1_983_616)}


def arrays_of(size: str) -> dict[str, NDArray[np.float32]]:
    patch, heads, blocks, _ = GEOMETRY[size]
    return random_arrays(published_shapes(patch, heads, blocks, conv=True), seed=len(size) + heads + blocks)


@pytest.mark.parametrize("size", ["s", "m"])
def test_the_plain_reference_gives_the_goldens_of_the_dense_sizes(
    size: str, published: Published, golden_of: Goldens
) -> None:
    golden = golden_of(size)
    tokens, pooled, attention = forward(published(size), golden["windows"][:2], SIZES[size].patch)
    assert np.abs(tokens[:, golden["token_index"]] - golden["tokens"][:2]).max() < 1e-5
    assert np.abs(pooled - golden["pooled"][:2]).max() < 1e-9
    assert np.abs(attention - golden["attention"][:2]).max() < 1e-12


@pytest.mark.parametrize(
    "size", ["s", pytest.param("m", marks=pytest.mark.slow), pytest.param("l", marks=pytest.mark.slow)]
)
def test_the_convolutional_variant_is_the_published_function(size: str, golden_of: Goldens) -> None:
    patch, _, _, count = GEOMETRY[size]
    arrays, windows = arrays_of(size), golden_of("s")["windows"][1:].astype(np.float32)
    encoder = Encoder(SIZES[f"conv-{size}"])
    encoder.load_state_dict(as_state(SIZES[f"conv-{size}"], arrays))
    assert sum(one.size for one in arrays.values()) == parameter_count(encoder) == count
    tokens, pooled, attention = forward(arrays, windows, patch)
    found = embed(encoder.eval(), windows, device="cpu", workers=2, tokens=True)
    assert found.tokens is not None
    assert found.attention is not None
    assert np.abs(found.tokens - tokens).max() < TOKENS
    assert np.abs(found.pooled - pooled).max() < POOLED
    assert np.abs(found.attention - attention).max() < ATTENTION


def test_a_file_of_the_convolutional_variant_is_read_into_the_same_numbers(tmp_path: Path, golden_of: Goldens) -> None:
    arrays = arrays_of("s")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    held = read_published(tmp_path / "weights.h5", conv=True)
    assert held.size == SIZES["conv-s"]
    window = golden_of("s")["windows"][:1].astype(np.float32)
    encoder = Encoder(held.size)
    encoder.load_state_dict(held.state)
    found = embed(encoder.eval(), window, device="cpu")
    assert np.abs(found.pooled - forward(arrays, window, 18)[1]).max() < POOLED


@pytest.mark.parametrize("mistake", ["no bias", "sum for mean", "mirrored"])
def test_the_gates_see_a_mistake_in_the_convolution(mistake: str, golden_of: Goldens) -> None:
    """A reference with one mistake lies outside the gates, so that agreement says something."""
    arrays, window = arrays_of("s"), golden_of("s")["windows"][:1].astype(np.float32)
    root = "conv1d_patch_embedding/conv1d_patch_embedding"
    wrong = dict(arrays)
    if mistake == "no bias":
        wrong[f"{root}/bias:0"] = np.zeros(96, np.float32)
    elif mistake == "sum for mean":
        wrong[f"{root}/kernel:0"] = arrays[f"{root}/kernel:0"] * 18
        wrong[f"{root}/bias:0"] = arrays[f"{root}/bias:0"] * 18
    else:
        wrong[f"{root}/kernel:0"] = arrays[f"{root}/kernel:0"][::-1]
    assert np.abs(forward(wrong, window, 18)[1] - forward(arrays, window, 18)[1]).max() > POOLED
