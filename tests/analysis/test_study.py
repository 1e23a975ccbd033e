"""Panels and daily values from a real vault: what is read, what is cached, and when it is made anew."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from golden_data import recording
from vault_data import AWAKE, CORE, batch, put, watch_days

from clarity_desktop.analysis.study import Study
from clarity_desktop.domain.errors import CancelledError, NotFoundError, UsageError
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, LIGHT, SLEEP, STEPS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import DAY_S, Certainty, Span, ZonePeriod, ZoneTimeline, day_of_date
from clarity_desktop.domain.work import CancelToken, Progress
from clarity_desktop.vault import Vault

BERLIN = ZoneTimeline.single("Europe/Berlin")
FIRST = day_of_date(date(2024, 5, 1))


def value(panel: Panel, metric: str) -> float:
    found = panel.finding(metric)
    assert found is not None
    assert found.insufficient is None, found.insufficient
    assert found.value is not None
    return found.value


def insufficient(panel: Panel, metric: str) -> str:
    found = panel.finding(metric)
    assert found is not None
    assert found.value is None
    assert found.interval is None
    assert found.insufficient
    return found.insufficient


@pytest.fixture
def watch(vault: Vault) -> tuple[Vault, str]:
    """A patient with 40 days of a watch, local midnight to midnight."""
    patient = vault.patients.add("A", home_zone="Europe/Berlin")
    put(vault, patient.id, *watch_days(BERLIN, FIRST, 40))
    return vault, patient.id


def test_default_window_is_the_last_28_local_days(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    panel = Study(vault).panel(patient)
    assert panel.span.start == BERLIN.instant_of_local(FIRST + 12)
    assert panel.coverage.days == panel.coverage.valid_days == 28
    assert len(panel.nights) == 28
    assert panel.nights[0].date == date(2024, 5, 13)
    assert value(panel, "tib_min") == 510
    assert value(panel, "sol_min") == 20
    assert value(panel, "midsleep_h") == pytest.approx(3)
    assert value(panel, "sri") == pytest.approx(100, abs=0.5)
    assert value(panel, "resting_hr") == pytest.approx(48, abs=3)
    assert panel.signal == STEPS
    assert "uncalibrated" in panel.signal_note
    for finding in panel.findings:
        assert finding.provenance.input_hash == panel.provenance.input_hash
        assert finding.provenance.zone == "Europe/Berlin"
        assert finding.provenance.wear_rule == "heart rate (30 min)"
        assert finding.coverage == panel.coverage
        if finding.interval is not None and not finding.metric.endswith("_h"):
            assert finding.interval[0] <= finding.interval[1]


def test_the_second_time_comes_from_the_cache(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    steps: list[Progress] = []
    first = Study(vault).panel(patient, progress=steps.append)
    assert steps
    steps.clear()
    begin = time.perf_counter()
    second = Study(vault).panel(patient, progress=steps.append)
    took = time.perf_counter() - begin
    assert not steps, "nothing was computed"
    assert took < 0.25, f"{took:.3f} s"
    assert second.findings == first.findings
    assert second.nights == first.nights
    assert np.array_equal(second.epochs.values, first.epochs.values, equal_nan=True)


def test_a_new_sample_makes_the_panel_anew(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    span = Span(BERLIN.instant_of_local(FIRST + 5), BERLIN.instant_of_local(FIRST + 15))
    before = Study(vault).panel(patient, span)
    at = BERLIN.instant_of_local(FIRST + 7, 12 * 3600)
    put(vault, patient, batch(STEPS, "Phone", [at + 30 * DAY_S, at], 60, np.array([5.0, 4000.0])))
    after = Study(vault).panel(patient, span)
    assert after.provenance.input_hash != before.provenance.input_hash
    assert value(after, "mesor") > value(before, "mesor")


def test_a_sample_of_another_kind_changes_nothing(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    study.panel(patient)
    at = BERLIN.instant_of_local(FIRST + 7)
    put(vault, patient, batch("HKQuantityTypeIdentifierBodyMass", "Scale", [at], 0, np.array([70.0])))
    steps: list[Progress] = []
    study.panel(patient, progress=steps.append)
    assert not steps


def test_another_zone_moves_the_clock_and_not_the_rhythm(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    span = Span(BERLIN.instant_of_local(FIRST + 5), BERLIN.instant_of_local(FIRST + 25))
    here = Study(vault).panel(patient, span)
    there = Study(vault).panel(patient, span, zone="UTC+05:00")
    assert value(there, "acrophase_h") == pytest.approx((value(here, "acrophase_h") + 3) % 24, abs=1e-6)
    assert value(there, "iv") == pytest.approx(value(here, "iv"), rel=1e-9)
    assert there.provenance.zone == "UTC+05:00"


def test_a_corrected_zone_timeline_makes_the_panel_anew(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    span = Span(BERLIN.instant_of_local(FIRST + 5), BERLIN.instant_of_local(FIRST + 25))
    before = Study(vault).panel(patient, span)
    found = ZoneFound(ZonePeriod(0, "Asia/Tokyo", Certainty.STATED, "corrected"), "person")
    vault.zones.put(patient, (found,))
    after = Study(vault).panel(patient, span)
    assert value(after, "midsleep_h") == pytest.approx((value(before, "midsleep_h") + 7) % 24)


def test_a_traveller_keeps_local_nights(vault: Vault) -> None:
    patient = vault.patients.add("T").id
    change = BERLIN.instant_of_local(FIRST + 10, 12 * 3600)
    periods = [(0, "Europe/Berlin"), (change, "America/New_York")]
    zone = ZoneTimeline(tuple(ZonePeriod(at, name, Certainty.STATED, "test") for at, name in periods))
    put(vault, patient, *watch_days(zone, FIRST, 20), zones=periods)
    panel = Study(vault).panel(patient)
    assert panel.provenance.zone == "Europe/Berlin → America/New_York"
    assert len(panel.nights) == 20
    hours = {round(night.midsleep_h, 3) for night in panel.nights}
    assert hours == {3.0}
    assert value(panel, "midsleep_h") == pytest.approx(3)


def test_days_of_clock_changes_have_23_and_25_hours(vault: Vault) -> None:
    patient = vault.patients.add("D", home_zone="Europe/Berlin").id
    spring = day_of_date(date(2024, 3, 31))
    put(vault, patient, *watch_days(BERLIN, spring - 6, 12))
    panel = Study(vault).panel(patient)
    minutes = {day.date: day.worn_min + day.not_worn_min + day.missing_min for day in panel.days}
    assert minutes[date(2024, 3, 31)] == 23 * 60
    assert minutes[date(2024, 3, 30)] == 24 * 60
    night = next(night for night in panel.nights if night.date == date(2024, 3, 31))
    assert night.tib_min == 510 - 60


def test_counts_are_preferred_and_scored(vault: Vault) -> None:
    epochs, _ = recording("normal")
    patient = vault.patients.add("C", home_zone="Europe/Berlin").id
    put(vault, patient, batch(ACTIVITY_COUNTS, "Actiwatch", epochs.times, 60, epochs.values))
    panel = Study(vault).panel(patient)
    assert panel.signal == ACTIVITY_COUNTS
    assert panel.wear_rule == "choi"
    assert value(panel, "is") == pytest.approx(0.6586, abs=0.01)
    assert len(panel.nights) == 21
    assert {night.method for night in panel.nights} == {"scored:cole_kripke_rescored"}
    assert any("uncalibrated for this device" in note for note in panel.notes)  # RH-35
    assert "in-bed" in " ".join(panel.notes)
    assert "went to bed" in insufficient(panel, "se_pct")
    assert insufficient(panel, "resting_hr") == "The window holds no heart rate."
    interval = panel.finding("ra")
    assert interval is not None
    assert interval.interval is not None
    assert interval.interval[0] <= value(panel, "ra") <= interval.interval[1]


def test_intervals_are_the_same_each_time(vault: Vault) -> None:
    epochs, _ = recording("shift")
    for name in ("one", "two"):
        patient = vault.patients.add(name, home_zone="Europe/Berlin").id
        put(vault, patient, batch(ACTIVITY_COUNTS, "Actiwatch", epochs.times, 60, epochs.values))
    study = Study(vault)
    one, two = (study.panel(patient.id) for patient in vault.patients.list())
    assert [f.interval for f in one.findings] == [f.interval for f in two.findings]


def test_steps_without_heart_rate_are_missing_not_zero(vault: Vault) -> None:
    patient = vault.patients.add("S", home_zone="Europe/Berlin").id
    steps = next(one for one in watch_days(BERLIN, FIRST, 10) if one.kind == STEPS)
    put(vault, patient, steps)
    panel = Study(vault).panel(patient)
    assert panel.coverage.missing > panel.coverage.worn
    assert insufficient(panel, "is") == "Needs 5 valid days, has 0."
    assert "steps cannot be scored as sleep" in insufficient(panel, "tst_min")
    assert any("No heart rate" in note for note in panel.notes)


def test_time_off_the_wrist_is_not_zero_activity(vault: Vault) -> None:
    patient = vault.patients.add("O", home_zone="Europe/Berlin").id
    beats, steps, stages, bed = watch_days(BERLIN, FIRST, 10)
    off = Span(BERLIN.instant_of_local(FIRST + 4, 9 * 3600), BERLIN.instant_of_local(FIRST + 4, 15 * 3600))
    keep = [(one.start < off.start) | (one.start >= off.stop) for one in (beats, steps)]
    cut = [_kept(one, mask) for one, mask in zip((beats, steps), keep, strict=True)]
    put(vault, patient, *cut, stages, bed)
    panel = Study(vault).panel(patient)
    day = next(day for day in panel.days if day.date == date(2024, 5, 5))
    assert day.not_worn_min == pytest.approx(360, abs=10)
    assert [bout.rule for bout in panel.wear_bouts] == ["heart rate"]


def _kept(one: object, mask: np.ndarray) -> object:
    names = ("start", "length_s", "value", "flags", "created", "origin", "extra")
    return replace(one, **{name: getattr(one, name)[mask] for name in names})  # type: ignore[type-var]


def test_too_little_data_is_an_answer(vault: Vault) -> None:
    patient = vault.patients.add("L", home_zone="Europe/Berlin").id
    put(vault, patient, *watch_days(BERLIN, FIRST, 2))
    panel = Study(vault).panel(patient)
    assert insufficient(panel, "is") == "Needs 5 valid days, has 2."
    assert insufficient(panel, "tst_min") == "Needs 3 nights, has 2."
    assert insufficient(panel, "sri") == "Needs 5 pairs of days, has 1."
    assert "4 before work days" in insufficient(panel, "social_jetlag_h")
    assert "5 consecutive nights" in insufficient(panel, "cpd_h")


def test_nobody_without_data(vault: Vault) -> None:
    patient = vault.patients.add("N").id
    with pytest.raises(NotFoundError) as caught:
        Study(vault).panel(patient)
    assert caught.value.code == "analysis.no_data"


def test_windows_and_epochs_that_do_not_fit(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    with pytest.raises(UsageError) as caught:
        Study(vault).panel(patient, Span(0, 0))
    assert caught.value.code == "analysis.span"
    with pytest.raises(UsageError) as caught:
        Study(vault).panel(patient, epoch_s=7)
    assert caught.value.code == "analysis.epoch"


def test_longer_epochs_leave_minute_metrics_open(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    panel = Study(vault).panel(patient, epoch_s=300)
    assert panel.epochs.step_s == 300
    assert panel.average_day is None
    assert "one-minute" in insufficient(panel, "is")
    assert value(panel, "tst_min") == 420


def test_work_can_be_stopped(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    cancel = CancelToken()
    with pytest.raises(CancelledError):
        Study(vault).panel(patient, progress=lambda _: cancel.cancel(), cancel=cancel)


def test_a_window_outside_the_data_is_all_missing(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    start = BERLIN.instant_of_local(FIRST - 100)
    panel = Study(vault).panel(patient, Span(start, start + 7 * DAY_S))
    assert panel.coverage.missing == panel.coverage.epochs
    assert all(finding.value is None for finding in panel.findings)


def test_days_of_levels_amounts_and_states(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    steps = study.days(patient, STEPS, merged=True)
    assert len(steps) == 40
    assert list(steps) == sorted(steps)
    samples: Samples = next(vault.series.read(s.id) for s in vault.series.list(patient) if s.kind == STEPS)
    assert sum(day.sum or 0 for day in steps.values()) == pytest.approx(samples.value.sum())
    beats = study.days(patient, HEART_RATE)
    assert beats[date(2024, 5, 2)].sum is None
    assert study.days(patient, "HKQuantityTypeIdentifierBodyMass") == {}
    with pytest.raises(UsageError):
        study.days(patient, SLEEP)


def test_naps_stand_apart(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    at = BERLIN.instant_of_local(FIRST + 30, 14 * 3600)
    put(vault, patient, batch(SLEEP, "Watch", [at, at + 2700], np.array([2700, 300]), np.array([CORE, AWAKE])))
    panel = Study(vault).panel(patient)
    assert len(panel.nights) == 28
    assert [nap.tst_min for nap in panel.naps] == [45]


def test_light_gives_time_timing_and_model_phase(vault: Vault) -> None:
    epochs, _ = recording("normal")
    patient = vault.patients.add("Light", home_zone="Europe/Berlin").id
    hour = BERLIN.local_seconds(epochs.times) % DAY_S / 3600
    lux = np.where((hour >= 8) & (hour < 20), 600.0, 0.0)
    put(
        vault,
        patient,
        batch(ACTIVITY_COUNTS, "Actiwatch", epochs.times, 60, epochs.values),
        batch(LIGHT, "Actiwatch", epochs.times, 60, lux),
    )
    panel = Study(vault).panel(patient)
    assert value(panel, "tat_500") == pytest.approx(720, abs=60)
    assert value(panel, "mlit_100_h") == pytest.approx(14, abs=0.5)
    assert value(panel, "tat_1000") == 0
    assert "brighter than 1000 lx" in insufficient(panel, "mlit_1000_h")
    study = Study(vault)
    estimates = study.phase(patient)
    assert [finding.metric for finding in estimates] == ["forger99_cbtmin_h", "hannay19_cbtmin_h"]
    for finding in estimates:
        assert finding.value is not None
        assert 2 < finding.value < 8
        assert dict(finding.provenance.parameters)["kind"] == "model estimate"
    assert study.phase(patient) == estimates


def test_without_light_there_is_no_model_phase(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    assert {finding.insufficient for finding in Study(vault).phase(patient)} == {"The window holds no measured light."}


def test_every_declared_rhythm_metric_is_answered(vault: Vault) -> None:
    epochs, _ = recording("normal")
    patient = vault.patients.add("All", home_zone="Europe/Berlin").id
    put(vault, patient, batch(ACTIVITY_COUNTS, "Actiwatch", epochs.times, 60, epochs.values))
    panel = Study(vault).panel(patient)
    answered = {finding.metric for finding in panel.findings}
    assert {metric.id for metric in METRICS if metric.family in ("circadian", "sleep", "heart", "wear")} <= answered
    assert value(panel, "dfa_alpha") == pytest.approx(1.0, abs=0.05)
    assert value(panel, "k_ra") == pytest.approx(0.0747, abs=0.01)
    assert value(panel, "lomb_scargle_period_h") == pytest.approx(24, abs=0.1)


def test_thresholds_in_counts_are_not_used_on_steps(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    panel = Study(vault).panel(patient)
    assert "not in steps" in insufficient(panel, "k_ra")
    finding = panel.finding("sigmoid_mesor")
    assert finding is not None
    assert finding.unit == "ln(steps/min)"


def test_counts_of_longer_epochs_are_said_to_be_spread(vault: Vault) -> None:
    epochs, _ = recording("normal")
    pairs = epochs.values[: len(epochs) // 2 * 2].reshape(-1, 2).sum(axis=1)
    patient = vault.patients.add("Two", home_zone="Europe/Berlin").id
    put(vault, patient, batch(ACTIVITY_COUNTS, "Actiwatch", epochs.times[: pairs.size * 2 : 2], 120, pairs))
    panel = Study(vault).panel(patient)
    assert float(np.nansum(panel.epochs.values)) == pytest.approx(float(pairs.sum()), rel=1e-6)
    assert any("epochs of 120 s" in note for note in panel.notes)


def test_shorter_epochs_are_added_up(vault: Vault) -> None:
    epochs, _ = recording("normal")
    patient = vault.patients.add("Half", home_zone="Europe/Berlin").id
    at = np.repeat(epochs.times, 2) + np.tile([0, 30], len(epochs))
    put(vault, patient, batch(ACTIVITY_COUNTS, "Actiwatch", at, 30, np.repeat(epochs.values / 2, 2)))
    panel = Study(vault).panel(patient)
    assert np.array_equal(panel.epochs.values, epochs.values)
    assert not any("epochs of" in note for note in panel.notes)


def test_heavy_libraries_stay_out() -> None:
    code = (
        "import sys, clarity_desktop.analysis.study, clarity_desktop.analysis.golden;"
        "print([name for name in ('scipy', 'polars', 'torch', 'PySide6', 'reportlab') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
