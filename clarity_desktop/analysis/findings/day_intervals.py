"""Day-block bootstrap of the further metrics of rhythm and of sleep timing (RH-63)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.shape_intervals import (
    BLOCK_DAYS,
    fluctuation_intervals,
    period_intervals,
    sigmoid_intervals,
)
from clarity_desktop.analysis.findings.uncertainty import (
    REPLICATES,
    Interval,
    circular_interval,
    day_weights,
    interval_of,
    stability_replicates,
)
from clarity_desktop.circadian.bin_statistics import BIN_WIDTHS
from clarity_desktop.circadian.daily_windows import DailyWindows, daily_windows
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.rolling import minutes_by_day
from clarity_desktop.circadian.transitions import ACTIVE_ABOVE, sustained_probability
from clarity_desktop.signals.clock import MINUTES_PER_DAY
from clarity_desktop.signals.presence import runs
from clarity_desktop.sleep.timing import TimedNights, timing_of

__all__ = ["BOOTSTRAP_WORDS", "detail_intervals", "timing_intervals"]

_SIGMOID: Final = (
    "sigmoid_mesor",
    "sigmoid_amplitude",
    "sigmoid_acrophase_h",
    "sigmoid_up_mesor_h",
    "sigmoid_down_mesor_h",
    "sigmoid_width_ratio",
)
_PERIODS: Final = ("lomb_scargle_period_h", "lomb_scargle_power", "chi_square_period_h")
_FLUCTUATION: Final = ("dfa_alpha", "dfa_alpha_10_90", "dfa_alpha_120_600", "dfa_crossover_min")

BOOTSTRAP_WORDS: Final = {
    "ism": "whole local days",
    "ivm": "steps between successive bins, with the later bin's day",
    "bathyphase_h": "whole local days",
    "percent_rhythm": "whole local days",
    "cosinor2_magnitude": "whole local days",
    "cosinor2_orthophase_h": "whole local days",
    "cosinor2_bathyphase_h": "whole local days",
    "p_ra": "pairs of successive minutes, by local day",
    "p_ar": "pairs of successive minutes, by local day",
    "k_ra": "bouts, by the local day of their start",
    "k_ar": "bouts, by the local day of their start",
    "l5_onset_sd_h": "windows of single days",
    "m10_onset_sd_h": "windows of single days",
    **dict.fromkeys(_SIGMOID, "whole local days, the curve refitted in steps of 10 min"),
    **dict.fromkeys(_PERIODS, "whole local days at their places in time"),
    **dict.fromkeys(_FLUCTUATION, f"blocks of {BLOCK_DAYS} days, each with the windows whose middle it holds"),
}
"""What is drawn for each metric that has an interval here."""

_FREE_MINUS_WORK: Final = ("free_onset_later_min", "free_offset_later_min", "free_duration_longer_min")
_LEAST: Final = 3
_ANGLE: Final = 2 * np.pi * np.arange(MINUTES_PER_DAY) / MINUTES_PER_DAY
_WAVES: Final = np.stack(
    (np.ones(MINUTES_PER_DAY), np.cos(_ANGLE), np.sin(_ANGLE), np.cos(2 * _ANGLE), np.sin(2 * _ANGLE)), axis=1
)

Generator = np.random.Generator
Array = NDArray[np.float64]


def detail_intervals(
    recording: PreparedRecording, wanted: Collection[str], values: dict[str, float | None], random: Generator
) -> dict[str, Interval | None]:
    """Percentile 95 % intervals of those wanted metrics that have one.

    Parameters
    ----------
    recording:
        One-minute epochs.
    wanted:
        Ids of metrics; those not in :data:`BOOTSTRAP_WORDS` are passed over.
    values:
        The metrics' values, around which clock hours are measured.
    random:
        Generator for the days.
    """
    found: dict[str, Interval | None] = {}
    weight = day_weights(recording, random)
    if weight is None:
        return found
    if {"ism", "ivm"} & set(wanted):
        found.update(_over_widths(recording, weight))
    if {"bathyphase_h", "cosinor2_magnitude"} & set(wanted):
        found.update(_curves(recording, weight, values))
    if "p_ra" in wanted:
        found.update(_transitions(recording, weight))
    if "l5_onset_sd_h" in wanted:
        least, most = daily_windows(recording)
        found["l5_onset_sd_h"] = _onset_spread(least, random)
        found["m10_onset_sd_h"] = _onset_spread(most, random)
    if "sigmoid_mesor" in wanted:
        found.update(sigmoid_intervals(recording, weight))
    if set(_PERIODS) & set(wanted):
        found.update(period_intervals(recording, weight))
    if set(_FLUCTUATION) & set(wanted):
        found.update(fluctuation_intervals(recording, random))
    return {metric: interval for metric, interval in found.items() if metric in wanted}


def _over_widths(recording: PreparedRecording, weight: Array) -> dict[str, Interval | None]:
    stability, variability = np.zeros(weight.shape[0]), np.zeros(weight.shape[0])
    for width in BIN_WIDTHS:
        one, other = stability_replicates(recording, weight, width)
        stability += one
        variability += other
    return {"ism": interval_of(stability / len(BIN_WIDTHS)), "ivm": interval_of(variability / len(BIN_WIDTHS))}


def _curves(recording: PreparedRecording, weight: Array, values: dict[str, float | None]) -> dict[str, Interval | None]:
    """Replicates of both cosinors from normal equations by day."""
    row_days = recording.row_days()
    first = int(row_days.min())
    total, number = minutes_by_day(recording, first, int(row_days.max()) - first + 1)
    place = np.unique(row_days) - first
    total, number = total[place], number[place]
    by_row = (recording.grid_values.reshape(-1, MINUTES_PER_DAY) ** 2).sum(axis=1)
    squares = weight @ np.bincount(np.searchsorted(place + first, row_days), weights=by_row, minlength=place.size)
    products = (_WAVES[:, :, None] * _WAVES[:, None, :]).reshape(MINUTES_PER_DAY, 25)
    gram = (weight @ (number @ products)).reshape(-1, 5, 5)
    right = weight @ (total @ _WAVES)
    n = gram[:, 0, 0]
    good = (n > 0) & (np.linalg.eigvalsh(gram / np.maximum(n, 1)[:, None, None])[:, 0] > 1e-6)
    if 2 * np.count_nonzero(good) < good.size:
        return {}
    gram, right, squares, n = gram[good], right[good], squares[good], n[good]
    single = np.linalg.solve(gram[:, :3, :3], right[:, :3, None])[:, :, 0]
    double = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    whole = squares - right[:, 0] ** 2 / n
    left = squares - (single * right[:, :3]).sum(axis=1)
    percent = np.where(whole > 0, 100 * (1 - left / np.where(whole > 0, whole, 1.0)), np.nan)
    trough = (np.arctan2(single[:, 2], single[:, 1]) * 24 / (2 * math.pi) + 12) % 24
    curve = double @ _WAVES.T
    top, bottom = curve.argmax(axis=1) / 60, curve.argmin(axis=1) / 60
    return {
        "bathyphase_h": _around(trough, values.get("bathyphase_h")),
        "percent_rhythm": interval_of(percent),
        "cosinor2_magnitude": interval_of((curve.max(axis=1) - curve.min(axis=1)) / 2),
        "cosinor2_orthophase_h": _around(top, values.get("cosinor2_orthophase_h")),
        "cosinor2_bathyphase_h": _around(bottom, values.get("cosinor2_bathyphase_h")),
    }


def _around(hours: Array, value: float | None) -> Interval | None:
    return None if value is None else circular_interval(hours, float(value))


def _transitions(recording: PreparedRecording, weight: Array) -> dict[str, Interval | None]:
    """Chances from pairs, and sustained chances from bouts, both counted by day."""
    days = np.unique(recording.row_days())
    day = np.searchsorted(days, recording.clock.local_day)
    active = (recording.epochs.values > ACTIVE_ABOVE) & recording.valid
    rest = recording.valid & ~active
    times = weight.astype(np.int64)
    found: dict[str, Interval | None] = {}
    for chance, sustained, begins, ends in (("p_ra", "k_ra", rest, active), ("p_ar", "k_ar", active, rest)):
        pairs = (begins[:-1] & recording.valid[1:]).astype(np.float64)
        turns = (begins[:-1] & ends[1:]).astype(np.float64)
        drawn = weight @ np.bincount(day[1:], weights=pairs, minlength=days.size)
        turned = weight @ np.bincount(day[1:], weights=turns, minlength=days.size)
        found[chance] = interval_of(np.divide(turned, drawn, out=np.full(drawn.size, np.nan), where=drawn > 0))
        start, stop = runs(begins)
        of_day, length = day[start], stop - start
        replicates = np.full(weight.shape[0], np.nan)
        for row in range(weight.shape[0]):
            value = sustained_probability(np.repeat(length, times[row][of_day]))
            if value is not None:
                replicates[row] = value
        found[sustained] = interval_of(replicates)
    return found


def _onset_spread(windows: DailyWindows, random: Generator) -> Interval | None:
    """Circular standard deviation of onsets, days drawn with replacement."""
    hours = np.array([window.onset_h for window in windows.windows])
    if hours.size < _LEAST:
        return None
    drawn = hours[random.integers(0, hours.size, size=(REPLICATES, hours.size))]
    length = np.abs(np.exp(2j * np.pi * drawn / 24).mean(axis=1))
    return interval_of(np.sqrt(np.maximum(-2 * np.log(np.clip(length, 1e-12, 1.0)), 0.0)) * 24 / (2 * math.pi))


def timing_intervals(nights: TimedNights, random: Generator, *, work_days: float = 5.0) -> dict[str, Interval | None]:
    """Intervals of social jetlag, MSFsc, free minus work nights, CPD and the spread of mid-sleep.

    Nights are drawn within work and within free nights, so that every replicate holds both. CPD depends on order:
    blocks of three successive nights are drawn, and only steps inside a block count.
    """
    size = len(nights)
    if size < _LEAST:
        return {}
    names = ("social_jetlag_h", "msfsc_h", "midpoint_sd_h", *_FREE_MINUS_WORK)
    replicates: dict[str, list[float]] = {name: [] for name in (*names, "cpd_h")}
    free, work = np.flatnonzero(nights.free), np.flatnonzero(~nights.free)
    first = random.integers(0, size - _LEAST + 1, size=(REPLICATES, -(-size // _LEAST)))
    for row in range(REPLICATES):
        groups = [random.choice(group, group.size) for group in (free, work) if group.size]
        found = timing_of(_drawn(nights, np.concatenate(groups), np.arange(size) * 2), work_days=work_days)
        for name in names:
            value = getattr(found, name)
            replicates[name].append(math.nan if value is None else value)
        places = (first[row][:, None] + np.arange(_LEAST)).ravel()
        # Blocks lie far apart, so that no step leads from one to the next.
        block = np.repeat(np.arange(first.shape[1]), _LEAST)
        days = nights.day[places] - nights.day[first[row]].repeat(_LEAST) + 1000 * block
        deviation = timing_of(_drawn(nights, places, days), work_days=work_days).cpd_h
        replicates["cpd_h"].append(math.nan if deviation is None else deviation)
    return {name: interval_of(np.array(values)) for name, values in replicates.items()}


def _drawn(nights: TimedNights, places: NDArray[np.int64], days: Sequence[int] | NDArray[np.int64]) -> TimedNights:
    return TimedNights(
        np.asarray(days, dtype=np.int64),
        nights.onset_h[places],
        nights.offset_h[places],
        nights.duration_h[places],
        nights.free[places],
    )
