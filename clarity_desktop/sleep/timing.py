"""When sleep falls from night to night: social jetlag, MSFsc, composite phase deviation, variability, debt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import ZoneTimeline, day_of_date

__all__ = ["DEFAULT_NEED_H", "Timing", "TimedNights", "timed_nights", "timing_of"]

DEFAULT_NEED_H: Final = 8.0
"""Sleep need assumed for the debt when nobody has set another. There is no accepted clinical figure."""

_DAY_H: Final = 24.0
_DEBT_DAYS: Final = 14
_LEAST_FREE, _LEAST_WORK, _LEAST_CONSECUTIVE = 2, 4, 5

for _metric in (
    Metric("social_jetlag_h", "Social jetlag", "h", 2, "sleep", "Wittmann 2006", "RH-48", "nights", 6),
    Metric("msfsc_h", "Mid-sleep on free days, corrected", "h", 2, "sleep", "Roenneberg 2004", "RH-48", "nights", 6),
    Metric("cpd_h", "Composite phase deviation", "h", 2, "sleep", "Fischer 2016", "RH-49", "nights", 5),
    *(
        Metric(f"free_{name}_min", f"{title}, free minus work", "min", 0, "sleep", "arithmetic", "RH-51", "nights", 6)
        for name, title in (
            ("onset_later", "Sleep onset"),
            ("offset_later", "Final wake"),
            ("duration_longer", "Time asleep"),
        )
    ),
    Metric("midpoint_sd_h", "Variability of mid-sleep", "h", 2, "sleep", "arithmetic", "RH-50", "nights", 5),
    Metric("sleep_debt_h_14d", "Sleep debt, 14 days", "h", 1, "sleep", "arithmetic", "RH-45", "nights", 7),
):
    METRICS.declare(_metric)


@dataclass(frozen=True, slots=True)
class TimedNights:
    """Nights as hours. Onset, offset and middle are relative to midnight of the wake day, not taken modulo 24."""

    day: NDArray[np.int64]
    """Local day of waking, strictly rising, shape (K,)."""
    onset_h: NDArray[np.float64]
    offset_h: NDArray[np.float64]
    duration_h: NDArray[np.float64]
    """Elapsed hours counted as sleep."""
    free: NDArray[np.bool_]
    """The wake day is a free day."""

    @property
    def middle_h(self) -> NDArray[np.float64]:
        """Mid-sleep in hours after midnight of the wake day."""
        return (self.onset_h + self.offset_h) / 2

    def __len__(self) -> int:
        return int(self.day.size)


@dataclass(frozen=True, slots=True)
class Timing:
    """Timing over nights (RH-45, RH-48…RH-51). Hours; ``None`` where the nights do not allow a value."""

    msw_h: float | None
    msf_h: float | None
    social_jetlag_h: float | None
    sd_week_h: float | None
    msfsc_h: float | None
    social_jetlag_sc_h: float | None
    cpd_h: float | None
    midpoint_sd_h: float | None
    midpoint_rmssd_h: float | None
    onset_sd_h: float | None
    duration_sd_h: float | None
    sleep_debt_h_14d: float | None
    free_onset_later_min: float | None
    """Mean of free nights minus mean of work nights: onset, offset, duration (RH-51)."""
    free_offset_later_min: float | None
    free_duration_longer_min: float | None
    free_nights: int
    work_nights: int
    consecutive: int
    """Nights whose previous date has a night too."""

    @property
    def jetlag_is_sufficient(self) -> bool:
        """At least 2 free and 4 work nights (RH-5)."""
        return self.free_nights >= _LEAST_FREE and self.work_nights >= _LEAST_WORK

    @property
    def deviation_is_sufficient(self) -> bool:
        """At least 5 nights that follow a night (RH-5)."""
        return self.consecutive >= _LEAST_CONSECUTIVE - 1


def timed_nights(nights: Sequence[Night], zone: ZoneTimeline, free_days: Sequence[int] | None = None) -> TimedNights:
    """Main sleeps as :class:`TimedNights`, on the local clock in force at onset and at offset.

    Parameters
    ----------
    nights:
        Main sleeps, at most one a date; naps are left out by the caller.
    zone:
        Clock of the person.
    free_days:
        Local days (days since 1970-01-01) that are free; Saturdays and Sundays when ``None``.
    """
    ordered = sorted(nights, key=lambda night: night.date)
    day = np.array([day_of_date(night.date) for night in ordered], dtype=np.int64)
    ends = np.array([(night.onset, night.offset) for night in ordered], dtype=np.int64).reshape(-1, 2)
    local = zone.local_seconds(ends) - day[:, None] * 86_400
    if free_days is None:
        # 1970-01-01 was a Thursday: day 2 a Saturday, day 3 a Sunday.
        free = np.isin((day + 3) % 7, (5, 6))
    else:
        free = np.isin(day, np.asarray(free_days, dtype=np.int64))
    slept = np.array([night.tst_min / 60 for night in ordered], dtype=np.float64)
    return TimedNights(day, local[:, 0] / 3600, local[:, 1] / 3600, slept, free)


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None


def _deviation(values: NDArray[np.float64]) -> float | None:
    return float(values.std(ddof=1)) if values.size > 1 else None


def timing_of(nights: TimedNights, *, work_days: float = 5.0, need_h: float = DEFAULT_NEED_H) -> Timing:
    """Social jetlag (Wittmann 2006), MSFsc (Roenneberg 2004), CPD (Fischer 2016), spread and debt of these nights.

    Parameters
    ----------
    nights:
        One night a date.
    work_days:
        Work days a week, for the weekly mean duration.
    need_h:
        Sleep need in hours for the debt, which adds max(0, need − sleep) over the nights of the last 14 days.
    """
    free, middle, duration = nights.free, nights.middle_h, nights.duration_h
    msw, msf = _mean(middle[~free]), _mean(middle[free])
    slept_work, slept_free = _mean(duration[~free]), _mean(duration[free])
    jetlag = week = corrected = corrected_jetlag = None
    later: tuple[float | None, float | None, float | None] = (None, None, None)
    if msw is not None and msf is not None and slept_work is not None and slept_free is not None:
        jetlag = abs(msf - msw)
        week = (slept_work * work_days + slept_free * (7 - work_days)) / 7
        corrected = msf - (slept_free - week) / 2 if slept_free > slept_work else msf
        onset, offset, longer = (
            60 * float(hours[free].mean() - hours[~free].mean())
            for hours in (nights.onset_h, nights.offset_h, duration)
        )
        corrected_jetlag = abs(onset) / 60
        later = (onset, offset, longer)
    consecutive = np.flatnonzero(np.diff(nights.day) == 1) + 1
    # Mid-sleep on the running clock, so that sleep that drifts past midnight makes no step of 24 h.
    step = middle[consecutive] - middle[consecutive - 1]
    reference = corrected if corrected is not None else _mean(middle)
    deviation = None
    if consecutive.size and reference is not None:
        deviation = float(np.hypot(middle[consecutive] - reference, step).mean())
    debt = None
    if len(nights):
        recent = nights.day > nights.day[-1] - _DEBT_DAYS
        debt = float(np.maximum(0.0, need_h - duration[recent]).sum())
    return Timing(
        msw_h=msw,
        msf_h=msf,
        social_jetlag_h=jetlag,
        sd_week_h=week,
        msfsc_h=corrected,
        social_jetlag_sc_h=corrected_jetlag,
        cpd_h=deviation,
        midpoint_sd_h=_deviation(middle),
        midpoint_rmssd_h=float(np.sqrt(np.mean(step * step))) if step.size else None,
        onset_sd_h=_deviation(nights.onset_h),
        duration_sd_h=_deviation(duration),
        sleep_debt_h_14d=debt,
        free_onset_later_min=later[0],
        free_offset_later_min=later[1],
        free_duration_longer_min=later[2],
        free_nights=int(free.sum()),
        work_nights=int((~free).sum()),
        consecutive=int(consecutive.size),
    )
