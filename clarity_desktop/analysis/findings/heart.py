"""Findings on heart rate of one window: the night's rest, lowest point and dip, and the daily rhythm (RH-55, RH-56)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import (
    REPLICATES,
    circular_interval,
    circular_mean_interval,
    interval_of,
    median_interval,
    seed_of,
)
from clarity_desktop.analysis.panels.heart_signal import HeartSignal
from clarity_desktop.circadian.heart_rhythm import HeartBins, HeartCosinor, cosinor_of_sums, day_sums, heart_cosinor
from clarity_desktop.domain.findings import METRICS, Finding
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import DAY_S, ZoneTimeline
from clarity_desktop.sleep.heart_rate import NightHeartRate, heart_rate_dip, night_heart_rate

__all__ = ["dip_of_night", "heart_findings", "heart_rate_of_nights"]

LONGEST_DAY_S: Final = 18 * 3600
"""The waking hours before a night reach back this far at most, and never into the night before."""
LEAST_MINUTES: Final = 12
"""Least minutes with a heart rate awake at rest, and asleep, for the dip of one night: about an hour of a watch."""

_NO_RATE: Final = "The window holds no heart rate."
_NO_NIGHTS: Final = "Needs recorded nights to find the heart at rest."
_NIGHTLY: Final = ("resting_hr", "hr_nadir", "hr_nadir_h", "hr_dip_pct")
_PLAIN: Final = ("hr_mesor", "hr_amplitude", "hr_acrophase_h")
_ADJUSTED: Final = ("hr_adjusted_amplitude", "hr_adjusted_acrophase_h")


def heart_rate_of_nights(nights: Sequence[Night], rate: Samples) -> tuple[tuple[Night, NightHeartRate], ...]:
    """Heart rate in the main sleep of each night that has at least an hour of it."""
    found = ((night, night_heart_rate(rate.start, rate.value, night.onset, night.offset)) for night in nights)
    return tuple((night, value) for night, value in found if value is not None)


def dip_of_night(night: Night, before: Night | None, signal: HeartSignal) -> float | None:
    """Dip of heart rate from the waking hours before a night to its sleep, per cent; ``None`` without enough of both.

    Awake at rest are minutes after the last waking with no step in the five minutes around them. Awakenings inside the
    sleep period belong to neither side.

    Parameters
    ----------
    night, before:
        The night and the one before it, ``None`` for the first.
    signal:
        With steps; without them nobody knows when the person was at rest.
    """
    if signal.walked is None:
        return None
    begin = night.onset - LONGEST_DAY_S
    if before is not None:
        begin = max(begin, before.offset)
    first, last = np.searchsorted(signal.minute, (begin, night.offset))
    at, rate = signal.minute[first:last], signal.rate[first:last].copy()
    asleep = np.zeros(at.size, np.bool_)
    for segment in night.segments:
        if segment.stage.is_sleep:
            asleep[np.searchsorted(at, segment.start) : np.searchsorted(at, segment.stop)] = True
    if not night.segments:
        asleep = at >= night.onset
    rate[(at >= night.onset) & ~asleep] = np.nan
    return heart_rate_dip(at, rate, signal.walked, asleep, least=LEAST_MINUTES)


def heart_findings(
    nights: Sequence[Night],
    rate: Samples | None,
    signal: HeartSignal | None,
    zone: ZoneTimeline,
    maker: FindingMaker,
) -> tuple[Finding, ...]:
    """All findings on heart rate.

    Parameters
    ----------
    nights:
        Main sleeps in order of date.
    rate:
        Heart rate of one source in beats a minute.
    signal:
        The same on its grids, with steps.
    zone:
        Clock of the person.
    maker:
        What the findings of the panel share.
    """
    if rate is None or not len(rate) or signal is None:
        return tuple(maker.make(metric, None, 0, reason=_NO_RATE) for metric in (*_NIGHTLY, *_PLAIN, *_ADJUSTED))
    return (*_nightly(nights, rate, signal, zone, maker), *_rhythm(signal.bins, maker))


def _nightly(
    nights: Sequence[Night], rate: Samples, signal: HeartSignal, zone: ZoneTimeline, maker: FindingMaker
) -> tuple[Finding, ...]:
    if not nights:
        return tuple(maker.make(metric, None, 0, reason=_NO_NIGHTS) for metric in _NIGHTLY)
    found = heart_rate_of_nights(nights, rate)
    resting = np.array([value.resting for _, value in found])
    nadir = np.array([value.nadir for _, value in found])
    at = np.array([value.nadir_at for _, value in found], dtype=np.int64)
    bootstrap = {"bootstrap": "nights", "replicates": str(REPLICATES)}
    statistic = "median of 5th percentiles of 5-minute means"
    hours = np.asarray(zone.local_seconds(at) % DAY_S / 3600, dtype=np.float64)
    dips = [dip_of_night(night, before, signal) for before, night in zip((None, *nights), nights, strict=False)]
    kept = np.array([dip for dip in dips if dip is not None])
    no_steps = "Steps are needed to tell when the person was at rest." if signal.walked is None else None
    hour = interval = None
    if hours.size:
        hour = float(np.angle(np.exp(2j * np.pi * hours / 24).sum())) * 24 / (2 * np.pi) % 24 % 24
        interval = circular_mean_interval(hours, seed_of(maker.input_hash, "nadir hour"), hour)
    return (
        _median("resting_hr", resting, maker, {"statistic": statistic, **bootstrap}, "resting"),
        _median("hr_nadir", nadir, maker, {"statistic": "median of least 30-minute means", **bootstrap}, "nadir"),
        maker.make(
            "hr_nadir_h",
            hour,
            hours.size,
            interval=interval,
            parameters={"statistic": "circular mean", **bootstrap},
        ),
        _median(
            "hr_dip_pct",
            kept,
            maker,
            {"at_rest": "no step within 5 minutes", "statistic": "median", **bootstrap},
            "dip",
            no_steps,
        ),
    )


def _median(
    metric: str,
    values: NDArray[np.float64],
    maker: FindingMaker,
    parameters: dict[str, str],
    family: str,
    reason: str | None = None,
) -> Finding:
    return maker.make(
        metric,
        float(np.median(values)) if values.size else None,
        int(values.size),
        interval=median_interval(values, seed_of(maker.input_hash, family)) if values.size else None,
        reason=reason,
        parameters=parameters,
    )


def _rhythm(bins: HeartBins, maker: FindingMaker) -> tuple[Finding, ...]:
    days = int(bins.days.size)
    plain = heart_cosinor(bins)
    adjusted = heart_cosinor(bins, adjusted=True)
    no_steps = None
    if bins.steps is None:
        no_steps = "Steps are needed to adjust the rhythm for activity."
    elif adjusted is None:
        no_steps = "The steps do not vary, so nothing can be adjusted for."
    slope = () if adjusted is None or adjusted.per_step is None else (("per_step", adjusted.per_step),)
    return (
        *_cosine(_PLAIN, plain, bins, days, maker),
        *_cosine(_ADJUSTED, adjusted, bins, days, maker, reason=no_steps, details=slope),
    )


def _cosine(
    metrics: Sequence[str],
    fit: HeartCosinor | None,
    bins: HeartBins,
    days: int,
    maker: FindingMaker,
    *,
    reason: str | None = None,
    details: tuple[tuple[str, float], ...] = (),
) -> tuple[Finding, ...]:
    adjusted = metrics is _ADJUSTED
    least = METRICS[metrics[0]].minimum
    if fit is None or reason is not None or days < least:
        return tuple(maker.make(metric, None, days, reason=None if days < least else reason) for metric in metrics)
    intervals = _intervals(bins, fit, maker, adjusted=adjusted)
    values = {"mesor": fit.mesor, "amplitude": fit.amplitude, "acrophase_h": fit.acrophase_h}
    parameters = {
        "bootstrap": "whole local days",
        "replicates": str(REPLICATES),
        "bins": "5-minute means",
        "adjusted_for": "steps of the same 5 minutes" if adjusted else "nothing",
    }
    found = []
    for metric in metrics:
        name = metric.removeprefix("hr_").removeprefix("adjusted_")
        found.append(
            maker.make(metric, values[name], days, interval=intervals.get(name), details=details, parameters=parameters)
        )
    return tuple(found)


def _intervals(
    bins: HeartBins, fit: HeartCosinor, maker: FindingMaker, *, adjusted: bool
) -> dict[str, tuple[float, float] | None]:
    """Percentile intervals from whole local days drawn with replacement."""
    sums = day_sums(bins, adjusted=adjusted)
    if sums is None or sums.day.size < 3:
        return {}
    random = seed_of(maker.input_hash, "heart, adjusted" if adjusted else "heart")
    size = sums.day.size
    weight = random.multinomial(size, np.full(size, 1 / size), size=REPLICATES).astype(np.float64)
    drawn = cosinor_of_sums(np.tensordot(weight, sums.gram, axes=1), weight @ sums.right)
    return {
        "mesor": interval_of(drawn[:, 0]),
        "amplitude": interval_of(drawn[:, 1]),
        "acrophase_h": circular_interval(drawn[:, 2], fit.acrophase_h),
    }
