"""Every golden within the gates by every route, and the mistakes of known ports outside them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from clarity_desktop.pat.encoder import Encoded, Encoder
from clarity_desktop.pat.folded import FoldedEncoder
from clarity_desktop.pat.inference import embed

Goldens = Callable[[str], Mapping[str, NDArray[np.float64]]]
Encoders = Callable[[str], Encoder]

TOKENS, POOLED, ATTENTION, ATTENTION_SUM = 5e-4, 5e-5, 2e-6, 1e-5
_PROBE = np.cos(np.arange(1, 97) * 1.7)
PROBE = _PROBE / np.linalg.norm(_PROBE)


def plain(encoder: Encoder, windows: Tensor) -> Encoded:
    with torch.inference_mode():
        return encoder.encode(windows, attention=True)


def folded(encoder: Encoder, windows: Tensor) -> Encoded:
    return FoldedEncoder(encoder).encode(windows, attention=True)


def embedded(encoder: Encoder, windows: Tensor) -> Encoded:
    found = embed(encoder, windows.numpy(), device="cpu", workers=2, tokens=True)
    assert found.tokens is not None
    assert found.attention is not None
    return Encoded(torch.from_numpy(found.tokens), torch.from_numpy(found.pooled), torch.from_numpy(found.attention))


def errors(encoded: Encoded, golden: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    assert encoded.attention is not None
    tokens = encoded.tokens.double().numpy()
    attention = encoded.attention.double().numpy()
    return {
        "tokens": float(np.abs(tokens[:, golden["token_index"]] - golden["tokens"]).max()),
        "probe": float(np.abs(tokens @ PROBE - golden["token_probe"]).max()),
        "pooled": float(np.abs(encoded.pooled.double().numpy() - golden["pooled"]).max()),
        "attention": float(np.abs(attention - golden["attention"]).max()),
        "sum": float(np.abs(attention.sum(axis=1) - 1).max()),
    }


def passes(found: Mapping[str, float]) -> bool:
    gates = {"tokens": TOKENS, "probe": TOKENS, "pooled": POOLED, "attention": ATTENTION, "sum": ATTENTION_SUM}
    return all(found[name] <= gate for name, gate in gates.items())


def windows_of(golden: Mapping[str, NDArray[np.float64]]) -> Tensor:
    return torch.from_numpy(golden["windows"].astype(np.float32))


@pytest.mark.parametrize(
    ("size", "route"),
    [
        *((size, route) for size in ("s", "m") for route in (plain, folded, embedded)),
        ("l", folded),
        pytest.param("l", plain, marks=pytest.mark.slow),
        pytest.param("l", embedded, marks=pytest.mark.slow),
    ],
)
def test_every_golden_lies_within_the_gates(
    size: str, route: Callable[[Encoder, Tensor], Encoded], encoder_of: Encoders, golden_of: Goldens
) -> None:
    golden = golden_of(size)
    found = errors(route(encoder_of(size), windows_of(golden)), golden)
    assert passes(found), found


def _interleaved(encoder: Encoder) -> None:
    table = encoder.positions.clone()
    encoder.positions[:, 0::2], encoder.positions[:, 1::2] = table[:, :48], table[:, 48:]


def _cosines_first(encoder: Encoder) -> None:
    encoder.positions.copy_(encoder.positions.roll(48, dims=1))


def _torch_epsilon(encoder: Encoder) -> None:
    for module in encoder.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 1e-5


def _no_query_bias(encoder: Encoder) -> None:
    for name, parameter in encoder.named_parameters():
        if name.endswith("query.bias"):
            parameter.data.zero_()


def _heads_out_of_order(encoder: Encoder) -> None:
    for name, parameter in encoder.named_parameters():
        if name.endswith("query.weight"):
            heads = parameter.shape[0] // 96
            parameter.data.copy_(parameter.data.view(heads, 96, 96).transpose(0, 1).reshape(-1, 96))


@pytest.mark.parametrize("mistake", [_interleaved, _cosines_first, _torch_epsilon, _no_query_bias, _heads_out_of_order])
def test_a_mistake_of_known_ports_fails_a_gate(
    mistake: Callable[[Encoder], None], encoder_of: Encoders, golden_of: Goldens
) -> None:
    # M shows the epsilon, which S cannot.
    golden = golden_of("m")
    wrong = copy.deepcopy(encoder_of("m"))
    mistake(wrong)
    assert not passes(errors(plain(wrong, windows_of(golden)), golden))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_miss_the_gates(dtype: torch.dtype, encoder_of: Encoders, golden_of: Goldens) -> None:
    golden = golden_of("s")
    found = FoldedEncoder(encoder_of("s"), dtype=dtype).encode(windows_of(golden)[:1])
    assert float(np.abs(found.pooled.double().numpy() - golden["pooled"][:1]).max()) > POOLED


def test_the_profile_is_what_patches_receive(encoder_of: Encoders, golden_of: Goldens) -> None:
    encoded = plain(encoder_of("s"), windows_of(golden_of("s"))[:1])
    assert encoded.attention is not None
    assert float(encoded.attention.std()) > 1e-4  # summed over keys it would be flat
