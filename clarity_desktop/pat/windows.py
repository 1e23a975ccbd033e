"""Weeks of 10 080 elapsed minutes from a local midnight, what of them was worn, and how the rest is filled.

A window is a stretch of the recording's own grid: minute *k* of a window is always the minute that began ``60·k``
seconds after its start. Nothing is ever joined over a gap; what was not worn stays in its place, is counted and is
filled by a named policy only when the window is prepared for the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.pat import DAYS, DEFAULT_GATE, WINDOW_MIN, ClockChange, Fill, WeekMinutes
from clarity_desktop.domain.time import Instant, ZoneTimeline
from clarity_desktop.pat.normalisation import Normalisation
from clarity_desktop.signals.clock import MINUTES_PER_DAY, LocalClock

__all__ = ["Prepared", "Weeks", "clock_changes", "own_profile", "prepare", "why_not", "weeks_of"]

_STEP_S: Final = 60


@dataclass(frozen=True, slots=True)
class Weeks:
    """The windows of one recording, in order of day. W windows over a grid of G minutes that covers them all."""

    grid_start: Instant
    values: NDArray[np.float32]
    """Shape (G,): the recorded value where worn, NaN elsewhere."""
    state: NDArray[np.uint8]
    """Shape (G,), codes of :class:`EpochState`; minutes beyond the recording's ends are MISSING."""
    minute_of_day: NDArray[np.int64]
    """Shape (G,): local clock minute, 0…1439."""
    first: NDArray[np.int64]
    """Shape (W,): index of each window's first minute in the grid."""
    day: NDArray[np.int64]
    """Shape (W,): local day each window begins with, days since 1970-01-01."""
    minutes: tuple[WeekMinutes, ...]
    changes: tuple[tuple[ClockChange, ...], ...]
    gate: float

    def __len__(self) -> int:
        return int(self.first.size)

    @property
    def start(self) -> NDArray[np.int64]:
        """UTC seconds at which each window begins, shape (W,)."""
        return np.asarray(self.grid_start + _STEP_S * self.first)

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Whether enough of each window was worn, shape (W,)."""
        return np.array([one.worn >= self.gate * WINDOW_MIN for one in self.minutes], dtype=np.bool_)

    def places(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Grid indices of the minutes of some windows, shape (N, 10080)."""
        return self.first[windows][:, None] + np.arange(WINDOW_MIN, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Windows as the model is fed them, and what had to be put into them."""

    values: NDArray[np.float32]
    """Shape (N, 10080), standardised, every one finite."""
    own_median: NDArray[np.int64]
    """Minutes of each window filled with the person's own median, shape (N,)."""
    average: NDArray[np.int64]
    """Minutes of each window filled with 0 after standardisation, shape (N,)."""


def weeks_of(epochs: Epochs, *, gate: float = DEFAULT_GATE, step_days: int = 1) -> Weeks:
    """Every window of a recording: one from each local midnight, sliding by days.

    The first window begins with the recording's first local day and the last ends with its last one, so minutes before
    the recording began and after it ended are missing minutes of these. A recording of less than seven days has one.

    Parameters
    ----------
    epochs:
        One-minute epochs with their wear decided.
    gate:
        Least share of worn minutes, 0…1; 1 is the strict rule.
    step_days:
        Days between the starts of two windows.

    Raises
    ------
    UsageError
        ``pat.epoch_length`` when an epoch is not a minute, ``pat.gate`` for a share outside 0…1.
    """
    if epochs.step_s != _STEP_S:
        raise UsageError(
            "pat.epoch_length",
            f"PAT takes minutes, and this recording has epochs of {epochs.step_s} s.",
            remedy="Use a recording with epochs of one minute or shorter.",
        )
    if not 0 < gate <= 1 or step_days < 1:
        raise UsageError(
            "pat.gate",
            "The share of worn minutes that a week needs lies above 0 and up to 100 %.",
            remedy="Choose 90 %, or 100 % for the strict rule.",
        )
    zone, n = epochs.zone, len(epochs)
    if n == 0:
        none = np.empty(0, np.int64)
        return Weeks(epochs.start, np.empty(0, np.float32), np.empty(0, np.uint8), none, none, none, (), (), gate)
    ends = zone.local_days(np.array([epochs.start, epochs.start + (n - 1) * _STEP_S], dtype=np.int64))
    days = np.arange(ends[0], max(ends[0], ends[1] - DAYS + 1) + 1, step_days, dtype=np.int64)
    # A midnight of an old zone may fall inside a minute: the window begins with the next whole one.
    midnights = np.array([zone.instant_of_local(int(day)) for day in days], dtype=np.int64)
    at = -(-(midnights - epochs.start) // _STEP_S)
    low, high = min(0, int(at.min())), max(n, int(at.max()) + WINDOW_MIN)
    values = np.full(high - low, np.nan, np.float32)
    state = np.full(high - low, np.uint8(EpochState.MISSING), np.uint8)
    values[-low : n - low] = np.where(epochs.valid, epochs.values, np.float32(np.nan))
    state[-low : n - low] = np.where(
        (epochs.state == EpochState.WORN) & ~np.isfinite(epochs.values), np.uint8(EpochState.MISSING), epochs.state
    )
    grid_start = epochs.start + low * _STEP_S
    first = at - low
    minute_of_day = LocalClock(grid_start, _STEP_S, high - low, zone).minute_of_day
    return Weeks(
        grid_start,
        values,
        state,
        minute_of_day,
        first,
        days,
        _counted(state, first),
        tuple(clock_changes(zone, int(grid_start + _STEP_S * place)) for place in first),
        gate,
    )


def _counted(state: NDArray[np.uint8], first: NDArray[np.int64]) -> tuple[WeekMinutes, ...]:
    """Minutes of each state by window, from running sums that all windows share."""
    codes = (EpochState.WORN, EpochState.NOT_WORN, EpochState.MISSING, EpochState.EXCLUDED)
    columns = []
    for code in codes:
        running = np.concatenate(([0], np.cumsum(state == code)))
        columns.append(running[first + WINDOW_MIN] - running[first])
    return tuple(WeekMinutes(*row) for row in np.stack(columns, axis=1).tolist())


def clock_changes(zone: ZoneTimeline, start: Instant) -> tuple[ClockChange, ...]:
    """Jumps of the local clock inside the 10 080 minutes from ``start``: they are flagged, and change no minute."""
    found = zone.offset_changes(start, start + WINDOW_MIN * _STEP_S - 1)
    return tuple(
        ClockChange(at, offset - before, name, name != old) for (_, before, old), (at, offset, name) in pairwise(found)
    )


def why_not(minutes: WeekMinutes, gate: float) -> str:
    """Why a window is not computed, each class of minutes counted apart; empty when it is."""
    if minutes.worn >= gate * WINDOW_MIN:
        return ""
    parts = [
        f"{count} min {words}"
        for count, words in (
            (minutes.not_worn, "not worn"),
            (minutes.missing, "without a sample"),
            (minutes.excluded, "left out by a person"),
        )
        if count
    ]
    return f"Not computed: {', '.join(parts)}. {gate:.0%} worn is needed.".replace("%", "\u202f%")


def own_profile(weeks: Weeks) -> NDArray[np.float64]:
    """The person's own median of each minute of the day over all worn minutes, shape (1440,); NaN where never worn."""
    worn = np.flatnonzero(np.isfinite(weeks.values))
    minute = weeks.minute_of_day[worn]
    order = np.lexsort((weeks.values[worn], minute))
    ordered = weeks.values[worn][order].astype(np.float64)
    count = np.bincount(minute, minlength=MINUTES_PER_DAY)
    begin = np.concatenate(([0], np.cumsum(count)[:-1]))
    profile = np.full(MINUTES_PER_DAY, np.nan)
    there = count > 0
    low = begin[there] + (count[there] - 1) // 2
    high = begin[there] + count[there] // 2
    profile[there] = (ordered[low] + ordered[high]) / 2
    return profile


def prepare(
    weeks: Weeks,
    windows: NDArray[np.int64],
    normalisation: Normalisation,
    fill: Fill,
    profile: NDArray[np.float64] | None = None,
) -> Prepared:
    """Windows standardised and filled, ready for the model.

    Parameters
    ----------
    weeks:
        The recording's windows.
    windows:
        Indices of the windows wanted, shape (N,).
    normalisation:
        How raw minutes are standardised.
    fill:
        What stands in for minutes that were not worn.
    profile:
        The person's own medians, shape (1440,); worked out when ``None``. A minute that was never worn has none and
        gets 0 after standardisation, which is counted apart.
    """
    places = weeks.places(windows)
    raw = weeks.values[places]
    absent = np.isnan(raw)
    own = np.zeros_like(absent)
    if fill is Fill.OWN_MEDIAN:
        medians = (own_profile(weeks) if profile is None else profile).astype(np.float32)
        substitute = medians[weeks.minute_of_day[places]]
        own = absent & np.isfinite(substitute)
        raw = np.where(own, substitute, raw)
    values = normalisation.standardised(raw)
    average = absent & ~own
    values[average] = 0.0
    return Prepared(values, own.sum(axis=1), average.sum(axis=1))
