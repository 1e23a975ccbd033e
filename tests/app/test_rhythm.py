"""The details of rhythm agree with the panel of the same window."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.rhythm import ALPHA, RhythmDetail
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.time import DAY_S, Span

DAYS = 14


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("rhythm")
    opened = open_services(folder)
    opened.create_vault("a passphrase for tests only")
    for person in (PEOPLE[0], PEOPLE[3]):
        patient = add_simulated_person(opened.vault, person)
        import_recording(opened.vault, patient, simulate(person, DEMO_SEED, DAYS), folder / "work")
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=(0, 1))
def detail(request: pytest.FixtureRequest, services: Services) -> tuple[str, RhythmDetail]:
    patient = services.patients()[request.param]
    return patient.id, services.rhythm_detail(patient.id)


def test_the_map_holds_the_regularity_index(services: Services, detail: tuple[str, RhythmDetail]) -> None:
    patient_id, found = detail
    panel, drawn = services.panel(patient_id), found.regularity
    assert drawn is not None
    ones, zeros = int((drawn.same == 1).sum()), int((drawn.same == 0).sum())
    assert drawn.index == pytest.approx(-100 + 200 * ones / (ones + zeros), abs=1e-9)
    index = panel.finding("sri")
    assert index is not None
    assert (drawn.index, drawn.pairs) == (index.value, index.n)
    assert int((drawn.same >= 0).any(axis=1).sum()) == drawn.pairs
    rows = [day - drawn.first_day for day in drawn.left_out]
    assert all((drawn.asleep[row] < 0).sum() > 360 for row in rows)


def test_the_spectrum_peaks_where_the_panel_says(services: Services, detail: tuple[str, RhythmDetail]) -> None:
    patient_id, found = detail
    panel, wave = services.panel(patient_id, details=True), found.period
    assert wave is not None
    period = panel.finding("lomb_scargle_period_h")
    assert period is not None
    assert wave.period_h == period.value
    assert wave.powers.max() == wave.power
    assert wave.half_power_h[0] < wave.period_h < wave.half_power_h[1]
    assert wave.holds_24h is (wave.half_power_h[0] <= 24 <= wave.half_power_h[1])
    # The line stands where the stated chance of a false alarm is ALPHA.
    assert (wave.power > wave.significant_power) is (wave.false_alarm < ALPHA)


def test_series_lie_on_days_and_their_line_passes_through_the_middle(detail: tuple[str, RhythmDetail]) -> None:
    _, found = detail
    by_id = {series.id: series for series in found.series}
    assert {"tst_min", "midsleep_h", "activity_mean", "l5_onset_h"} <= set(by_id)
    for series in by_id.values():
        assert series.values.shape == series.running.shape
        trend = series.trend
        if series.id.startswith("rolling_"):
            # Windows overlap, so neighbours are alike by themselves.
            assert trend is None
            assert series.insufficient == "No trend: windows overlap."
            continue
        assert trend is not None
        assert 0 <= trend.p <= 1
        assert trend.n == series.n
        line = trend.at_first + trend.slope_per_day * np.arange(series.values.size)
        assert abs(np.nanmedian(series.values - line)) < 1e-9
        if series.clock_hour:
            known = series.values[np.isfinite(series.values)]
            assert known.max() - known.min() <= 24


def test_too_few_days_say_what_is_needed(services: Services) -> None:
    patient = services.patients()[0]
    whole = services.panel(patient.id).span
    short = services.rhythm_detail(patient.id, Span(whole.start, whole.start + 4 * DAY_S))
    assert short.period is None
    assert short.why_no_period.startswith("Needs")
    single = [series for series in short.series if not series.id.startswith("rolling_")]
    assert all(series.trend is None and (series.insufficient or "").startswith("Needs 7 days") for series in single)
    assert all(math.isnan(value) or value > -24 for series in short.series for value in series.values)
