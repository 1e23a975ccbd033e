from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.findings import Metric
from clarity_desktop.reports.words import (
    clock_text,
    date_range_text,
    duration_text,
    interval_text,
    number_text,
    value_text,
)


def _metric(name: str, unit: str = "", decimals: int = 2, *, clock: bool = False) -> Metric:
    return Metric(name, name, unit, decimals, "sleep", "", "", clock_hour=clock)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1234567.891, 1, "1\u202f234\u202f567.9"), (-0.52, 2, "−0.52"), (-0.0001, 2, "0.00"), (12, 0, "12")],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(434, "7 h 14 min"), (59.6, "1 h 00 min"), (24.4, "24 min"), (0, "0 min"), (60, "1 h 00 min")]
)
def test_durations(minutes: float, text: str) -> None:
    assert duration_text(minutes).replace("\u00a0", " ") == text


@given(st.floats(0, 24, allow_nan=False))
def test_a_clock_text_is_the_nearest_minute_of_the_day(hour: float) -> None:
    hours, minutes = clock_text(hour).split(":")
    away = (int(hours) * 60 + int(minutes) - hour * 60 + 720) % 1440 - 720
    assert abs(away) <= 0.5 + 1e-6
    assert 0 <= int(hours) < 24


def test_values_carry_unit_and_form() -> None:
    assert value_text(_metric("midsleep_h", "h", clock=True), 3.65) == "03:39"
    assert value_text(_metric("se_pct", "%", 0), 91.6) == "92 %"
    assert value_text(_metric("is"), 0.541) == "0.54"
    assert interval_text(_metric("is"), (0.51, 0.6)) == "0.51\u2009–\u20090.60"
    assert interval_text(_metric("tst_min", "min", 0), (422, 463)).replace("\u00a0", " ") == "7 h 02\u2009–\u20097 h 43"
    assert interval_text(_metric("l5_onset_h", "h", clock=True), (23.5, 0.25)) == "23:30\u2009–\u200900:15"


def test_date_ranges_are_as_short_as_they_can_be() -> None:
    assert date_range_text(date(2025, 3, 10), date(2025, 4, 6)) == "10 March – 6 April 2025"
    assert date_range_text(date(2025, 4, 4), date(2025, 4, 6)) == "4 – 6 April 2025"
    assert date_range_text(date(2024, 12, 30), date(2025, 1, 5)) == "30 December 2024 – 5 January 2025"
    assert date_range_text(date(2025, 4, 6), date(2025, 4, 6)) == "6 April 2025"
