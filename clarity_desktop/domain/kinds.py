"""The catalogue of series kinds, and the conversion of the units that exports use into canonical ones."""

from __future__ import annotations

from clarity_desktop.domain.series import Accumulation, Drawing, SeriesKind

__all__ = [
    "ACTIVITY_COUNTS",
    "HEART_RATE",
    "LIGHT",
    "SLEEP",
    "STEPS",
    "conversion",
    "kind_of",
    "known_kinds",
]

ACTIVITY_COUNTS = "ActivityCounts"
LIGHT = "Illuminance"
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"
STEPS = "HKQuantityTypeIdentifierStepCount"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"

_SUM, _MEAN, _CATEGORY = Accumulation.SUM, Accumulation.MEAN, Accumulation.CATEGORY
_BARS, _LINE, _POINTS, _STAGES = Drawing.BARS, Drawing.LINE, Drawing.POINTS, Drawing.STAGES
_Q, _C = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"

# id, title, canonical unit, accumulation, drawing, plausible range, colour token
_DECLARED: tuple[tuple[str, str, str, Accumulation, Drawing, tuple[float, float] | None, str], ...] = (
    (ACTIVITY_COUNTS, "Activity counts", "counts", _SUM, _BARS, (0, 1e7), "activity"),
    (LIGHT, "Light", "lux", _MEAN, _LINE, (0, 2e5), "lux"),
    ("SkinTemperature", "Skin temperature", "°C", _MEAN, _LINE, (10, 50), "temp"),
    (_Q + "HeartRate", "Heart rate", "1/min", _MEAN, _LINE, (20, 260), "hr"),
    (_Q + "RestingHeartRate", "Resting heart rate", "1/min", _MEAN, _POINTS, (20, 160), "hr"),
    (_Q + "WalkingHeartRateAverage", "Walking heart rate", "1/min", _MEAN, _POINTS, (20, 220), "hr"),
    (_Q + "HeartRateRecoveryOneMinute", "Heart rate recovery", "1/min", _MEAN, _POINTS, (0, 160), "hr"),
    (_Q + "RespiratoryRate", "Respiratory rate", "1/min", _MEAN, _POINTS, (3, 70), "spo2"),
    (_Q + "HeartRateVariabilitySDNN", "Heart rate variability, SDNN", "ms", _MEAN, _POINTS, (1, 500), "hrv"),
    (_Q + "StepCount", "Steps", "count", _SUM, _BARS, (0, 1e6), "steps"),
    (_Q + "FlightsClimbed", "Flights climbed", "count", _SUM, _BARS, (0, 1e4), "steps"),
    (_Q + "PushCount", "Wheelchair pushes", "count", _SUM, _BARS, (0, 1e6), "steps"),
    (_Q + "NumberOfTimesFallen", "Falls", "count", _SUM, _POINTS, (0, 1e3), "rest"),
    (_Q + "DistanceWalkingRunning", "Walking and running distance", "m", _SUM, _BARS, (0, 1e6), "steps"),
    (_Q + "DistanceCycling", "Cycling distance", "m", _SUM, _BARS, (0, 1e6), "steps"),
    (_Q + "DistanceSwimming", "Swimming distance", "m", _SUM, _BARS, (0, 1e5), "steps"),
    (_Q + "ActiveEnergyBurned", "Active energy", "kcal", _SUM, _BARS, (0, 2e4), "activity"),
    (_Q + "BasalEnergyBurned", "Basal energy", "kcal", _SUM, _BARS, (0, 2e4), "activity"),
    (_Q + "DietaryEnergyConsumed", "Dietary energy", "kcal", _SUM, _BARS, (0, 2e4), "rest"),
    (_Q + "AppleExerciseTime", "Exercise time", "min", _SUM, _BARS, (0, 1440), "activity"),
    (_Q + "AppleStandTime", "Stand time", "min", _SUM, _BARS, (0, 1440), "activity"),
    (_Q + "TimeInDaylight", "Time in daylight", "min", _SUM, _BARS, (0, 1440), "lux"),
    (_Q + "BodyMass", "Body mass", "kg", _MEAN, _POINTS, (1, 500), "rest"),
    (_Q + "LeanBodyMass", "Lean body mass", "kg", _MEAN, _POINTS, (1, 300), "rest"),
    (_Q + "BodyMassIndex", "Body mass index", "count", _MEAN, _POINTS, (5, 100), "rest"),
    (_Q + "Height", "Height", "m", _MEAN, _POINTS, (0.2, 2.6), "rest"),
    (_Q + "WaistCircumference", "Waist circumference", "m", _MEAN, _POINTS, (0.2, 3), "rest"),
    (_Q + "WalkingStepLength", "Step length", "m", _MEAN, _POINTS, (0, 2), "steps"),
    (_Q + "WalkingSpeed", "Walking speed", "m/s", _MEAN, _POINTS, (0, 5), "steps"),
    (_Q + "RunningSpeed", "Running speed", "m/s", _MEAN, _POINTS, (0, 15), "steps"),
    (_Q + "WalkingAsymmetryPercentage", "Walking asymmetry", "fraction", _MEAN, _POINTS, (0, 1), "steps"),
    (_Q + "WalkingDoubleSupportPercentage", "Double support", "fraction", _MEAN, _POINTS, (0, 1), "steps"),
    (_Q + "AppleWalkingSteadiness", "Walking steadiness", "fraction", _MEAN, _POINTS, (0, 1), "steps"),
    (_Q + "BodyTemperature", "Body temperature", "°C", _MEAN, _POINTS, (25, 45), "temp"),
    (_Q + "AppleSleepingWristTemperature", "Wrist temperature asleep", "°C", _MEAN, _POINTS, (20, 45), "temp"),
    (_Q + "OxygenSaturation", "Blood oxygen", "fraction", _MEAN, _POINTS, (0.3, 1), "spo2"),
    (_Q + "BodyFatPercentage", "Body fat", "fraction", _MEAN, _POINTS, (0, 1), "rest"),
    (_Q + "BloodPressureSystolic", "Systolic blood pressure", "mmHg", _MEAN, _POINTS, (30, 300), "hr"),
    (_Q + "BloodPressureDiastolic", "Diastolic blood pressure", "mmHg", _MEAN, _POINTS, (10, 200), "hr"),
    (_Q + "BloodGlucose", "Blood glucose", "mmol/L", _MEAN, _POINTS, (0.5, 60), "rest"),
    (_Q + "VO2Max", "VO₂ max", "mL/min·kg", _MEAN, _POINTS, (5, 100), "spo2"),
    (_Q + "PhysicalEffort", "Physical effort", "kcal/hr·kg", _MEAN, _LINE, (0, 30), "activity"),
    (_Q + "EnvironmentalAudioExposure", "Environmental sound", "dB", _MEAN, _POINTS, (0, 140), "rest"),
    (_Q + "HeadphoneAudioExposure", "Headphone sound", "dB", _MEAN, _POINTS, (0, 140), "rest"),
    (_C + "SleepAnalysis", "Sleep", "", _CATEGORY, _STAGES, None, "asleep"),
    (_C + "AppleStandHour", "Stand hours", "", _CATEGORY, _POINTS, None, "activity"),
    (_C + "MindfulSession", "Mindful minutes", "", _CATEGORY, _POINTS, None, "rest"),
)

_KINDS: dict[str, SeriesKind] = {row[0]: SeriesKind(*row) for row in _DECLARED}

# Unit as written → (canonical unit, scale): canonical = value · scale (+ shift, see _SHIFT).
_UNITS: dict[str, tuple[str, float]] = {
    "count/min": ("1/min", 1.0),
    "1/min": ("1/min", 1.0),
    "bpm": ("1/min", 1.0),
    "count/s": ("1/min", 60.0),
    "ms": ("ms", 1.0),
    "s": ("s", 1.0),
    "min": ("min", 1.0),
    "hr": ("min", 60.0),
    "count": ("count", 1.0),
    "counts": ("counts", 1.0),
    "lux": ("lux", 1.0),
    "m": ("m", 1.0),
    "km": ("m", 1000.0),
    "mi": ("m", 1609.344),
    "yd": ("m", 0.9144),
    "ft": ("m", 0.3048),
    "in": ("m", 0.0254),
    "cm": ("m", 0.01),
    "mm": ("m", 0.001),
    "kcal": ("kcal", 1.0),
    "Cal": ("kcal", 1.0),
    "cal": ("kcal", 0.001),
    "kJ": ("kcal", 1 / 4.184),
    "kg": ("kg", 1.0),
    "g": ("kg", 0.001),
    "lb": ("kg", 0.45359237),
    "oz": ("kg", 0.028349523125),
    "st": ("kg", 6.35029318),
    "degC": ("°C", 1.0),
    "°C": ("°C", 1.0),
    "degF": ("°C", 5 / 9),
    "K": ("°C", 1.0),
    "%": ("fraction", 1.0),
    "fraction": ("fraction", 1.0),
    "mmHg": ("mmHg", 1.0),
    "mmol<180.1558800000541>/L": ("mmol/L", 1.0),
    "mmol/L": ("mmol/L", 1.0),
    "mg/dL": ("mmol/L", 1 / 18.01559),
    "mL/min·kg": ("mL/min·kg", 1.0),
    "mL/kg·min": ("mL/min·kg", 1.0),
    "kcal/hr·kg": ("kcal/hr·kg", 1.0),
    "m/s": ("m/s", 1.0),
    "km/hr": ("m/s", 1 / 3.6),
    "mi/hr": ("m/s", 0.44704),
    "dBASPL": ("dB", 1.0),
    "dB": ("dB", 1.0),
}
_SHIFT: dict[str, float] = {"degF": -32 * 5 / 9, "K": -273.15}


def known_kinds() -> tuple[SeriesKind, ...]:
    """All declared kinds, in the order in which lists show them."""
    return tuple(_KINDS.values())


def kind_of(kind_id: str, unit: str = "", *, category: bool = False) -> SeriesKind:
    """The registry entry of a kind; an undeclared one is answered under its own name and unit, ``known=False``."""
    declared = _KINDS.get(kind_id)
    if declared is not None:
        return declared
    category = category or kind_id.startswith(_C)
    title = kind_id
    for prefix in (_Q, _C, "HKDataTypeIdentifier", "HKDataType"):
        title = title.removeprefix(prefix)
    return SeriesKind(
        kind_id,
        title,
        "" if category else unit,
        _CATEGORY if category else _MEAN,
        _POINTS,
        None,
        "rest",
        known=False,
    )


def conversion(unit: str, kind: SeriesKind) -> tuple[float, float] | None:
    """``(scale, shift)`` with canonical = value·scale + shift, or ``None`` when the unit does not fit the kind.

    An empty unit is taken as the canonical one (the sample carries ``UNIT_MISSING``).
    """
    if unit in ("", kind.unit):
        return (1.0, 0.0)
    entry = _UNITS.get(unit)
    if entry is None or entry[0] != kind.unit:
        return None
    return (entry[1], _SHIFT.get(unit, 0.0))
