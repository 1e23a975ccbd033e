"""Which type of the server carries which kind, and the typed values that each type demands (Y-18, Y-70, Y-74)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, LIGHT

__all__ = ["CARRIER_FALLBACK", "CARRIERS", "METRIC_TYPES", "Block", "Carrier", "carrier_of", "typed_block"]


class Block(StrEnum):
    """The typed object that a metric must carry beside the packed series."""

    BIOMETRIC = "biometric_data"
    SLEEP = "sleep_data"
    ACTIVITY = "activity_data"
    MENTAL = "mental_health_data"


@dataclass(frozen=True, slots=True)
class Carrier:
    """One type of the server."""

    type: str
    block: Block
    field: str
    """The field that holds a summary of the packed series."""
    least: float
    most: float
    """Range that the server takes for that field."""
    is_whole: bool = False
    """Whether the server wants a whole number."""


_TYPES: Final = (
    Carrier("heart_rate", Block.BIOMETRIC, "heart_rate", 30, 300),
    Carrier("heart_rate_variability", Block.BIOMETRIC, "heart_rate_variability", 0, 200),
    Carrier("blood_pressure", Block.BIOMETRIC, "blood_pressure_systolic", 70, 250, is_whole=True),
    Carrier("blood_oxygen", Block.BIOMETRIC, "oxygen_saturation", 70, 100),
    Carrier("respiratory_rate", Block.BIOMETRIC, "respiratory_rate", 5, 60),
    Carrier("sleep_analysis", Block.SLEEP, "total_sleep_minutes", 1, 1440, is_whole=True),
    Carrier("activity_level", Block.ACTIVITY, "steps", 0, 100_000, is_whole=True),
    Carrier("stress_indicators", Block.MENTAL, "stress_level", 1, 10),
    Carrier("mood_assessment", Block.MENTAL, "energy_level", 1, 10),
    Carrier("cognitive_metrics", Block.MENTAL, "focus_rating", 1, 10),
    Carrier("environmental", Block.BIOMETRIC, "heart_rate", 30, 300),
    Carrier("body_temperature", Block.BIOMETRIC, "body_temperature", 35, 42),
    Carrier("blood_glucose", Block.BIOMETRIC, "blood_glucose", 50, 500),
)
METRIC_TYPES: Final[Mapping[str, Carrier]] = {one.type: one for one in _TYPES}
"""All 13 types, by the name on the wire."""

CARRIERS: Final[Mapping[str, str]] = {
    "HKQuantityTypeIdentifierHeartRate": "heart_rate",
    "HKQuantityTypeIdentifierRestingHeartRate": "heart_rate",
    "HKQuantityTypeIdentifierWalkingHeartRateAverage": "heart_rate",
    "HKQuantityTypeIdentifierHeartRateVariabilitySDNN": "heart_rate_variability",
    "HKQuantityTypeIdentifierBloodPressureSystolic": "blood_pressure",
    "HKQuantityTypeIdentifierBloodPressureDiastolic": "blood_pressure",
    "HKQuantityTypeIdentifierOxygenSaturation": "blood_oxygen",
    "HKQuantityTypeIdentifierRespiratoryRate": "respiratory_rate",
    "HKCategoryTypeIdentifierSleepAnalysis": "sleep_analysis",
    "HKQuantityTypeIdentifierStepCount": "activity_level",
    "HKQuantityTypeIdentifierDistanceWalkingRunning": "activity_level",
    "HKQuantityTypeIdentifierActiveEnergyBurned": "activity_level",
    "HKQuantityTypeIdentifierBasalEnergyBurned": "activity_level",
    "HKQuantityTypeIdentifierFlightsClimbed": "activity_level",
    "HKQuantityTypeIdentifierAppleExerciseTime": "activity_level",
    "HKQuantityTypeIdentifierAppleStandTime": "activity_level",
    "HKCategoryTypeIdentifierAppleStandHour": "activity_level",
    ACTIVITY_COUNTS: "activity_level",
    "HKQuantityTypeIdentifierEnvironmentalAudioExposure": "environmental",
    LIGHT: "environmental",
    "HKQuantityTypeIdentifierBodyTemperature": "body_temperature",
    "HKQuantityTypeIdentifierAppleSleepingWristTemperature": "body_temperature",
    "HKQuantityTypeIdentifierBloodGlucose": "blood_glucose",
}
"""Kinds that travel, with their type; several kinds of one type are channels of one packed metric.

A kind that is not listed stays on this machine and is told as such.
"""

CARRIER_FALLBACK: Final = ("activity_level", "heart_rate")
"""Types that carry channels of a type which a server refuses or fails on, first choice first (Y-24, Y-74)."""


def carrier_of(kind: str, accepted: frozenset[str] | None = None) -> Carrier | None:
    """The type that a kind travels on.

    Parameters
    ----------
    accepted:
        Types that this server was found to take; ``None`` when nobody has asked yet, which trusts its contract.

    Returns
    -------
    The carrier, or ``None`` for a kind that does not travel, or where the server takes no carrier at all.
    """
    own = CARRIERS.get(kind)
    if own is None:
        return None
    if accepted is None or own in accepted:
        return METRIC_TYPES[own]
    return next((METRIC_TYPES[name] for name in CARRIER_FALLBACK if name in accepted), None)


def typed_block(carrier: Carrier, summary: float) -> dict[str, Any]:
    """The typed object of a metric: a summary inside the range that the server takes; the true values are packed.

    Parameters
    ----------
    summary:
        Mean, sum or duration of the packed piece in the field's unit; clipped where the server's range ends.
    """
    value = min(max(summary, carrier.least), carrier.most)
    block: dict[str, Any] = {carrier.field: round(value) if carrier.is_whole else round(float(value), 3)}
    if carrier.type == "blood_pressure":
        # The server wants both; the lower one is a stand-in inside its range, the packed channels hold the true ones.
        block["blood_pressure_diastolic"] = 80
    if carrier.block is Block.MENTAL:
        block["mood_score"] = "neutral"
    return block
