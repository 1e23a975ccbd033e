"""Findings on measured light: time and timing above thresholds, and its regularity (RH-54)."""

from __future__ import annotations

from clarity_desktop.analysis.findings.maker import FindingMaker
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
    found: list[Finding] = []
    for threshold in LIGHT_THRESHOLDS:
        days = light_days(light, threshold)
        number = int(days.day.size)
        found.append(maker.make(f"tat_{threshold}", days.tat_min, number, parameters=parameters))
        dark = f"No minute was brighter than {threshold} lx." if number and days.mlit_h is None else None
        found.append(maker.make(f"mlit_{threshold}_h", days.mlit_h, number, reason=dark, parameters=parameters))
    valid_days = maker.coverage.valid_days
    rhythm = light_rhythm(light) if light.step_s == 60 and light.valid.any() else None
    found.append(
        maker.make("light_is", None if rhythm is None else rhythm.stability, valid_days, parameters=parameters)
    )
    found.append(
        maker.make("light_iv", None if rhythm is None else rhythm.variability, valid_days, parameters=parameters)
    )
    return tuple(found)
