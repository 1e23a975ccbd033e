"""Findings on circadian phase by light-driven models: estimates, never measurements (RH-59…RH-61)."""

from __future__ import annotations

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.circadian.phase_estimate import estimate_phase
from clarity_desktop.circadian.phase_models import MODELS
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.time import DAY_S

__all__ = ["phase_findings"]


def phase_findings(light: Epochs | None, maker: FindingMaker) -> tuple[Finding, ...]:
    """Clock hour of the temperature minimum by each model, from light that a worn device measured.

    Parameters
    ----------
    light:
        Lux with wear, ``None`` where no light was measured.
    maker:
        What the findings of the window share.
    """
    found: list[Finding] = []
    for model in MODELS:
        metric = f"{model.id}_cbtmin_h"
        estimate = None if light is None else estimate_phase(light, model)
        if estimate is None:
            reason = "Needs whole days of light without a gap of more than 2 hours."
            if light is None:
                reason = "The window holds no measured light."
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
