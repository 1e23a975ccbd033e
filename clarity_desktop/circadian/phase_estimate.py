"""Phase of a recording as the light models estimate it, with warm-up and gaps stated (RH-61)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.phase_models import STEP_H, PhaseModel, settled_start, simulate
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.signals.presence import runs

__all__ = ["LONGEST_GAP_H", "WARM_UP_DAYS", "LightForModels", "PhaseEstimate", "estimate_phase", "light_for_models"]

LONGEST_GAP_H = 2.0
"""Missing light up to this long is interpolated; a longer gap ends the stretch that a model may use."""
WARM_UP_DAYS = 10
"""Days discarded when cycling the record does not settle the phase."""

_STEP_S = round(STEP_H * 3600)


@dataclass(frozen=True, slots=True)
class LightForModels:
    """The longest stretch of light without a gap over two hours, from a local midnight on."""

    span: Span
    lux: NDArray[np.float64]
    """One value a step of 0.1 h."""
    interpolated_min: float


@dataclass(frozen=True, slots=True)
class PhaseEstimate:
    """A model estimate, not a measurement of melatonin or temperature."""

    model: str
    cbtmin: NDArray[np.int64]
    """UTC seconds of each temperature minimum that counts, shape (K,)."""
    cbtmin_h: float
    """Circular mean of their clock hours, 0…24."""
    span: Span
    """Light that was used."""
    warm_up: str
    """How the start was chosen: ``cycled until the phase repeated`` or ``first 10 days discarded``."""
    interpolated_min: float


def light_for_models(light: Epochs) -> LightForModels | None:
    """Light in steps of 0.1 h for the models; ``None`` when no whole day lies between gaps of more than two hours.

    Missing light is not darkness: gaps of up to two hours are interpolated, and a longer one ends the stretch.
    """
    if not len(light) or DAY_S % light.step_s or _STEP_S % light.step_s:
        return None
    valid = light.valid
    gaps, ends = runs(~valid)
    long = (ends - gaps) * light.step_s > LONGEST_GAP_H * 3600
    edges = gaps == 0
    outer = edges | (ends == len(light))
    cuts = long | outer
    starts = np.concatenate(([0], ends[cuts]))
    stops = np.concatenate((gaps[cuts], [len(light)]))
    best: tuple[int, int] | None = None
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        begin = _next_midnight(light, start)
        if begin < stop and (best is None or stop - begin > best[1] - best[0]):
            best = (begin, stop)
    if best is None or (best[1] - best[0]) * light.step_s < DAY_S:
        return None
    begin, stop = best
    factor = _STEP_S // light.step_s
    stop = begin + (stop - begin) // factor * factor
    known = valid[begin:stop]
    places = np.arange(stop - begin)
    filled = np.interp(places, places[known], light.values[begin:stop][known].astype(np.float64))
    lux = filled.reshape(-1, factor).mean(axis=1)
    span = Span(light.start + begin * light.step_s, light.start + stop * light.step_s)
    return LightForModels(span, lux, float(np.count_nonzero(~known)) * light.step_s / 60)


def _next_midnight(light: Epochs, index: int) -> int:
    """Index of the first epoch at or after ``index`` that begins at a local midnight; the length when there is none."""
    at = light.start + index * light.step_s
    day = int(light.zone.local_days(np.array([at]))[0])
    midnight = light.zone.instant_of_local(day)
    if midnight < at:
        midnight = light.zone.instant_of_local(day + 1)
    return min(-(-(midnight - light.start) // light.step_s), len(light))


def estimate_phase(light: Epochs, model: PhaseModel) -> PhaseEstimate | None:
    """Clock time of the temperature minimum by a light-driven model; ``None`` when the light does not suffice.

    The record's first days are cycled until the phase repeats within 0.1 h; when it does not, ten days of warm-up are
    discarded.
    """
    prepared = light_for_models(light)
    if prepared is None:
        return None
    start, settled = settled_start(model, prepared.lux)
    minima = simulate(model, prepared.lux, start).cbtmin_h
    if not settled:
        minima = minima[minima >= 24 * WARM_UP_DAYS]
    if not minima.size:
        return None
    instants = prepared.span.start + np.rint(minima * 3600).astype(np.int64)
    angle = 2 * np.pi * (light.zone.local_seconds(instants) % DAY_S) / DAY_S
    mean = float(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())) * 24 / (2 * np.pi) % 24
    words = "cycled until the phase repeated" if settled else f"first {WARM_UP_DAYS} days discarded"
    return PhaseEstimate(model.id, instants, mean, prepared.span, words, prepared.interpolated_min)
