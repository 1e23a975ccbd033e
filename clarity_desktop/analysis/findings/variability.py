"""Findings on the variability of the heart, from lists of beats (RH-58)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from clarity_desktop.analysis.beats import BeatRecord
from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import REPLICATES, median_interval, seed_of
from clarity_desktop.circadian.hrv import (
    LEAST_USABLE,
    SpectralMethod,
    TimeDomain,
    beat_intervals,
    frequency_domain,
    spectral_windows,
)
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.sleep import Night

__all__ = ["variability_findings"]

_TIME: Final = ("hrv_rmssd_ms", "hrv_sdnn_ms", "hrv_pnn50_pct")
_FREQUENCY: Final = ("hrv_lf_ms2", "hrv_hf_ms2")
_NO_BEATS: Final = "The window holds no times of single beats."
_TOO_SHORT: Final = (
    "Needs 5 minutes of beats on end with 80 % of them usable. The lists that a watch keeps last about a minute."
)


def _asleep(record: BeatRecord, nights: Sequence[Night]) -> bool:
    return any(night.onset <= record.start < night.offset for night in nights)


def variability_findings(
    records: Sequence[BeatRecord], nights: Sequence[Night], maker: FindingMaker
) -> tuple[Finding, ...]:
    """Medians over lists (time domain) and over windows of five minutes (frequency domain).

    Parameters
    ----------
    records:
        Lists of beats of one window of time.
    nights:
        Main sleeps; medians asleep and awake are given apart, as rest decides much of what is measured.
    maker:
        What the findings of the window share.
    """
    if not records:
        return tuple(maker.make(metric, None, 0, reason=_NO_BEATS) for metric in (*_TIME, *_FREQUENCY))
    measured = [(record, found) for record in records if (found := record.time_domain) is not None]
    sleeping = np.array([_asleep(record, nights) for record, _ in measured], dtype=np.bool_)
    parameters = {
        "artefact_rule": "interval 0.3–2 s and within 20 % of the local median; neighbours within 25 %",
        "least_usable_share": str(LEAST_USABLE),
        "statistic": "median over lists",
        "bootstrap": "lists",
        "replicates": str(REPLICATES),
        "lists_left_out": str(len(records) - len(measured)),
    }
    return (
        *(_over_lists(metric, [found for _, found in measured], sleeping, maker, parameters) for metric in _TIME),
        *_spectral(records, maker),
    )


def _over_lists(
    metric: str,
    found: Sequence[TimeDomain],
    sleeping: np.ndarray[tuple[int], np.dtype[np.bool_]],
    maker: FindingMaker,
    parameters: dict[str, str],
) -> Finding:
    name = metric.removeprefix("hrv_")
    values = np.array([getattr(one, name) for one in found], dtype=np.float64)
    details = tuple(
        (label, float(np.median(values[which])))
        for label, which in (("asleep", sleeping), ("awake", ~sleeping))
        if which.any()
    )
    return maker.make(
        metric,
        float(np.median(values)) if values.size else None,
        int(values.size),
        interval=median_interval(values, seed_of(maker.input_hash, metric)) if values.size else None,
        details=details,
        parameters=parameters,
    )


def _spectral(records: Sequence[BeatRecord], maker: FindingMaker) -> tuple[Finding, ...]:
    windows = [
        found
        for record in records
        for beats in spectral_windows(record.beats_s)
        if (found := frequency_domain(beat_intervals(beats))) is not None
    ]
    parameters = {"method": SpectralMethod.LOMB_SCARGLE.value, "statistic": "median over windows"}
    reason = None if windows else _TOO_SHORT
    result = []
    for metric, name in zip(_FREQUENCY, ("lf_ms2", "hf_ms2"), strict=True):
        values = np.array([getattr(one, name) for one in windows], dtype=np.float64)
        result.append(
            maker.make(
                metric,
                float(np.median(values)) if values.size else None,
                int(values.size),
                interval=median_interval(values, seed_of(maker.input_hash, metric)) if values.size else None,
                reason=reason,
                parameters=parameters,
            )
        )
    return tuple(result)
