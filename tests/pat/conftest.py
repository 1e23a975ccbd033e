"""Encoders with the seeded random test weights, and the goldens that a float64 forward pass made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clarity_desktop.pat.encoder import Encoder
from clarity_desktop.pat.layout import as_state
from clarity_desktop.pat.sizes import SIZES

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def pat_data() -> Path:
    return DATA


@cache
def _published(size: str) -> dict[str, NDArray[np.float32]]:
    arrays: dict[str, NDArray[np.float32]] = {}

    def take(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    with h5py.File(DATA / f"pat_{size.upper()}_random.h5") as file:
        file.visititems(take)
    return arrays


@pytest.fixture(scope="session")
def published() -> Callable[[str], Mapping[str, NDArray[np.float32]]]:
    """Arrays of a test weight file by dataset name, as they are stored."""
    return _published


@cache
def _encoder(size: str) -> Encoder:
    encoder = Encoder(SIZES[size])
    encoder.load_state_dict(as_state(SIZES[size], _published(size)))
    return encoder.eval()


@pytest.fixture(scope="session")
def encoder_of() -> Callable[[str], Encoder]:
    """The encoder of a dense size with the test weights."""
    return _encoder


@cache
def _golden(size: str) -> dict[str, NDArray[np.float64]]:
    with np.load(DATA / f"golden_{size.upper()}.npz", allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


@pytest.fixture(scope="session")
def golden_of() -> Callable[[str], Mapping[str, NDArray[np.float64]]]:
    """The golden arrays of a dense size."""
    return _golden
