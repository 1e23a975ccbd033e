"""The pages of time against a real vault: what they show is what the panel holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import clarity_desktop.ui as ui
from clarity_desktop.app import Services, open_services
from clarity_desktop.app.rhythm import fragmentation_index
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import LockedError
from clarity_desktop.domain.kinds import HEART_RATE, SLEEP, STEPS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.ui import jobs, theme
from clarity_desktop.ui.charts.wording import number
from clarity_desktop.ui.components.period_bar import last_days, step_period
from clarity_desktop.ui.pages.circadian import CircadianPage, rhythm_rows
from clarity_desktop.ui.pages.metric_views import CARD_METRICS, metric_views, rests_on_words
from clarity_desktop.ui.pages.overview import OverviewPage
from clarity_desktop.ui.pages.sleep import SleepPage, night_rows
from clarity_desktop.ui.pages.study_page import StudyPage
from clarity_desktop.ui.pages.timeline import TimelinePage, of_best_source
from clarity_desktop.ui.qt import QApplication, Qt

DAYS = 14
PASSPHRASE = "a passphrase for tests only"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with a regular sleeper and a traveller (14 days), three days of another, and someone without data."""
    folder = tmp_path_factory.mktemp("study-pages")
    services = open_services(home=folder)
    services.create_vault(PASSPHRASE)
    for person, days in ((PEOPLE[0], DAYS), (PEOPLE[4], DAYS), (PEOPLE[2], 3)):
        patient = add_simulated_person(services.vault, person)
        import_recording(services.vault, patient, simulate(person, DEMO_SEED, days), folder / "work")
    services.add_patient("Without data")
    services.close()
    return folder


@pytest.fixture
def services(home: Path, qapp: QApplication) -> Iterator[Services]:
    theme.install(qapp, "light")
    opened = open_services(home=home)
    opened.unlock(PASSPHRASE)
    yield opened
    jobs.shut_down()
    opened.close()


@pytest.fixture
def patient_of(services: Services) -> Callable[[str], Patient]:
    return lambda words: next(patient for patient in services.patients() if words in patient.name)


@pytest.fixture
def settle(qtbot: object) -> Callable[[StudyPage], None]:
    """Wait until a page has read all it asked for."""

    def wait(page: StudyPage) -> None:
        page.resize(1240, 740)
        page.show()
        qtbot.waitUntil(lambda: page.recording is not None, timeout=20_000)  # type: ignore[attr-defined]
        qtbot.wait(120)  # type: ignore[attr-defined]
        qtbot.waitUntil(lambda: not jobs.board().is_busy, timeout=20_000)  # type: ignore[attr-defined]

    return wait


Settle = Callable[[StudyPage], None]
PatientOf = Callable[[str], Patient]


def test_cards_say_what_the_panel_holds(services: Services, patient_of: PatientOf, settle: Settle) -> None:
    page = OverviewPage(services)
    patient = patient_of("Regular")
    page.show_patient(patient)
    settle(page)
    panel = services.panel(patient.id)
    for metric in CARD_METRICS:
        finding, view = panel.finding(metric), page._cards[metric].view
        assert finding is not None
        assert view.insufficient is (finding.value is None)
        assert len(view.cells) == len(panel.days)
        assert page._cards[metric].accessibleName().startswith(view.title)
        if finding.value is not None and metric != "sri":
            assert str(finding.n) in view.rests_on
    efficiency = panel.finding("se_pct")
    assert efficiency is not None
    assert efficiency.value is not None
    assert page._cards["se_pct"].view.value == str(round(efficiency.value))
    assert page._cards["tst_min"].view.reference == "band 7–9 h"  # 18–64 years
    assert page._asleep._band is not None
    assert page._raster.simulated
    assert not page._week.message()
    assert page.footer() is page.strip
    assert not page.strip.message()


def test_no_band_without_an_age(services: Services, patient_of: PatientOf) -> None:
    panel = services.panel(patient_of("Regular").id)
    views = metric_views(panel, None)
    assert {view.reference for view in views.values()} == {"no range"}


def test_too_little_data_is_insufficient_with_the_reason(
    services: Services, patient_of: PatientOf, settle: Settle
) -> None:
    page = OverviewPage(services)
    page.show_patient(patient_of("Delayed"))
    settle(page)
    view = page._cards["sri"].view
    assert view.insufficient
    assert view.value == ""
    assert view.detail.startswith("Needs")
    assert "insufficient" in page._cards["sri"].accessibleName()


def test_someone_without_data_is_offered_an_import(services: Services, patient_of: PatientOf, qtbot: object) -> None:
    page = OverviewPage(services)
    page.show_patient(patient_of("Without"))
    qtbot.waitUntil(lambda: page._stack.currentWidget() is page._empty, timeout=10_000)  # type: ignore[attr-defined]
    page.show_patient(None)
    assert page._stack.currentWidget() is page._nobody


def test_an_error_is_shown_in_place(services: Services, patient_of: PatientOf, qtbot: object) -> None:
    page = OverviewPage(services)
    patient = patient_of("Regular")
    services.lock()
    page.show_patient(patient)
    qtbot.waitUntil(lambda: page._stack.currentWidget() is page._error, timeout=10_000)  # type: ignore[attr-defined]
    with pytest.raises(LockedError):
        services.panel(patient.id)


def test_nights_follow_keys_and_stay_in_the_place(
    services: Services, patient_of: PatientOf, settle: Settle, qtbot: object
) -> None:
    page = SleepPage(services)
    patient = patient_of("Regular")
    page.show_patient(patient)
    settle(page)
    nights = services.panel(patient.id).nights
    assert page._date == nights[-1].date
    page.activateWindow()
    page.nights.setFocus()
    qtbot.keyClick(page.nights, Qt.Key.Key_Comma)  # type: ignore[attr-defined]
    assert page._date == nights[-2].date
    assert page.after.isEnabled()
    assert page.lanes.shown_span.start < nights[-2].onset < nights[-2].offset < page.lanes.shown_span.stop
    place = page.place()
    page.show_night(nights[0].date)
    assert not page.before.isEnabled()
    page.restore(place)
    assert page._date == nights[-2].date


def test_rh40_a_night_shows_its_fragmentation_beside_the_own_median(services: Services, patient_of: PatientOf) -> None:
    panel = services.panel(patient_of("Regular").id)
    night = panel.nights[3]
    value, median = fragmentation_index(night), panel.finding("fragmentation_pct")
    assert value is not None
    assert median is not None
    assert median.value is not None
    rows = {row[0]: row[1:] for row in night_rows(night, panel)}
    assert rows["Fragmentation index"] == (f"{number(value, 1)} %", f"{number(median.value, 1)} %")


def test_the_table_compares_with_the_own_median(services: Services, patient_of: PatientOf) -> None:
    panel = services.panel(patient_of("Regular").id)
    night = panel.nights[3]
    rows = {row[0]: row[1:] for row in night_rows(night, panel)}
    assert rows["Sleep efficiency"][0] == f"{round(night.se_pct or 0)} %"
    ordered = sorted(one.awakenings for one in panel.nights)
    middle = (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2
    assert rows["Awakenings / ≥ 5 min"][1].startswith(f"{middle:.0f}")
    assert set(rows) >= {"Time in bed", "Asleep", "Sleep onset latency", "Awake after onset", "REM latency"}


@pytest.mark.slow
def test_the_rhythm_table_has_intervals_and_what_they_rest_on(
    services: Services, patient_of: PatientOf, settle: Settle
) -> None:
    page = CircadianPage(services)
    patient = patient_of("Regular")
    page.show_patient(patient)
    settle(page)
    panel = services.panel(patient.id, details=True)
    rows, tips = rhythm_rows(panel)
    assert page.table.rows()[:-1] == rows
    assert page.table.rows()[-1][0] == "Period, Lomb–Scargle"
    assert len(tips) == len(rows)
    stability = next(row for row in rows if row[0].startswith("Interdaily"))
    finding = panel.finding("is")
    assert finding is not None
    assert finding.value is not None
    assert stability[1] == f"{finding.value:.2f}"
    assert stability[3] == f"{finding.n} d"
    assert page.actogram.note().startswith("full bar")
    page.origin.set_value("midnight")
    page._lay_actogram()
    settle(page)
    assert "midnight" in page.actogram.subtitle()


@pytest.mark.slow
def test_a_row_without_value_gives_the_reason(services: Services, patient_of: PatientOf) -> None:
    rows, _ = rhythm_rows(services.panel(patient_of("Delayed").id))
    assert any(row[3].startswith("!Needs") for row in rows)


def test_timeline_lanes_are_chosen_and_read(services: Services, patient_of: PatientOf, settle: Settle) -> None:
    page = TimelinePage(services)
    patient = patient_of("Traveller")
    page.show_patient(patient)
    settle(page)
    recording = page.recording
    assert recording is not None
    kinds = page.available(recording)
    assert HEART_RATE in kinds
    assert SLEEP in kinds
    lanes = {content.spec.id: content for content in page.lanes._lanes}
    assert set(lanes) >= {STEPS, HEART_RATE, "stages"}
    assert lanes[HEART_RATE].columns is not None
    assert lanes["stages"].segments
    page.choose_series((HEART_RATE,))
    assert [content.spec.id for content in page.lanes._lanes] == [HEART_RATE]
    page.show_period(Span(recording.whole.start, recording.whole.start + 3 * DAY_S))
    settle(page)
    assert page.lanes.shown_span.length_s == 3 * DAY_S
    assert page.strip._window == page.lanes.shown_span


def test_periods_step_by_local_days_and_stay_inside() -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    whole = Span(zone.instant_of_local(20_100, 3600), zone.instant_of_local(20_200, 7200))
    last = last_days(zone, whole, 28)
    assert zone.local_seconds(np.array([last.start]))[0] % DAY_S == 0
    assert last.stop == whole.stop
    before = step_period(zone, whole, last, -1)
    assert before.stop == last.start
    assert step_period(zone, whole, before, 1).stop == whole.stop
    for _ in range(10):
        before = step_period(zone, whole, before, -1)
    assert before.start == whole.start
    assert last_days(zone, whole, 1000) == whole


def test_moving_the_strip_reads_that_window(services: Services, patient_of: PatientOf, settle: Settle) -> None:
    page = OverviewPage(services)
    page.show_patient(patient_of("Regular"))
    settle(page)
    whole = page.recording.whole if page.recording is not None else Span(0, 0)
    first_week = Span(whole.start, whole.start + 7 * DAY_S)
    page.strip.window_changed.emit(first_week)
    settle(page)
    assert page.recording is not None
    assert page.recording.panel.span == first_week
    assert page.place() == {"span": (first_week.start, first_week.stop)}


def test_changes_of_others_do_not_read_again(services: Services, patient_of: PatientOf, settle: Settle) -> None:
    page = OverviewPage(services)
    patient = patient_of("Regular")
    page.show_patient(patient)
    settle(page)
    before = page.recording
    page.on_changes(Changes(Change.SAMPLES, ("someone else",)))
    settle(page)
    assert page.recording is before
    page.on_changes(Changes(Change.SAMPLES, (patient.id,)))
    settle(page)
    assert page.recording is not before


def test_stages_come_from_one_source() -> None:
    watch = tuple(SleepSegment(k * 600, k * 600 + 600, Stage.CORE, "Watch") for k in range(5))
    app = tuple(SleepSegment(k * 600, k * 600 + 600, Stage.ASLEEP, "App") for k in range(9))
    bed = (SleepSegment(-600, 6000, Stage.IN_BED, "Phone"),)
    assert {segment.source for segment in of_best_source(watch + app + bed)} == {"Watch", "Phone"}
    assert {segment.source for segment in of_best_source(app)} == {"App"}
    assert of_best_source(()) == ()


def test_nights_belong_to_dates_one_after_another(services: Services, patient_of: PatientOf) -> None:
    panel: Panel = services.panel(patient_of("Regular").id)
    dates = [night.date for night in panel.nights]
    assert all(after - before >= timedelta(days=1) for before, after in pairwise(dates))
    finding = panel.finding("tst_min")
    assert finding is not None
    assert rests_on_words(finding, len(dates)) == f"{finding.n} of {len(dates)} nights"


def test_no_colour_is_written_into_the_pages() -> None:
    root = Path(ui.__file__ or "").parent
    for folder in ("charts", "pages", "components"):
        for source in (root / folder).glob("*.py"):
            assert not re.search(r"#[0-9A-Fa-f]{6}\b", source.read_text("utf-8")), source.name
