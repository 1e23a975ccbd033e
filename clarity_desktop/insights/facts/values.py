"""How each metric of the catalogue is taken from a window's evidence; the labels come from the catalogue alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clarity_desktop.domain.sleep import Night, Stage
from clarity_desktop.insights.facts.evidence import WindowEvidence

__all__ = ["SLEEP_METRICS", "FactValue", "Unavailable", "value_of"]


@dataclass(frozen=True, slots=True)
class FactValue:
    """A value in the catalogue's unit, with what it rests on."""

    value: float
    rests_on: int
    """Days or nights."""
    method: str
    version: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why there is no value, by a reason of the schema."""

    reason: str


_Answer = FactValue | Unavailable
_VERSION: Final = "1"


def _from_finding(
    metric: str, *, factor: float = 1.0, on_nights: bool = False, flags: tuple[str, ...] = ()
) -> Callable[[WindowEvidence], _Answer]:
    def take(evidence: WindowEvidence) -> _Answer:
        finding = evidence.finding(metric)
        if finding is None or (finding.value is None and not finding.n):
            return Unavailable("source_missing")
        if finding.value is None:
            return Unavailable("too_few_days")
        rests_on = finding.n if on_nights and finding.n is not None else evidence.valid_days
        own = finding.provenance
        return FactValue(finding.value * factor, rests_on, own.algorithm, own.version, flags)

    return take


def _in_counts(metric: str) -> Callable[[WindowEvidence], _Answer]:
    """A level in counts of an actigraph: steps that stand in for them are of another unit, so there is none then."""
    take = _from_finding(metric)

    def only_counts(evidence: WindowEvidence) -> _Answer:
        return Unavailable("source_missing") if evidence.counts_are_uncalibrated else take(evidence)

    return only_counts


def _from_counts(metric: str, factor: float = 1.0) -> Callable[[WindowEvidence], _Answer]:
    take = _from_finding(metric, factor=factor)

    def uncalibrated(evidence: WindowEvidence) -> _Answer:
        found = take(evidence)
        if isinstance(found, FactValue) and evidence.counts_are_uncalibrated:
            return FactValue(found.value, found.rests_on, found.method + "_steps", found.version, ("uncalibrated",))
        return found

    return uncalibrated


def _clock_mean(hours: Sequence[float]) -> float:
    angle = np.angle(np.exp(2j * np.pi * np.asarray(hours, dtype=np.float64) / 24).sum())
    return float(angle) * 24 / (2 * np.pi) % 24


def _nights(
    value: Callable[[Night, WindowEvidence], float | None], summary: Callable[[Sequence[float]], float], method: str
) -> Callable[[WindowEvidence], _Answer]:
    def take(evidence: WindowEvidence) -> _Answer:
        if evidence.rests_on_steps:
            return Unavailable("steps_only")
        if not evidence.nights:
            return Unavailable("source_missing")
        values = [found for night in evidence.nights if (found := value(night, evidence)) is not None]
        if not values:
            return Unavailable("source_missing")
        flags = ("model_estimate",) if evidence.is_scored else ()
        kind = "scored" if evidence.is_scored else "recorded"
        return FactValue(summary(values), len(values), f"{method}_{kind}", _VERSION, flags)

    return take


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _local_hour(instant: int, evidence: WindowEvidence) -> float:
    return float(evidence.panel.zone.local_seconds(np.array([instant], dtype=np.int64))[0] % 86_400) / 3600


def _stage(stage: Stage) -> Callable[[Night, WindowEvidence], float | None]:
    def minutes(night: Night, _: WindowEvidence) -> float | None:
        staged = any(night.stages_min.get(one.value, 0.0) > 0 for one in (Stage.CORE, Stage.DEEP, Stage.REM))
        return night.stages_min.get(stage.value, 0.0) if staged else None

    return minutes


def _wake_of_half(half: int) -> Callable[[Night, WindowEvidence], float | None]:
    def minutes(night: Night, _: WindowEvidence) -> float | None:
        if not night.segments:
            return None
        middle = (night.onset + night.offset) / 2
        start, stop = (night.onset, middle) if half == 1 else (middle, night.offset)
        awake = (one for one in night.segments if one.stage is Stage.AWAKE)
        return sum(max(0.0, min(one.stop, stop) - max(one.start, start)) for one in awake) / 60

    return minutes


def _steps(evidence: WindowEvidence) -> _Answer:
    worn = {day.date for day in evidence.panel.days if day.worn_min >= 600}
    totals = [total for day, total in evidence.steps.items() if day in worn or not worn]
    if not totals:
        return Unavailable("source_missing")
    return FactValue(_mean(totals), len(totals), "daily_mean", _VERSION)


def _of_days(minutes: str, factor: float) -> Callable[[WindowEvidence], _Answer]:
    def take(evidence: WindowEvidence) -> _Answer:
        wanted = set(evidence.dates)
        values = [getattr(day, minutes) for day in evidence.panel.days if day.date in wanted]
        if not values:
            return Unavailable("source_missing")
        return FactValue(_mean(values) * factor, evidence.valid_days, "daily_mean", _VERSION)

    return take


def _coverage(evidence: WindowEvidence) -> _Answer:
    share = 100 * share_worn(evidence)
    return FactValue(share, evidence.valid_days, "worn_share", _VERSION)


def _valid_days(evidence: WindowEvidence) -> _Answer:
    return FactValue(evidence.valid_days, evidence.valid_days, "days_worn", _VERSION)


def share_worn(evidence: WindowEvidence) -> float:
    """Worn share of the window's days, 0–1; days without any record count in full."""
    wanted = set(evidence.dates)
    worn = sum(day.worn_min for day in evidence.panel.days if day.date in wanted)
    total = sum(day.worn_min + day.not_worn_min + day.missing_min for day in evidence.panel.days if day.date in wanted)
    return min(1.0, worn / total) if total else 0.0


_VALUES: Final[Mapping[str, Callable[[WindowEvidence], _Answer]]] = {
    "tst": _nights(lambda night, _: night.tst_min / 60, _median, "nights_median"),
    "tib": _nights(lambda night, _: None if night.tib_min is None else night.tib_min / 60, _median, "nights_median"),
    "sol": _nights(lambda night, _: night.sol_min, _median, "nights_median"),
    "waso": _nights(lambda night, _: night.waso_min, _median, "nights_median"),
    "waso_first": _nights(_wake_of_half(1), _median, "nights_median"),
    "waso_second": _nights(_wake_of_half(2), _median, "nights_median"),
    "se": _nights(lambda night, _: night.se_pct, _median, "nights_median"),
    "awakenings": _nights(lambda night, _: float(night.awakenings), _median, "nights_median"),
    "midsleep": _nights(lambda night, _: night.midsleep_h, _clock_mean, "nights_circular_mean"),
    "onset": _nights(lambda night, of: _local_hour(night.onset, of), _clock_mean, "nights_circular_mean"),
    "offset": _nights(lambda night, of: _local_hour(night.offset, of), _clock_mean, "nights_circular_mean"),
    "deep": _nights(_stage(Stage.DEEP), _median, "nights_median"),
    "rem": _nights(_stage(Stage.REM), _median, "nights_median"),
    "core": _nights(_stage(Stage.CORE), _median, "nights_median"),
    "debt": _from_finding("sleep_debt_h_14d", on_nights=True),
    "sri": _from_finding("sri"),
    "midsleep_sd": _from_finding("midpoint_sd_h", factor=60, on_nights=True),
    "sjl": _from_finding("social_jetlag_h", on_nights=True),
    "cpd": _from_finding("cpd_h", on_nights=True),
    "is": _from_counts("is"),
    "iv": _from_counts("iv"),
    "ra": _from_counts("ra"),
    "l5": _in_counts("l5"),
    "l5_onset": _from_counts("l5_onset_h"),
    "m10": _in_counts("m10"),
    "m10_onset": _from_counts("m10_onset_h"),
    "mesor": _in_counts("mesor"),
    "amplitude": _in_counts("amplitude"),
    "acrophase": _from_counts("acrophase_h"),
    "period": _from_counts("lomb_scargle_period_h"),
    "dfa": _from_counts("dfa_alpha"),
    "rhr": _from_finding("resting_hr", on_nights=True),
    "hr_dip": _from_finding("hr_dip_pct", on_nights=True),
    "hr_nadir": _from_finding("hr_nadir_h", on_nights=True),
    "rmssd": _from_finding("hrv_rmssd_ms"),
    "light": _from_finding("tat_1000"),
    "cbtmin": _from_finding("hannay19_cbtmin_h", flags=("model_estimate",)),
    "pat": _from_finding("pat", on_nights=True, flags=("uncalibrated",)),
    "steps": _steps,
    "coverage": _coverage,
    "wear": _of_days("worn_min", 1 / 60),
    "nonwear": _of_days("not_worn_min", 1 / 60),
    "valid_days": _valid_days,
}

SLEEP_METRICS: Final = frozenset(
    {"tst", "tib", "sol", "waso", "waso_first", "waso_second", "se", "awakenings", "midsleep", "onset", "offset"}
    | {"deep", "rem", "core", "debt", "sri", "midsleep_sd", "sjl", "cpd"}
)
_SPLIT: Final = frozenset({"tst", "midsleep", "onset", "offset"})
"""What is told apart for work and free days: values of single nights."""


_WHOLE_ONLY: Final = frozenset({"sjl", "cpd", "period", "dfa"})
"""What needs weeks of recording, or more work than each window is worth."""
_OWN_DAYS: Final = {"debt": 14}
"""Days that a metric is of whatever the span it is computed in: a sentence about another window would be untrue."""


def value_of(metric: str, evidence: WindowEvidence) -> _Answer | None:
    """The metric's value in a window, or why there is none; ``None`` where the window does not ask for it."""
    if evidence.window.key in ("work", "free") and metric not in _SPLIT:
        return None
    if metric in _WHOLE_ONLY and evidence.window.key != "whole":
        return None
    if _OWN_DAYS.get(metric, evidence.window.days) != evidence.window.days:
        return None
    take = _VALUES.get(metric)
    if take is None:
        return Unavailable("source_missing")
    if metric in SLEEP_METRICS and evidence.rests_on_steps:
        return Unavailable("steps_only")
    return take(evidence)
