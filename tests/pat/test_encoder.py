"""Sizes, parameter counts, the table of positions, the convolutional variant and the layout of weight files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clarity_desktop.pat.block import positional_table
from clarity_desktop.pat.encoder import Encoder, parameter_count
from clarity_desktop.pat.folded import FoldedEncoder
from clarity_desktop.pat.layout import as_state, published_datasets, size_of_shapes, state_shapes
from clarity_desktop.pat.sizes import SIZES

COUNTS = {"s": 274_720, "m": 993_440, "l": 1_984_192, "conv-s": 273_280, "conv-m": 992_000, "conv-l": 1_983_616}


@pytest.mark.parametrize("key", list(SIZES))
def test_every_size_has_the_published_number_of_parameters(key: str) -> None:
    size = SIZES[key]
    assert size.parameter_count == parameter_count(Encoder(size)) == COUNTS[key]
    assert sum(int(np.prod(dataset.shape)) for dataset in published_datasets(size)) == COUNTS[key]


@pytest.mark.parametrize("key", list(SIZES))
def test_the_layout_names_every_tensor_of_the_state(key: str) -> None:
    size = SIZES[key]
    state = Encoder(size).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == dict(state_shapes(size))
    assert len(published_datasets(size)) == 2 + 16 * size.blocks


@pytest.mark.parametrize("key", list(SIZES))
def test_a_file_is_recognised_by_its_shapes(key: str) -> None:
    shapes = {dataset.name: dataset.shape for dataset in published_datasets(SIZES[key])}
    assert size_of_shapes(shapes) == SIZES[key]


def test_shapes_of_no_size_are_not_recognised() -> None:
    shapes = {dataset.name: dataset.shape for dataset in published_datasets(SIZES["s"])}
    assert size_of_shapes({**shapes, "dense/dense/kernel:0": (9, 96)}) is None
    assert size_of_shapes({}) is None


def test_heads_lie_one_after_another(published: Callable[[str], Mapping[str, NDArray[np.float32]]]) -> None:
    arrays = published("s")
    state = as_state(SIZES["s"], arrays)
    root = "encoder_layer_1_transformer/encoder_layer_1_attention"
    kernel = arrays[f"{root}/query/kernel:0"]
    weight = state["blocks.0.attention.query.weight"].numpy()
    np.testing.assert_array_equal(weight[3 * 96 : 4 * 96], kernel[:, 3, :].T)
    output = arrays[f"{root}/attention_output/kernel:0"]
    weight = state["blocks.0.attention.output.weight"].numpy()
    np.testing.assert_array_equal(weight[:, 3 * 96 : 4 * 96], output[3].T)


def test_the_table_holds_sines_then_cosines_of_double_precision() -> None:
    table = positional_table(1120).double().numpy()
    place = np.arange(1120)[:, None] * np.exp(-np.log(10_000.0) * 2 * np.arange(48) / 96)
    assert np.abs(table - np.concatenate([np.sin(place), np.cos(place)], axis=1)).max() < 6e-8


def test_the_convolution_stays_inside_its_patch() -> None:
    torch.manual_seed(0)
    encoder = Encoder(SIZES["conv-s"]).eval()
    window = torch.randn(1, 10_080)
    weight, bias = (one.detach().double().numpy() for one in encoder.embedding.parameters())
    patches = np.pad(window.double().numpy().reshape(560, 18), ((0, 0), (1, 1)))
    sums = sum(patches[:, k : k + 18, None] * weight[:, 0, k] for k in range(3)) + bias
    expected = np.maximum(sums, 0).mean(axis=1)
    found = (encoder.embedded(window) - encoder.positions)[0].detach().double().numpy()
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("key", ["conv-s", "m"])
def test_folding_changes_nothing(key: str) -> None:
    torch.manual_seed(1)
    encoder = Encoder(SIZES[key]).double().eval()
    windows = torch.randn(2, 10_080, dtype=torch.float64)
    with torch.inference_mode():
        plain = encoder.encode(windows, attention=True)
    folded = FoldedEncoder(encoder, dtype=torch.float64).encode(windows, attention=True)
    assert plain.attention is not None
    assert folded.attention is not None
    assert float((plain.tokens - folded.tokens).abs().max()) < 1e-11
    assert float((plain.attention - folded.attention).abs().max()) < 1e-14


def test_another_shape_than_a_week_is_refused() -> None:
    with pytest.raises(ValueError, match="10080"):
        Encoder(SIZES["s"])(torch.zeros(1, 1440))


def test_dropout_acts_in_training_alone() -> None:
    torch.manual_seed(2)
    encoder, window = Encoder(SIZES["s"]), torch.randn(1, 10_080)
    with torch.no_grad():
        encoder.eval()
        assert torch.equal(encoder(window), encoder(window))
        encoder.train()
        assert not torch.equal(encoder(window), encoder(window))
