"""Sleep/wake states on a regular grid, their runs, and the run-length text in which they are exchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError

__all__ = ["SLEEP", "UNKNOWN", "WAKE", "Runs", "States", "decode_states", "encode_states", "runs_of"]

States = NDArray[np.int8]
"""Shape (N,): :data:`SLEEP`, :data:`WAKE` or :data:`UNKNOWN` for each epoch."""

WAKE: Final = 0
SLEEP: Final = 1
UNKNOWN: Final = -1
"""The epoch is missing, or nothing may be said of it."""

_LETTERS: Final = {WAKE: "W", SLEEP: "S", UNKNOWN: "N"}
_CODES: Final = {letter: code for code, letter in _LETTERS.items()}
_RUN = re.compile(r"([SWN])(\d+)")


@dataclass(frozen=True, slots=True)
class Runs:
    """Maximal runs of equal state, in order; run *i* covers the epochs ``[start[i], stop[i])``. Shapes (R,)."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    value: NDArray[np.int8]

    @property
    def length(self) -> NDArray[np.int64]:
        """Epochs in each run."""
        return self.stop - self.start

    def __len__(self) -> int:
        return int(self.start.size)


def runs_of(states: NDArray[np.int8] | NDArray[np.bool_]) -> Runs:
    """The maximal runs of equal value of a one-dimensional array."""
    values = states.astype(np.int8)
    if values.size == 0:
        empty = np.empty(0, np.int64)
        return Runs(empty, empty, np.empty(0, np.int8))
    change = np.flatnonzero(values[1:] != values[:-1]) + 1
    start = np.concatenate(([0], change)).astype(np.int64)
    stop = np.concatenate((change, [values.size])).astype(np.int64)
    return Runs(start, stop, values[start])


def encode_states(states: States) -> str:
    """Run-length text such as ``S373W17N4``: S sleep, W wake, N unknown; ``""`` for no epochs."""
    runs = runs_of(states)
    # State and length as one number, so that a run costs one look-up: few hundred different runs make up a year.
    codes = 4 * runs.length + (runs.value.astype(np.int64) + 1)
    words = {code: f"{_LETTERS[code % 4 - 1]}{code // 4}" for code in np.unique(codes).tolist()}
    return "".join(map(words.__getitem__, codes.tolist()))


def decode_states(text: str) -> States:
    """The states of a run-length text.

    Raises
    ------
    InputError
        ``sleep.state_text`` when the text is not made of runs.
    """
    runs = _RUN.findall(text)
    if "".join(letter + length for letter, length in runs) != text:
        raise InputError(
            "sleep.state_text",
            "The sleep states are not written as runs.",
            remedy="Write them as letters S, W or N, each followed by a number of epochs.",
        )
    codes = np.array([_CODES[letter] for letter, _ in runs], dtype=np.int8)
    return np.repeat(codes, [int(length) for _, length in runs]).astype(np.int8)
