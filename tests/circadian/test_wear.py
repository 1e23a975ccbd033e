"""Non-wear from zero counts: bridges, trims, gaps and edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.circadian.wear import choi, nonwear_minutes, troiano
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts


def counts(*parts: tuple[int, float]) -> Epochs:
    values = np.concatenate([np.full(length, value) for length, value in parts])
    return epochs_of_counts(0, values, ZoneTimeline.single("UTC"))


def test_choi_needs_ninety_minutes() -> None:
    assert choi(counts((10, 5), (89, 0), (10, 5))) == ()
    assert choi(counts((10, 5), (90, 0), (10, 5))) == ((10, 100),)


def test_choi_bridges_two_minutes_between_half_hours_of_zeros() -> None:
    assert choi(counts((10, 5), (45, 0), (2, 900), (45, 0), (10, 5))) == ((10, 102),)
    assert choi(counts((10, 5), (45, 0), (3, 900), (45, 0), (10, 5))) == ()
    assert choi(counts((10, 5), (62, 0), (1, 9), (29, 0), (10, 5))) == ()
    assert choi(counts((10, 5), (62, 0), (1, 9), (29, 0))) == ((10, 102),)


def test_choi_runs_start_and_end_on_a_zero() -> None:
    assert choi(counts((1, 7), (95, 0), (1, 7))) == ((1, 96),)


def test_missing_epochs_end_a_run() -> None:
    assert choi(counts((60, 0), (1, np.nan), (60, 0))) == ()
    assert choi(counts((95, 0), (2, np.nan), (100, 0))) == ((0, 95), (97, 197))


def test_troiano_bridges_low_bursts_and_trims_them() -> None:
    assert troiano(counts((5, 200), (30, 0), (2, 100), (30, 0), (2, 50), (5, 200))) == ((5, 67),)
    assert troiano(counts((5, 200), (30, 0), (2, 101), (30, 0), (5, 200))) == ()
    assert troiano(counts((5, 200), (60, 0), (5, 200))) == ((5, 65),)


def test_nothing_and_minutes() -> None:
    assert choi(counts((0, 0))) == ()
    assert troiano(counts((100, 4))) == ()
    assert nonwear_minutes(((3, 10), (20, 25))) == 12


def test_other_epoch_lengths_are_refused() -> None:
    with pytest.raises(UsageError):
        choi(epochs_of_counts(0, np.zeros(10), ZoneTimeline.single("UTC"), step_s=30))


def literal_choi(values: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The rule as it is written, one epoch at a time."""
    zero = values == 0
    joined = zero.copy()
    epoch = 0
    while epoch < values.size:
        if zero[epoch] or np.isnan(values[epoch]):
            epoch += 1
            continue
        stop = epoch
        while stop < values.size and not zero[stop] and not np.isnan(values[stop]):
            stop += 1
        quiet = zero[max(0, epoch - 30) : epoch].all() and zero[stop : stop + 30].all()
        if stop - epoch <= 2 and quiet and epoch > 0 and stop < values.size:
            joined[epoch:stop] = True
        epoch = stop
    edges = np.flatnonzero(np.diff(np.concatenate(([False], joined, [False])).astype(int)))
    return tuple((int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= 90)


@given(st.lists(st.tuples(st.integers(1, 130), st.sampled_from([0.0, 0.0, 0.0, 7.0, np.nan]), st.integers(0, 3))))
def test_choi_is_the_rule_read_literally(parts: list[tuple[int, float, int]]) -> None:
    pieces = [np.concatenate((np.zeros(length), np.full(burst, value))) for length, value, burst in parts]
    values = np.concatenate(pieces) if pieces else np.empty(0)
    epochs = epochs_of_counts(0, values, ZoneTimeline.single("UTC"))
    assert choi(epochs) == literal_choi(values)


def literal_troiano(values: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The rule as it is written, one zero at a time."""
    found: list[tuple[int, int]] = []
    zeros = np.flatnonzero(values == 0)
    if not zeros.size:
        return ()
    first = last = int(zeros[0])
    for at in [*zeros[1:].tolist(), None]:
        burst = values[last + 1 : at] if at is not None else np.empty(0)
        if at is not None and burst.size <= 2 and not np.isnan(burst).any() and (burst <= 100).all():
            last = at
            continue
        if last + 1 - first >= 60:
            found.append((first, last + 1))
        if at is not None:
            first = last = at
    return tuple(found)


@given(st.lists(st.tuples(st.integers(1, 70), st.sampled_from([7.0, 100.0, 101.0, np.nan]), st.integers(0, 4))))
def test_rh7_troiano_is_the_rule_read_literally(parts: list[tuple[int, float, int]]) -> None:
    pieces = [np.concatenate((np.full(burst, value), np.zeros(length))) for length, value, burst in parts]
    values = np.concatenate(pieces) if pieces else np.empty(0)
    epochs = epochs_of_counts(0, values, ZoneTimeline.single("UTC"))
    assert troiano(epochs) == literal_troiano(values)
