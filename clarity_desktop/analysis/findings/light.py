"""Findings on measured light: time and timing above thresholds, regularity, and model phase (RH-54, RH-59…RH-61)."""

from __future__ import annotations

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.circadian.light import LIGHT_THRESHOLDS, light_days, light_rhythm
from clarity_desktop.circadian.phase_estimate import estimate_phase
from clarity_desktop.circadian.phase_models import MODELS
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.time import DAY_S

__all__ = ["light_findings"]

_SLEEVE = "Sleeves cover wrist sensors: darkness while active may be cloth."


def light_findings(light: Epochs, maker: FindingMaker) -> tuple[Finding, ...]:
    """Minutes and mean clock time of light above 10, 100, 500 and 1000 lx, IS and IV of log10(lux + 1), model phase.

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
    return (*found, *_phase(light, maker))


def _phase(light: Epochs, maker: FindingMaker) -> tuple[Finding, ...]:
    """Temperature minimum by each light-driven model: a model estimate, never a measurement (RH-59…RH-61)."""
    found: list[Finding] = []
    for model in MODELS:
        estimate = estimate_phase(light, model)
        metric = f"{model.id}_cbtmin_h"
        if estimate is None:
            reason = "Needs whole days of light without a gap of more than 2 hours."
            found.append(maker.make(metric, None, 0, reason=reason))
            continue
        parameters = {
            "kind": "model estimate",
            "warm_up": estimate.warm_up,
            "light_from": str(estimate.span.start),
            "light_to": str(estimate.span.stop),
        }
        details = (("interpolated_min", estimate.interpolated_min), ("minima", float(estimate.cbtmin.size)))
        days = estimate.span.length_s // DAY_S
        found.append(maker.make(metric, estimate.cbtmin_h, days, details=details, parameters=parameters))
    return tuple(found)
