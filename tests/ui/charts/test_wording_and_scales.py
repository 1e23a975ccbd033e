"""How numbers and times are written, and round value axes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.ui.charts.valuescale import bar_scale, line_scale, round_step
from clarity_desktop.ui.charts.wording import clock, duration, hour_text, moment, number, offset_text, zone_label


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (1234.5, 0, "1\u202f234"),
        (-3.25, 1, "\u22123.2"),
        (-0.04, 1, "0.0"),
        (float("nan"), 1, "–"),
        (1e6, 0, "1\u202f000\u202f000"),
    ],
)
def test_number(value: float, decimals: int, words: str) -> None:
    assert number(value, decimals) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(434, "7 h 14"), (36, "36 min"), (59.6, "1 h 00"), (0, "0 min"), (-75, "\u22121 h 15")]
)
def test_duration(minutes: float, words: str) -> None:
    assert duration(minutes) == words


def test_hours_wrap_at_midnight() -> None:
    assert hour_text(23.9999) == "00:00"
    assert hour_text(3.65) == "03:39"


def test_offsets_tell_both_half_past_two_apart() -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    first, second = 1_761_438_600, 1_761_442_200  # 2025-10-26 00:30 and 01:30 UTC
    assert clock(zone, first) == clock(zone, second) == "02:30"
    assert (moment(zone, first)[1], moment(zone, second)[1]) == ("UTC+2", "UTC+1")
    assert zone_label(zone, first - 7200, second + 7200) == "Europe/Berlin · UTC+2 → UTC+1"


def test_unknown_zone_is_never_called_utc() -> None:
    unknown = ZoneTimeline.unknown()
    assert moment(unknown, 0)[1] == "zone unknown"
    assert "UTC" not in zone_label(unknown, 0, 1000)


def test_offset_with_minutes() -> None:
    assert offset_text(-12_600) == "UTC\u22123:30"


@given(st.floats(1e-6, 1e9), st.integers(1, 10))
def test_step_is_round_and_cuts_into_few(spread: float, parts: int) -> None:
    step = round_step(spread, parts)
    assert spread / step <= parts * (1 + 1e-6)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - factor) for factor in (1, 2, 5, 10)) < 1e-6


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_bars_begin_at_zero(values: list[float]) -> None:
    scale = bar_scale(np.array(values))
    assert scale.low == 0
    assert scale.ticks[0] == 0
    assert scale.high > 0


def test_one_outlier_does_not_set_the_bar_scale() -> None:
    values = np.append(np.full(1000, 10.0), 1e6)
    assert bar_scale(values).high <= 20


def test_lines_stay_within_physiological_limits() -> None:
    low, high = np.full(200, 30.0), np.full(200, 220.0)
    scale = line_scale(low, high, limits=(40, 160))
    assert (scale.low, scale.high) == (40, 160)
