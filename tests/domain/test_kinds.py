"""The catalogue of kinds and the conversion of units."""

from __future__ import annotations

import pytest

from clarity_desktop.domain.kinds import conversion, kind_of, known_kinds
from clarity_desktop.domain.series import Accumulation


@pytest.mark.parametrize(
    ("kind", "unit", "value", "canonical"),
    [
        ("HKQuantityTypeIdentifierBodyMass", "lb", 220.462262, 100.0),
        ("HKQuantityTypeIdentifierBodyTemperature", "degF", 98.6, 37.0),
        ("HKQuantityTypeIdentifierBloodGlucose", "mg/dL", 90.0, 4.99567),
        ("HKQuantityTypeIdentifierBloodGlucose", "mmol<180.1558800000541>/L", 5.0, 5.0),
        ("HKQuantityTypeIdentifierActiveEnergyBurned", "kJ", 4184.0, 1000.0),
        ("HKQuantityTypeIdentifierActiveEnergyBurned", "Cal", 12.0, 12.0),
        ("HKQuantityTypeIdentifierDistanceWalkingRunning", "mi", 1.0, 1609.344),
        ("HKQuantityTypeIdentifierWalkingSpeed", "km/hr", 3.6, 1.0),
        ("HKQuantityTypeIdentifierHeartRate", "count/min", 61.0, 61.0),
        ("HKQuantityTypeIdentifierOxygenSaturation", "%", 0.97, 0.97),
        ("HKQuantityTypeIdentifierHeartRate", "", 61.0, 61.0),
    ],
)
def test_units_of_exports_become_canonical(kind: str, unit: str, value: float, canonical: float) -> None:
    pair = conversion(unit, kind_of(kind))
    assert pair is not None
    assert value * pair[0] + pair[1] == pytest.approx(canonical, rel=1e-5)


def test_a_unit_that_does_not_fit_the_kind_is_refused() -> None:
    assert conversion("kg", kind_of("HKQuantityTypeIdentifierHeartRate")) is None
    assert conversion("furlong", kind_of("HKQuantityTypeIdentifierHeartRate")) is None


def test_an_undeclared_kind_keeps_its_own_name_and_unit() -> None:
    kind = kind_of("HKQuantityTypeIdentifierSomethingNew2031", "zorp")
    assert (kind.title, kind.unit, kind.known) == ("SomethingNew2031", "zorp", False)
    assert conversion("zorp", kind) == (1.0, 0.0)
    assert kind_of("HKCategoryTypeIdentifierMoodOfTheDay").accumulation is Accumulation.CATEGORY


def test_every_declared_kind_converts_its_own_unit_and_has_words() -> None:
    for kind in known_kinds():
        assert conversion(kind.unit, kind) == (1.0, 0.0)
        assert kind.title
        assert kind.valid_range is None or kind.valid_range[0] < kind.valid_range[1]
