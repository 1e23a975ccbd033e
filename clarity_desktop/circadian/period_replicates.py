"""Both periodograms of replicates in which whole local days are drawn and stay at their places in time.

A day that is drawn twice weighs twice, one that is not drawn weighs nothing. Days are never put behind one another,
which would force a period of 24 h on any record.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.periodogram import CHI_BIN_MIN, chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording

__all__ = ["chi_square_replicates", "lomb_scargle_replicates"]

Floats = NDArray[np.float64]


def _moments(
    start: NDArray[np.int64], y: Floats, day: NDArray[np.int64], days: int, periods_h: Floats
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.complex128]]:
    """Sums of y·e^(iωt), e^(iωt) and e^(2iωt) by local day and period, each of shape (D, F)."""
    hours = (start - start[0]) / 3600
    rate = 2 * np.pi / periods_h
    of_y, of_one, of_two = (np.zeros((days, rate.size), np.complex128) for _ in range(3))
    edges = np.concatenate(([0], np.flatnonzero(np.diff(day)) + 1, [day.size]))
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        turn = np.exp(1j * np.outer(hours[first:stop], rate))
        place = int(day[first])
        of_y[place] += y[first:stop] @ turn
        of_one[place] += turn.sum(axis=0)
        of_two[place] += (turn * turn).sum(axis=0)
    return of_y, of_one, of_two


def lomb_scargle_replicates(recording: PreparedRecording, weight: Floats) -> tuple[Floats, Floats] | None:
    """Period in hours and share of variance of each replicate, shape (replicates,); ``None`` where there is no peak.

    Parameters
    ----------
    weight:
        How often each local day that the recording touches is drawn, shape (replicates, D).
    """
    found = lomb_scargle(recording)
    if found is None:
        return None
    value, start = recording.in_order(60)
    valid = np.isfinite(value)
    start, y = start[valid], value[valid] - recording.mean
    days = np.unique(recording.row_days())
    day = np.searchsorted(days, recording.epochs.zone.local_days(start))
    of_y, of_one, of_two = _moments(start, y, day, days.size, found.periods_h)
    size = days.size
    n = np.maximum(weight @ np.bincount(day, minlength=size), 1)[:, None]
    mean = (weight @ np.bincount(day, weights=y, minlength=size))[:, None] / n
    square = (weight @ np.bincount(day, weights=y * y, minlength=size))[:, None] / n - mean * mean
    drawn_y, drawn_one, drawn_two = ((weight @ part) / n for part in (of_y, of_one, of_two))
    c, s = drawn_one.real, drawn_one.imag
    yc, ys = drawn_y.real - mean * c, drawn_y.imag - mean * s
    cc, ss = 0.5 * (1 + drawn_two.real) - c * c, 0.5 * (1 - drawn_two.real) - s * s
    cs = 0.5 * drawn_two.imag - c * s
    power = (ss * yc * yc + cc * ys * ys - 2 * cs * yc * ys) / (np.maximum(square, 1e-300) * (cc * ss - cs * cs))
    peak = power.argmax(axis=1)
    height = np.take_along_axis(power, peak[:, None], axis=1)[:, 0]
    flat = square[:, 0] <= 0
    return np.where(flat, np.nan, found.periods_h[peak]), np.where(flat, np.nan, height)


def chi_square_replicates(recording: PreparedRecording, weight: Floats) -> Floats | None:
    """Period in hours with the greatest Q over its threshold of each replicate, shape (replicates,)."""
    found = chi_square_periodogram(recording)
    if found is None:
        return None
    value = recording.elapsed_blocks(CHI_BIN_MIN)
    valid = np.isfinite(value)
    x = np.where(valid, value - recording.mean, 0.0)
    days = np.unique(recording.row_days())
    start = recording.epochs.start + 60 * CHI_BIN_MIN * np.arange(value.size, dtype=np.int64)
    day = np.searchsorted(days, recording.epochs.zone.local_days(start))
    single = weight.astype(np.float32)
    ratio = np.empty((weight.shape[0], found.periods_h.size))
    for index, period_h in enumerate(found.periods_h.tolist()):
        period = round(period_h * 60 / CHI_BIN_MIN)
        stop = value.size // period * period
        cell = day[:stop] * period + np.arange(stop) % period
        shape = (days.size, period)
        size = days.size * period
        total = single @ np.bincount(cell, x[:stop], size).astype(np.float32).reshape(shape)
        held = single @ np.bincount(cell, valid[:stop], size).astype(np.float32).reshape(shape)
        squares = weight @ np.bincount(day[:stop], x[:stop] ** 2, days.size)
        n = np.maximum(held.sum(axis=1, dtype=np.float64), 1)
        mean = total.sum(axis=1, dtype=np.float64) / n
        spread = squares - n * mean * mean
        away = total / np.maximum(held, 1) - mean[:, None]
        ratio[:, index] = n * (held * away * away).sum(axis=1) / np.maximum(spread, 1e-300) / found.thresholds[index]
    return np.asarray(found.periods_h[ratio.argmax(axis=1)])
