"""Names and units of the app Health Auto Export, and the HealthKit types and units they stand for."""

from __future__ import annotations

import re

__all__ = ["PERCENT_KINDS", "SLEEP_LABELS", "is_json_export", "kind_of_metric", "snake_case", "unit_of_metric"]

_Q = "HKQuantityTypeIdentifier"
_SLEEP_VALUE = "HKCategoryValueSleepAnalysis"

# Only names that stand for one HealthKit type; any other metric keeps its own name.
_METRICS: dict[str, str] = {
    "step_count": _Q + "StepCount",
    "walking_running_distance": _Q + "DistanceWalkingRunning",
    "cycling_distance": _Q + "DistanceCycling",
    "swimming_distance": _Q + "DistanceSwimming",
    "active_energy": _Q + "ActiveEnergyBurned",
    "active_energy_burned": _Q + "ActiveEnergyBurned",
    "basal_energy_burned": _Q + "BasalEnergyBurned",
    "resting_energy": _Q + "BasalEnergyBurned",
    "dietary_energy": _Q + "DietaryEnergyConsumed",
    "flights_climbed": _Q + "FlightsClimbed",
    "push_count": _Q + "PushCount",
    "number_of_times_fallen": _Q + "NumberOfTimesFallen",
    "apple_exercise_time": _Q + "AppleExerciseTime",
    "apple_stand_time": _Q + "AppleStandTime",
    "time_in_daylight": _Q + "TimeInDaylight",
    "heart_rate": _Q + "HeartRate",
    "resting_heart_rate": _Q + "RestingHeartRate",
    "walking_heart_rate_average": _Q + "WalkingHeartRateAverage",
    "heart_rate_variability": _Q + "HeartRateVariabilitySDNN",
    "cardio_recovery": _Q + "HeartRateRecoveryOneMinute",
    "respiratory_rate": _Q + "RespiratoryRate",
    "blood_oxygen_saturation": _Q + "OxygenSaturation",
    "oxygen_saturation": _Q + "OxygenSaturation",
    "blood_glucose": _Q + "BloodGlucose",
    "body_temperature": _Q + "BodyTemperature",
    "apple_sleeping_wrist_temperature": _Q + "AppleSleepingWristTemperature",
    "vo2_max": _Q + "VO2Max",
    "vo2max": _Q + "VO2Max",
    "physical_effort": _Q + "PhysicalEffort",
    "weight_body_mass": _Q + "BodyMass",
    "weight_&_body_mass": _Q + "BodyMass",
    "body_mass": _Q + "BodyMass",
    "lean_body_mass": _Q + "LeanBodyMass",
    "body_mass_index": _Q + "BodyMassIndex",
    "body_fat_percentage": _Q + "BodyFatPercentage",
    "height": _Q + "Height",
    "waist_circumference": _Q + "WaistCircumference",
    "walking_speed": _Q + "WalkingSpeed",
    "running_speed": _Q + "RunningSpeed",
    "walking_step_length": _Q + "WalkingStepLength",
    "walking_asymmetry_percentage": _Q + "WalkingAsymmetryPercentage",
    "walking_double_support_percentage": _Q + "WalkingDoubleSupportPercentage",
    "environmental_audio_exposure": _Q + "EnvironmentalAudioExposure",
    "headphone_audio_exposure": _Q + "HeadphoneAudioExposure",
    "blood_pressure_systolic": _Q + "BloodPressureSystolic",
    "blood_pressure_diastolic": _Q + "BloodPressureDiastolic",
}
_UNITS = {
    "bpm": "count/min",
    "breaths/min": "count/min",
    "steps": "count",
    "mph": "mi/hr",
    "kmph": "km/hr",
    "km/h": "km/hr",
    "kph": "km/hr",
    "lbs": "lb",
    "°c": "degC",
    "°f": "degF",
    "db": "dBASPL",
    "ml/(kg·min)": "mL/min·kg",
    "ml/kg/min": "mL/min·kg",
    "ml/min/kg": "mL/min·kg",
    "kcal/hr·kg": "kcal/hr·kg",
}
PERCENT_KINDS = frozenset(
    _Q + name
    for name in (
        "OxygenSaturation",
        "BodyFatPercentage",
        "WalkingAsymmetryPercentage",
        "WalkingDoubleSupportPercentage",
        "AppleWalkingSteadiness",
    )
)
"""Kinds that the app writes as 0…100 under ``%``, and a phone's own export as 0…1 under the same sign."""

SLEEP_LABELS = {
    "awake": _SLEEP_VALUE + "Awake",
    "asleep": _SLEEP_VALUE + "AsleepUnspecified",
    "unspecified": _SLEEP_VALUE + "AsleepUnspecified",
    "in bed": _SLEEP_VALUE + "InBed",
    "inbed": _SLEEP_VALUE + "InBed",
    "core": _SLEEP_VALUE + "AsleepCore",
    "deep": _SLEEP_VALUE + "AsleepDeep",
    "rem": _SLEEP_VALUE + "AsleepREM",
}
"""Stage words of the app, in small letters."""


_BEGINNING = re.compile(
    rb'\s*\{\s*"data"\s*:\s*\{\s*"(?:metrics|workouts|stateOfMind|medications|symptoms|cycleTracking|ecg'
    rb'|heartRateNotifications)"\s*:\s*\['
)


def is_json_export(start: bytes) -> bool:
    """Whether a file begins like the app's JSON."""
    return _BEGINNING.match(start.removeprefix(b"\xef\xbb\xbf")) is not None


def snake_case(name: str) -> str:
    """``Walking + Running Distance`` as the app writes it in JSON: ``walking_running_distance``."""
    return re.sub(r"[^\w&]+", "_", name.strip().lower()).strip("_").replace("_&_", "_")


def kind_of_metric(name: str) -> str:
    """The HealthKit type of a metric, or the metric's own name as the JSON form writes it."""
    own = snake_case(name)
    return _METRICS.get(own, own)


def unit_of_metric(unit: str) -> str:
    """The unit as HealthKit writes it; one nobody knows stays as it is."""
    return _UNITS.get(unit.lower(), unit)
