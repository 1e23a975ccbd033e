"""Change over time on simulated people whose change is known, and in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault_data import put, watch_days

from clarity_desktop.analysis.change import ChangeOverTime, compare, follow, rolling_values
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.study import Study
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import LAST_DAY, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.vault import KdfParameters, Vault

BERLIN = ZoneTimeline.single("Europe/Berlin")
DAYS = 21
EVENT = day_of_date(LAST_DAY) - DAYS + 1
"""First of the days on which the simulated heart beats eight times a minute more."""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChangeOverTime, Panel]]:
    folder = tmp_path_factory.mktemp("change")
    calm = replace(PEOPLE[0], disturbed=(), off_wrist=(), actigraph=False)
    quick = replace(calm, resting_rate=calm.resting_rate + 8)
    with Vault.create(folder / "vault", "a long passphrase", kdf=KdfParameters.for_tests()) as vault:
        patient = add_simulated_person(vault, calm)
        earlier = simulate(calm, 3, DAYS, last_day=LAST_DAY - timedelta(days=DAYS))
        later = simulate(quick, 4, DAYS)
        for number, recording in enumerate((earlier, later)):
            import_recording(vault, patient, recording, folder / str(number))
        study = Study(vault)
        span = Span(earlier.span.start, later.span.stop)
        yield study.change(patient.id, span), study.panel(patient.id, span)


def of(change: ChangeOverTime, metric: str) -> DailyValues:
    found = change.values(metric)
    assert found is not None
    return found


def series(values: np.ndarray | list[float], *, first: int = 0, clock: bool = False) -> DailyValues:
    array = np.asarray(values, dtype=np.float64)
    return DailyValues("x", "X", "", "night", first + np.arange(array.size, dtype=np.int64), array, clock)


def test_the_day_on_which_the_heart_changed_is_found(followed: tuple[ChangeOverTime, Panel]) -> None:
    found = follow(of(followed[0], "resting_hr"))
    assert len(found.changes) == 1
    assert found.changes[0] == pytest.approx(EVENT, abs=1)
    assert found.trend is not None
    assert found.trend.slope_per_day > 0
    assert found.insufficient is None


def test_the_change_is_measured(followed: tuple[ChangeOverTime, Panel]) -> None:
    found = compare(of(followed[0], "resting_hr"), EVENT, washout_days=2)
    assert found.difference == pytest.approx(8, abs=1)
    assert found.interval is not None
    assert found.interval[0] < 8.5
    assert found.interval[1] > 7.5
    assert found.interval[0] > 5
    assert found.hedges_g is not None
    assert found.hedges_g > 2
    assert (found.n_before, found.n_after) == pytest.approx((DAYS, DAYS - 2), abs=2)
    assert compare(of(followed[0], "resting_hr"), EVENT, washout_days=2) == found
    asleep = compare(of(followed[0], "tst_min"), EVENT)
    assert asleep.interval is not None
    assert asleep.interval[0] < 0 < asleep.interval[1]


def test_every_series_is_whole_and_keeps_its_gaps(followed: tuple[ChangeOverTime, Panel]) -> None:
    change, panel = followed
    found = {one.metric: one for one in change.daily}
    assert {"tst_min", "se_pct", "midsleep_h", "resting_hr", "hr_nadir_h", "hr_dip_pct", "l5", "m10", "ra"} <= set(
        found
    )
    for one in found.values():
        assert one.day.shape == one.value.shape == one.linear.shape
        assert np.array_equal(np.diff(one.day), np.ones(one.day.size - 1))
        assert 0 < one.n <= one.day.size
    nights = {day_of_date(night.date): night.tst_min for night in panel.nights if not night.incomplete}
    tst = found["tst_min"]
    for day, value in zip(tst.day.tolist(), tst.value.tolist(), strict=True):
        assert value == nights[day] if day in nights else np.isnan(value)
    assert change.simulated


def test_the_last_window_equals_the_panel_of_its_days(vault: Vault) -> None:
    patient = vault.patients.add("Rolling", home_zone="Europe/Berlin").id
    first = day_of_date(date(2024, 3, 20))
    put(vault, patient, *watch_days(BERLIN, first, 24))
    study = Study(vault)
    whole = Span(BERLIN.instant_of_local(first), BERLIN.instant_of_local(first + 24))
    change = study.change(patient, whole)
    for window in (7, 14):
        cut = study.panel(patient, Span(BERLIN.instant_of_local(first + 24 - window), whole.stop))
        for metric in ("is", "iv", "ra", "l5", "m10_onset_h", "mesor", "acrophase_h", "sri"):
            (rolled,) = (one for one in change.rolling if one.metric == metric and one.window == window)
            finding = cut.finding(metric)
            assert finding is not None
            # The cut's first night may lack the evening before, which moves only the regularity of its first date.
            assert rolled.value[-1] == pytest.approx(finding.value, rel=0.02 if metric == "sri" else 1e-6), metric


def test_too_few_days_on_a_side_say_so() -> None:
    values = series(np.arange(20.0))
    assert compare(values, 6).insufficient == "Needs 7 valid days on each side, has 6 and 14."
    assert compare(values, 50).insufficient == "Needs 7 valid days on each side, has 20 and 0."
    assert compare(values, 10, washout_days=4).insufficient == "Needs 7 valid days on each side, has 10 and 6."
    assert compare(values, 10, days_each_side=5).insufficient == "Needs 7 valid days on each side, has 5 and 5."
    assert compare(values, 10).insufficient is None
    assert compare(values, 10, washout_days=3, days_each_side=7).insufficient is None
    with pytest.raises(ValueError, match="washout_days"):
        compare(values, 10, washout_days=-1)
    assert follow(series(np.arange(6.0))).insufficient == "Needs 7 days with a value, has 6."


def test_clock_hours_cross_midnight() -> None:
    values = series([23.5, 0.5, np.nan, 23.0, 1.0, 0.0, 23.8, 0.2], clock=True)
    assert np.ptp(values.linear[np.isfinite(values.linear)]) == pytest.approx(2.0)
    rolled = rolling_values(values, 7)
    assert min(rolled.value[-1], 24 - rolled.value[-1]) < 0.3
    assert np.isnan(rolled.value[0])
    assert rolled.n.tolist() == [1, 2, 2, 3, 4, 5, 6, 6]


def test_a_drift_round_the_dial_is_a_line() -> None:
    hours = (3 + 1.1 * np.arange(60)) % 24
    hours[20] = np.nan
    found = follow(series(hours, clock=True))
    assert found.trend is not None
    assert found.trend.slope_per_day == pytest.approx(1.1)


@given(st.integers(0, 2**31), st.integers(-500, 500), st.floats(0.1, 10), st.floats(-100, 100))
def test_shift_and_scale(seed: int, shift: int, scale: float, offset: float) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(400, 30, 40)
    values[random.random(40) < 0.2] = np.nan
    one, other = series(values), series(scale * values + offset, first=shift)
    a, b = follow(one), follow(other)
    assert a.trend is not None
    assert b.trend is not None
    assert b.trend.slope_per_day == pytest.approx(scale * a.trend.slope_per_day, rel=1e-6, abs=1e-6)
    assert b.trend.p == pytest.approx(a.trend.p)
    assert tuple(day - shift for day in b.changes) == a.changes
    for x, y in zip(a.rolling, b.rolling, strict=True):
        assert y.value == pytest.approx(scale * x.value + offset, rel=1e-6, abs=1e-6, nan_ok=True)
    c, d = compare(one, 20), compare(other, 20 + shift)
    assert d.difference == pytest.approx(scale * c.difference, rel=1e-6, abs=1e-6)
    if c.hedges_g is not None:
        assert d.hedges_g == pytest.approx(c.hedges_g, rel=1e-5, abs=1e-6)


@given(st.integers(0, 2**31))
def test_the_order_within_a_side_leaves_difference_and_effect(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(0, 1, 30)
    mixed = np.concatenate((random.permutation(values[:15]), random.permutation(values[15:])))
    one, other = compare(series(values), 15), compare(series(mixed), 15)
    assert other.difference == pytest.approx(one.difference)
    assert other.hedges_g == pytest.approx(one.hedges_g)
