"""Findings on measured light: time and timing above thresholds, and its regularity (RH-54)."""

from __future__ import annotations

import numpy as np

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import REPLICATES, mean_interval, seed_of, stability_intervals
from clarity_desktop.circadian.light import LIGHT_THRESHOLDS, light_days, light_rhythm
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Finding

__all__ = ["light_findings"]

_SLEEVE = "Sleeves cover wrist sensors: darkness while active may be cloth."


def light_findings(light: Epochs, maker: FindingMaker) -> tuple[Finding, ...]:
    """Minutes and mean clock time of light above 10, 100, 500 and 1000 lx, IS and IV of log10(lux + 1).

    Parameters
    ----------
    light:
        Lux on the grid of the activity signal, with its wear: a sensor in a drawer measures the drawer.
    maker:
        What the findings of the panel share.
    """
    parameters = {"remark": _SLEEVE}
    drawn = {**parameters, "bootstrap": "days with at least 16 h of light data", "replicates": str(REPLICATES)}
    found: list[Finding] = []
    for threshold in LIGHT_THRESHOLDS:
        days = light_days(light, threshold)
        number = int(days.day.size)
        random = seed_of(maker.input_hash, f"light {threshold}")
        above = mean_interval(days.minutes_above, random)
        found.append(
            maker.make(
                f"tat_{threshold}", days.tat_min, number, interval=above, parameters=drawn if above else parameters
            )
        )
        dark = f"No minute was brighter than {threshold} lx." if number and days.mlit_h is None else None
        when = mean_interval(days.mean_time_h[np.isfinite(days.mean_time_h)], random)
        found.append(
            maker.make(
                f"mlit_{threshold}_h",
                days.mlit_h,
                number,
                interval=when,
                reason=dark,
                parameters=drawn if when else parameters,
            )
        )
    valid_days = maker.coverage.valid_days
    rhythm = light_rhythm(light) if light.step_s == 60 and light.valid.any() else None
    stability = variability = None
    if rhythm is not None:
        stability, variability = stability_intervals(rhythm.recording, seed_of(maker.input_hash, "light rhythm"))
    for metric, value, interval, words in (
        ("light_is", None if rhythm is None else rhythm.stability, stability, "whole local days"),
        (
            "light_iv",
            None if rhythm is None else rhythm.variability,
            variability,
            "steps between successive hours, with the later hour's day",
        ),
    ):
        told = parameters if interval is None else {**drawn, "bootstrap": words}
        found.append(maker.make(metric, value, valid_days, interval=interval, parameters=told))
    return tuple(found)
