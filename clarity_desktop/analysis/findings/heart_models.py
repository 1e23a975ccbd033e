"""Findings that a model of heart rate or of sleep pressure makes: estimates, never measurements (RH-57, RH-62)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import REPLICATES, circular_interval, median_interval, seed_of
from clarity_desktop.analysis.panels.heart_signal import HeartSignal
from clarity_desktop.circadian.heart_clock import HeartClock, daily_clocks
from clarity_desktop.circadian.two_process import LABEL, TwoProcess
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.sleep import Night

__all__ = ["clock_finding", "mean_clock", "pressure_findings"]

_ESTIMATE: Final = "model estimate"
_BLOCK_DAYS: Final = 2


def mean_clock(clocks: Sequence[HeartClock]) -> float | None:
    """Circular mean of the days' phases, clock hour 0…24; ``None`` without any."""
    hours = np.array([clock.lowest_h for clock in clocks])
    if not hours.size:
        return None
    return float(np.angle(np.exp(2j * np.pi * hours / 24).sum())) * 24 / (2 * np.pi) % 24 % 24


def clock_finding(signal: HeartSignal | None, maker: FindingMaker) -> Finding:
    """When heart rate is lowest by its own rhythm, over windows of two days.

    Parameters
    ----------
    signal:
        Heart rate with steps, ``None`` where no heart rate was recorded.
    maker:
        What the findings of the window share.
    """
    if signal is None:
        return maker.make("hr_clock_h", None, 0, reason="The window holds no heart rate.")
    clocks = daily_clocks(signal.bins)
    value = mean_clock(clocks)
    interval = None
    if value is not None and len(clocks) >= 3:
        # Neighbouring windows share a day, so days are drawn in blocks of two.
        hours = np.array([clock.lowest_h for clock in clocks])
        random = seed_of(maker.input_hash, "heart clock")
        blocks = -(-hours.size // _BLOCK_DAYS)
        first = random.integers(0, hours.size - _BLOCK_DAYS + 1, size=(REPLICATES, blocks))
        drawn = hours[(first[:, :, None] + np.arange(_BLOCK_DAYS)).reshape(REPLICATES, -1)]
        means = np.angle(np.exp(2j * np.pi * drawn / 24).sum(axis=1)) * 24 / (2 * np.pi) % 24
        interval = circular_interval(means, value)
    details: tuple[tuple[str, float], ...] = ()
    if clocks:
        details = (
            ("half_width_of_a_day_h", float(np.median([clock.half_width_h for clock in clocks]))),
            ("amplitude", float(np.median([clock.amplitude for clock in clocks]))),
            ("autocorrelation", float(np.median([clock.autocorrelation for clock in clocks]))),
        )
    parameters = {
        "kind": _ESTIMATE,
        "fit": "generalized least squares, first-order autoregression, windows of 2 days stepping 1 day",
        "statistic": "circular mean",
        "bootstrap": "blocks of 2 successive days",
        "replicates": str(REPLICATES),
        "steps": "in the model" if signal.bins.steps is not None else "none recorded",
    }
    return maker.make("hr_clock_h", value, len(clocks), interval=interval, details=details, parameters=parameters)


def pressure_findings(curve: TwoProcess, nights: Sequence[Night], maker: FindingMaker) -> tuple[Finding, ...]:
    """Median sleep pressure at first sleep and at final waking of the main sleeps.

    Parameters
    ----------
    curve:
        From :func:`clarity_desktop.circadian.two_process.two_process`.
    nights:
        Main sleeps.
    maker:
        What the findings of the window share.
    """
    found = []
    for metric, name in (("pressure_onset", "onset"), ("pressure_wake", "offset")):
        at = np.array([getattr(night, name) for night in nights], dtype=np.int64)
        values = curve.at(at)
        values = values[np.isfinite(values)]
        found.append(
            maker.make(
                metric,
                float(np.median(values)) if values.size else None,
                int(values.size),
                interval=median_interval(values, seed_of(maker.input_hash, metric)) if values.size else None,
                reason=None if nights else "Needs nights to know when the person slept.",
                parameters={"kind": LABEL, "statistic": "median", "bootstrap": "nights", "replicates": str(REPLICATES)},
            )
        )
    return tuple(found)
