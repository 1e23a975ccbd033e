"""Models that estimate circadian phase from light: estimates, never measurements (RH-59…RH-61).

Forger, Jewett & Kronauer 1999, J Biol Rhythms 14:532; Hannay, Booth & Forger 2019, J Biol Rhythms 34:658 (single
population).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric

__all__ = [
    "DLMO_BEFORE_CBTMIN_H",
    "FORGER99",
    "HANNAY19",
    "MODELS",
    "STEP_H",
    "LightBlock",
    "PhaseModel",
    "PhaseTrack",
    "light_of_blocks",
    "settled_start",
    "simulate",
]


def _declare(name: str, title: str, reference: str, row: str) -> Metric:
    return METRICS.declare(Metric(name, title, "h", 2, "model", reference, row, minimum=7, clock_hour=True))


FORGER99_CBTMIN = _declare(
    "forger99_cbtmin_h", "Temperature minimum, model estimate (Forger 1999)", "Forger 1999", "RH-59"
)
HANNAY19_CBTMIN = _declare(
    "hannay19_cbtmin_h", "Temperature minimum, model estimate (Hannay 2019)", "Hannay 2019", "RH-60"
)

STEP_H = 0.1
"""Integration step in hours; light is held over it."""
DLMO_BEFORE_CBTMIN_H = 7.0
"""Dim-light melatonin onset is taken as this long before the temperature minimum."""

State = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LightBlock:
    """Days with the same light: on from ``on_h`` to ``off_h`` (wrapping midnight when on > off), lux on and off."""

    days: int
    on_h: float
    off_h: float
    lux_on: float
    lux_off: float


@dataclass(frozen=True, slots=True)
class PhaseModel:
    """A limit-cycle oscillator driven by light."""

    id: str
    start: State
    """State at 00:00 from which the reference values start."""
    alpha: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Light in lux → rate constant of the photoreceptor process."""
    derivative: Callable[[float, float, float, float], State]
    """Time derivative per hour at (two oscillator variables, n) with the light's α."""
    minima: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    """Hours of the temperature minima from times (K,) and states (K, 3)."""


@dataclass(frozen=True, slots=True)
class PhaseTrack:
    """What a model made of the light."""

    model: str
    cbtmin_h: NDArray[np.float64]
    """Temperature minima in hours from the start of the light record."""
    end: State

    @property
    def dlmo_h(self) -> NDArray[np.float64]:
        """Dim-light melatonin onsets in hours from the start, by the fixed distance to the minimum."""
        return np.asarray(self.cbtmin_h - DLMO_BEFORE_CBTMIN_H)


def _forger_alpha(lux: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.05 * np.sqrt(np.maximum(lux, 0.0) / 9500.0))


_TAU_TERM = (24 / (0.99669 * 24.2)) ** 2


def _forger(x: float, xc: float, n: float, alpha: float) -> State:
    drive = 33.75 * (1 - n) * alpha * (1 - 0.4 * x) * (1 - 0.4 * xc)
    return (
        math.pi / 12 * (xc + drive),
        math.pi / 12 * (0.23 * (xc - 4 * xc * xc * xc / 3) - x * (_TAU_TERM + 0.55 * drive)),
        60 * (alpha * (1 - n) - 0.0075 * n),
    )


def _forger_minima(times: NDArray[np.float64], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minima of x, by the parabola through three steps.

    Light going on or off kinks x and can leave a second, shallower dip: of two minima within half a day the deeper one
    counts.
    """
    x = states[:, 0]
    dips = (np.flatnonzero((x[1:-1] < x[:-2]) & (x[1:-1] <= x[2:])) + 1).tolist()
    deepest: list[int] = []
    for dip in dips:
        if deepest and times[dip] - times[deepest[-1]] < 12:
            if x[dip] < x[deepest[-1]]:
                deepest[-1] = dip
        else:
            deepest.append(dip)
    at = np.array(deepest, dtype=np.int64)
    before, here, after = x[at - 1], x[at], x[at + 1]
    shift = 0.5 * (before - after) / (before - 2 * here + after)
    return np.asarray(times[at] + shift * (times[1] - times[0]))


_K, _BETA1 = 0.06358, -0.09318
_A1, _A2, _BL1, _BL2 = 0.3855, 0.1977, -0.0026, -0.957756
_COS1, _SIN1 = _K / 2 * math.cos(_BETA1), _K / 2 * math.sin(_BETA1)
_RATE = 2 * math.pi / 23.84


def _hannay_alpha(lux: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.maximum(lux, 0.0) ** 1.5
    return np.asarray(0.05 * power / (power + 9325.0))


def _hannay(r: float, psi: float, n: float, alpha: float) -> State:
    drive = 33.75 * (1 - n) * alpha
    first, second = psi + _BL1, 2 * psi + _BL2
    r2 = r * r
    r4 = r2 * r2
    r8 = r4 * r4
    dr = -0.024 * r + _COS1 * r * (1 - r4)
    dpsi = _RATE + _SIN1 * (1 + r4)
    if drive:
        dr += drive * (_A1 / 2 * (1 - r4) * math.cos(first) + _A2 / 2 * r * (1 - r8) * math.cos(second))
        dpsi += drive * (
            0.0400692 - _A1 / 2 * (r2 * r + 1 / r) * math.sin(first) - _A2 / 2 * (1 + r8) * math.sin(second)
        )
    return dr, dpsi, 60 * (alpha * (1 - n) - 0.0075 * n)


def _hannay_minima(times: NDArray[np.float64], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times at which ψ passes π (mod 2π), by linear interpolation."""
    turns = (states[:, 1] - math.pi) / (2 * math.pi)
    whole = np.floor(turns)
    at = np.flatnonzero(whole[1:] > whole[:-1])
    share = (whole[at + 1] - turns[at]) / (turns[at + 1] - turns[at])
    return np.asarray(times[at] + share * (times[at + 1] - times[at]))


FORGER99 = PhaseModel("forger99", (-0.0843259, -1.09607546, 0.45584306), _forger_alpha, _forger, _forger_minima)
HANNAY19 = PhaseModel("hannay19", (0.82041911, 1.71383697, 0.52318122), _hannay_alpha, _hannay, _hannay_minima)
MODELS = (FORGER99, HANNAY19)


def light_of_blocks(blocks: Sequence[LightBlock]) -> NDArray[np.float64]:
    """Lux of a light protocol, one value a step of 0.1 h, from 00:00 of the first day."""
    steps = round(24 / STEP_H)
    clock = np.arange(steps) * STEP_H
    days: list[NDArray[np.float64]] = []
    for block in blocks:
        # Half a step's thousandth keeps an edge that lies on a step from falling to its neighbour by rounding.
        hour = clock + 1e-9
        if block.on_h <= block.off_h:
            on = (hour >= block.on_h) & (hour < block.off_h)
        else:
            on = (hour >= block.on_h) | (hour < block.off_h)
        days.extend([np.where(on, block.lux_on, block.lux_off)] * block.days)
    return np.concatenate(days) if days else np.empty(0)


def simulate(model: PhaseModel, lux: NDArray[np.float64], start: State | None = None) -> PhaseTrack:
    """Run a model over light with RK4 of fixed step.

    Parameters
    ----------
    model:
        :data:`FORGER99` or :data:`HANNAY19`.
    lux:
        Light at each step of 0.1 h, shape (K,); held over the step. No NaN: fill or cut gaps first
        (:func:`clarity_desktop.circadian.phase_estimate.light_for_models`).
    start:
        State at the first step; the reference state by default.

    Raises
    ------
    ValueError
        When the light has gaps.
    """
    if not np.isfinite(lux).all():
        raise ValueError("a phase model needs light without gaps")
    alphas = model.alpha(np.asarray(lux, dtype=np.float64)).tolist()
    a, b, n = start or model.start
    f = model.derivative
    h, half, sixth = STEP_H, STEP_H / 2, STEP_H / 6
    states = [(a, b, n)]
    for alpha in alphas:
        a1, b1, n1 = f(a, b, n, alpha)
        a2, b2, n2 = f(a + half * a1, b + half * b1, n + half * n1, alpha)
        a3, b3, n3 = f(a + half * a2, b + half * b2, n + half * n2, alpha)
        a4, b4, n4 = f(a + h * a3, b + h * b3, n + h * n3, alpha)
        a += sixth * (a1 + 2 * a2 + 2 * a3 + a4)
        b += sixth * (b1 + 2 * b2 + 2 * b3 + b4)
        n += sixth * (n1 + 2 * n2 + 2 * n3 + n4)
        states.append((a, b, n))
    track = np.array(states)
    times = STEP_H * np.arange(len(states), dtype=np.float64)
    minima = model.minima(times, track) if len(states) > 2 else np.empty(0)
    return PhaseTrack(model.id, minima, (a, b, n))


def settled_start(model: PhaseModel, lux: NDArray[np.float64], *, rounds: int = 30) -> tuple[State, bool]:
    """State at the start of the record after cycling its first whole days until the phase repeats within 0.1 h.

    Returns
    -------
    state, settled:
        The state and whether the phase did repeat. At most ``rounds`` cycles of up to 14 days.
    """
    steps = round(24 / STEP_H)
    days = min(lux.size // steps, 14)
    if days == 0:
        return model.start, False
    cycle = lux[: days * steps]
    state = model.start
    previous: float | None = None
    for _ in range(rounds):
        track = simulate(model, cycle, state)
        # Phase grows without bound in one model: keep it in one turn, which changes nothing else.
        state = (
            (track.end[0], math.remainder(track.end[1], 2 * math.pi), track.end[2]) if model is HANNAY19 else track.end
        )
        last = float(track.cbtmin_h[-1]) if track.cbtmin_h.size else math.nan
        if previous is not None and abs(last - previous) < 0.1:
            return state, True
        previous = last
    return state, False
