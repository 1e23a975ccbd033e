"""Findings on the rest–activity rhythm of one window, with their intervals."""

from __future__ import annotations

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import (
    REPLICATES,
    cosinor_intervals,
    profile_intervals,
    seed_of,
    stability_intervals,
)
from clarity_desktop.circadian.cosinor import cosinor
from clarity_desktop.circadian.nonparametric import (
    interdaily_stability,
    intradaily_variability,
    least_active,
    most_active,
    relative_amplitude,
)
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Finding

__all__ = ["RHYTHM_METRICS", "rhythm_findings"]

RHYTHM_METRICS = (
    "is",
    "iv",
    "ra",
    "l5",
    "l5_onset_h",
    "m10",
    "m10_onset_h",
    "mesor",
    "amplitude",
    "acrophase_h",
)
_DAYS = "whole local days"
_STEPS = "steps between successive hours, with the later hour's day"


def rhythm_findings(recording: PreparedRecording | None, maker: FindingMaker) -> tuple[Finding, ...]:
    """Stability, variability, least and most active hours and the cosinor, of worn one-minute epochs.

    Below the least number of valid days nothing is computed, and the findings say so. ``recording`` is ``None`` when
    the epochs are not one minute long.
    """
    valid_days = maker.coverage.valid_days
    least = min(METRICS[metric].minimum for metric in RHYTHM_METRICS)
    if valid_days < least or recording is None:
        reason = None if valid_days < least else "Rhythm metrics are made from one-minute epochs."
        return tuple(maker.make(metric, None, valid_days, reason=reason) for metric in RHYTHM_METRICS)
    bootstrap = {"bootstrap": _DAYS, "replicates": str(REPLICATES)}
    by_step = {"bootstrap": _STEPS, "replicates": str(REPLICATES)}
    stability, variability = stability_intervals(recording, seed_of(maker.input_hash, "stability"))
    l5, m10 = least_active(recording), most_active(recording)
    profile = {}
    if l5 is not None and m10 is not None:
        profile = profile_intervals(
            recording, seed_of(maker.input_hash, "profile"), l5_onset_h=l5.onset_h, m10_onset_h=m10.onset_h
        )
    fit = cosinor(recording)
    waves = {}
    if fit is not None:
        waves = cosinor_intervals(recording, seed_of(maker.input_hash, "cosinor"), acrophase_h=fit.acrophase_h)
    found: dict[str, tuple[float | None, tuple[float, float] | None]] = {
        "is": (interdaily_stability(recording), stability),
        "iv": (intradaily_variability(recording), variability),
        "ra": (relative_amplitude(l5, m10), profile.get("ra")),
        "l5": (l5.mean if l5 else None, profile.get("l5")),
        "l5_onset_h": (l5.onset_h if l5 else None, profile.get("l5_onset_h")),
        "m10": (m10.mean if m10 else None, profile.get("m10")),
        "m10_onset_h": (m10.onset_h if m10 else None, profile.get("m10_onset_h")),
        "mesor": (fit.mesor if fit else None, waves.get("mesor")),
        "amplitude": (fit.amplitude if fit else None, waves.get("amplitude")),
        "acrophase_h": (fit.acrophase_h if fit else None, waves.get("acrophase_h")),
    }
    return tuple(
        maker.make(metric, value, valid_days, interval=interval, parameters=by_step if metric == "iv" else bootstrap)
        for metric, (value, interval) in found.items()
    )
