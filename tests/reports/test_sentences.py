from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from clarity_desktop.domain.panel import DayCoverage, Panel
from clarity_desktop.reports.ranges import HIRSHKOWITZ, OHAYON, published_range, sleep_band
from clarity_desktop.reports.sentences import in_short
from clarity_desktop.reports.words import value_text
from clarity_desktop.sleep.nights import METRICS


def _text(panel: Panel) -> str:
    return re.sub(r"[\u00a0\u2009]", " ", " ".join(in_short(panel)))


def test_the_summary_uses_the_numbers_of_the_panel(panel: Panel) -> None:
    text = _text(panel)
    finding = panel.finding("tst_min")
    assert finding is not None
    assert value_text(METRICS["tst_min"], finding.value or 0).replace("\u00a0", " ") in text
    assert f"{finding.n} nights" in text
    wakes = [round(night.waso_min) for night in panel.nights if night.waso_min > 90]
    assert f"On 3 nights in a row, 19 to 21 March, time awake after sleep onset was {wakes[0]}, {wakes[1]}" in text
    assert "1 day of 28 does not meet the valid-day rule (22 March" in text


def test_nights_without_a_record_are_named(panel: Panel) -> None:
    lacking = tuple(night for night in panel.nights if night.date != date(2025, 3, 26))
    assert "1 night is without a sleep record (waking on 26 March)." in _text(replace(panel, nights=lacking))
    assert "without a sleep record" not in _text(panel)


def test_a_single_long_wake_is_no_run(panel: Panel) -> None:
    nights = tuple(
        replace(night, waso_min=12.0) if night.date != date(2025, 3, 20) else night for night in panel.nights
    )
    assert "in a row" not in _text(replace(panel, nights=nights))


@pytest.mark.parametrize(("shift", "words"), [(0.75, "45 min later"), (-0.5, "30 min earlier")])
def test_mid_sleep_around_the_clock_change(panel: Panel, shift: float, words: str) -> None:
    change = 1_743_296_400
    nights = tuple(
        replace(night, midsleep_h=(23.8 + (shift if night.onset >= change else 0.0)) % 24) for night in panel.nights
    )
    assert f"Mid-sleep was {words} on the local clock" in _text(replace(panel, nights=nights))


def test_scattered_nights_say_nothing_about_the_clock_change(panel: Panel) -> None:
    nights = tuple(replace(night, midsleep_h=3.0 + 3 * (row % 2)) for row, night in enumerate(panel.nights))
    assert "clock change" not in _text(replace(panel, nights=nights))


def test_an_empty_panel_still_says_something(panel: Panel) -> None:
    empty = replace(panel, findings=(), nights=(), days=())
    assert in_short(empty) == ["This window holds too little data for a summary."]


def test_many_thin_days_are_counted_not_listed(panel: Panel) -> None:
    days = tuple(DayCoverage(date(2025, 3, 10) + timedelta(days=n), 600.0, 840.0, 0.0, valid=n >= 9) for n in range(28))
    assert "9 days of 28 do not meet the valid-day rule (10 March, 11 March, 12 March and 6 more" in _text(
        replace(panel, days=days)
    )


def test_ranges_exist_for_adults_and_named_measures_alone() -> None:
    assert sleep_band(34) == (7.0, 9.0)
    assert sleep_band(65) == (7.0, 8.0)
    assert sleep_band(17) is None
    assert sleep_band(None) is None
    assert published_range("tst_min", 34).source == HIRSHKOWITZ
    assert published_range("waso_min", 34).source == OHAYON
    assert published_range("se_pct", 80).source is None
    assert published_range("tst_min", 9).text == "none for this age"
    for metric in ("is", "iv", "ra", "l5", "m10_onset_h", "social_jetlag_h"):
        assert published_range(metric, 34).text == "no published range"
    assert published_range("sri", 34).source is None
