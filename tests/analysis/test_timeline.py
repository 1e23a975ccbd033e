"""Columns of a time chart hold every extreme, near and far."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from vault_data import batch, put, watch_days

from clarity_desktop.analysis.stage_records import stage_of_label
from clarity_desktop.analysis.timeline import series_overview, stages_between, timeline_at_hand, timeline_columns
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.kinds import HEART_RATE, SLEEP, STEPS
from clarity_desktop.domain.sleep import Stage
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.vault import Vault

BERLIN = ZoneTimeline.single("Europe/Berlin")
FIRST = day_of_date(date(2024, 5, 1))
MASS = "HKQuantityTypeIdentifierBodyMass"


@pytest.fixture
def watch(vault: Vault) -> tuple[Vault, str]:
    patient = vault.patients.add("A", home_zone="Europe/Berlin").id
    put(vault, patient, *watch_days(BERLIN, FIRST, 60))
    return vault, patient


@pytest.mark.parametrize(("days", "columns"), [(60, 300), (60, 720), (2, 400), (60, 4000)])
def test_drawn_extremes_are_raw_extremes(watch: tuple[Vault, str], days: int, columns: int) -> None:
    vault, patient = watch
    start = BERLIN.instant_of_local(FIRST)
    span = Span(start, start + days * DAY_S)
    drawn = timeline_columns(vault, patient, HEART_RATE, span, columns)
    raw = next(vault.series.read(s.id, span) for s in vault.series.list(patient) if s.kind == HEART_RATE)
    assert len(drawn) == columns
    assert drawn.unit == "1/min"
    assert np.nanmax(drawn.maximum) == np.float32(raw.value.max())
    assert np.nanmin(drawn.minimum) == np.float32(raw.value.min())
    some = np.isfinite(drawn.mean)
    assert (drawn.minimum[some] <= drawn.mean[some] + 1e-3).all()
    assert (drawn.mean[some] <= drawn.maximum[some] + 1e-3).all()


@pytest.mark.parametrize("hours", [2, 20, 200, 1400])
def test_dense_series_are_drawn_from_levels_with_their_extremes(vault: Vault, hours: int) -> None:
    patient = vault.patients.add("D").id
    random = np.random.default_rng(3)
    at = 1_700_000_000 + np.arange(0, 1500 * 3600, 4)
    value = random.normal(70, 9, at.size)
    put(vault, patient, batch(HEART_RATE, "Strap", at, 0, value))
    span = Span(1_700_000_000 + 30 * 3600, 1_700_000_000 + (30 + hours) * 3600)
    inside = value[(at >= span.start) & (at < span.stop)]
    for _ in range(2):  # made, and found
        drawn = timeline_columns(vault, patient, HEART_RATE, span, 600)
        assert np.nanmax(drawn.maximum) == np.float32(inside.max())
        assert np.nanmin(drawn.minimum) == np.float32(inside.min())
        assert np.nanmean(drawn.mean) == pytest.approx(inside.mean(), abs=0.05)
        assert np.isfinite(drawn.mean).all()
        vault.levels.forget()


def test_near_columns_are_the_samples(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    start = BERLIN.instant_of_local(FIRST + 3)
    drawn = timeline_columns(vault, patient, HEART_RATE, Span(start, start + 3600), 60)
    samples = next(
        vault.series.read(s.id, Span(start, start + 3600)) for s in vault.series.list(patient) if s.kind == HEART_RATE
    )
    assert np.count_nonzero(np.isfinite(drawn.mean)) == len(samples) == 12
    assert drawn.mean[0] == np.float32(samples.value[0])
    assert np.isnan(drawn.mean[1])


def test_units_become_canonical(vault: Vault) -> None:
    patient = vault.patients.add("U").id
    one = batch(MASS, "Scale", [DAY_S, 40 * DAY_S], 0, np.array([150.0, 154.0]))
    object.__setattr__(one, "unit", "lb")
    put(vault, patient, one)
    for columns, span in ((10, Span(0, 50 * DAY_S)), (100, Span(DAY_S - 50, DAY_S + 50))):
        drawn = timeline_columns(vault, patient, MASS, span, columns)
        assert drawn.unit == "kg"
        assert np.nanmin(drawn.minimum) == pytest.approx(150 * 0.45359237)


def test_a_long_sample_fills_its_columns(vault: Vault) -> None:
    patient = vault.patients.add("L").id
    put(vault, patient, batch(STEPS, "Phone", [1000], 600, np.array([60.0])))
    drawn = timeline_columns(vault, patient, STEPS, Span(0, 2000), 20)
    assert np.flatnonzero(np.isfinite(drawn.mean)).tolist() == [10, 11, 12, 13, 14, 15]


def test_nothing_there_is_nan(vault: Vault) -> None:
    patient = vault.patients.add("N").id
    drawn = timeline_columns(vault, patient, HEART_RATE, Span(0, 1000), 5)
    assert np.isnan(drawn.mean).all()
    assert drawn.title == "Heart rate"


@pytest.mark.parametrize(("columns", "span"), [(0, Span(0, 10)), (100_000, Span(0, 10)), (5, Span(5, 5))])
def test_windows_that_do_not_fit(vault: Vault, columns: int, span: Span) -> None:
    with pytest.raises(UsageError):
        timeline_columns(vault, "nobody", HEART_RATE, span, columns)


def test_stages_and_overview(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    span = BERLIN.day_span(FIRST + 5)
    found = stages_between(vault, patient, span)
    assert {segment.source for segment in found} == {"Watch", "Phone"}
    assert {segment.stage for segment in found} == {Stage.IN_BED, Stage.AWAKE, Stage.CORE, Stage.DEEP, Stage.REM}
    assert all(segment.start < span.stop and segment.stop > span.start for segment in found)
    assert list(found) == sorted(found, key=lambda s: (s.start, s.stop, s.source))
    overview = series_overview(vault, patient)
    assert set(overview) == {HEART_RATE, STEPS, SLEEP}
    assert list(series_overview(vault, patient, [STEPS])) == [STEPS]


@pytest.mark.parametrize(
    ("label", "stage"),
    [
        ("HKCategoryValueSleepAnalysisInBed", Stage.IN_BED),
        ("HKCategoryValueSleepAnalysisAsleep", Stage.ASLEEP),
        ("HKCategoryValueSleepAnalysisAsleepUnspecified", Stage.ASLEEP),
        ("HKCategoryValueSleepAnalysisAsleepREM", Stage.REM),
        ("HKCategoryValueSleepAnalysisAwake", Stage.AWAKE),
        ("light", Stage.CORE),
        ("HKCategoryValueNotApplicable", None),
    ],
)
def test_labels(label: str, stage: Stage | None) -> None:
    assert stage_of_label(label) is stage


def test_a_coarser_picture_stands_in_until_dense_samples_are_open(vault: Vault) -> None:
    patient = vault.patients.add("D").id
    at = 1_700_000_000 + np.arange(0, 40 * 24 * 3600, 3)
    value = np.random.default_rng(4).normal(70, 9, at.size)
    put(vault, patient, batch(HEART_RATE, "Strap", at, 0, value))
    span = Span(1_700_000_000 + 100 * 3600, 1_700_000_000 + 101 * 3600)
    assert timeline_at_hand(vault, patient, HEART_RATE, span, 1200) is None, "no level was made yet"
    assert vault.levels.prepare(patient) > 0
    vault.levels.forget()
    coarse = timeline_at_hand(vault, patient, HEART_RATE, span, 1200)
    assert coarse is not None
    assert len(coarse) == span.length_s // 15
    assert np.isfinite(coarse.mean).all()
    fine = timeline_columns(vault, patient, HEART_RATE, span, 1200)
    assert (coarse.unit, coarse.start, coarse.stop) == (fine.unit, fine.start, fine.stop)
    assert np.nanmax(fine.maximum) <= np.nanmax(coarse.maximum)
    assert np.nanmean(coarse.mean) == pytest.approx(np.nanmean(fine.mean), abs=0.2)
    assert timeline_at_hand(vault, patient, HEART_RATE, span, 1200) is None, "the samples are in memory now"
    vault.levels.forget()
    far = Span(span.start, span.start + 20 * 24 * 3600)
    assert timeline_at_hand(vault, patient, HEART_RATE, far, 1200) is None, "levels are read there anyway"


def test_sparse_series_need_no_coarser_picture(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    whole = series_overview(vault, patient)[HEART_RATE]
    vault.levels.forget()
    assert timeline_at_hand(vault, patient, HEART_RATE, Span(whole.start, whole.start + 3600), 600) is None
    assert timeline_at_hand(vault, patient, "nothing-of-this-kind", Span(0, 60), 600) is None
