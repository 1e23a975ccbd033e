"""Writing by hand in the window: a night's grips, marked stretches, the diary by keyboard, windows compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app import Services, open_services
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import Span
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.charts.compare import CompareChart
from clarity_desktop.ui.charts.night_chart import NightChart
from clarity_desktop.ui.charts.wording import duration
from clarity_desktop.ui.dialogs.annotation import AnnotationDialog
from clarity_desktop.ui.jobs import shut_down
from clarity_desktop.ui.pages.compare import ComparePage
from clarity_desktop.ui.pages.diary import DiaryPage
from clarity_desktop.ui.pages.overview import OverviewPage
from clarity_desktop.ui.pages.sleep import SleepPage
from clarity_desktop.ui.qt import QApplication, QEvent, QPoint, Qt
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.unsaved import unsaved_texts
from clarity_desktop.ui.shell.window import Window

pytestmark = pytest.mark.slow

DAYS = 18


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("by-hand")
    opened = open_services(home=folder)
    opened.create_vault("a passphrase for tests only")
    patient = add_simulated_person(opened.vault, PEOPLE[0])
    import_recording(opened.vault, patient, simulate(PEOPLE[0], DEMO_SEED, DAYS), folder / "work")
    yield opened
    opened.close()


@pytest.fixture
def window(qapp: QApplication, services: Services) -> Iterator[Window]:
    make_application(services)
    made = make_window(services)
    made.resize(1440, 900)
    made.show()
    made.start_at(services.patients()[0].id, "sleep")
    settle(qapp)
    yield made
    made._closing = True
    made.close()
    made.deleteLater()
    shut_down()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    patient = services.patients()[0].id
    for one in services.annotations(patient):
        services.remove_annotation(patient, one.id)


@pytest.fixture
def patient(services: Services) -> str:
    return services.patients()[0].id


def page_of(window: Window, name: str, qapp: QApplication) -> object:
    window.open_page(name)
    settle(qapp)
    return window.workspace.page(name)


def on_the_lanes(window: Window, page: SleepPage) -> None:
    """Single letters act where a chart has the keyboard."""
    window.activateWindow()
    page.lanes.setFocus()


def night_of(page: SleepPage) -> date:
    assert page.recording is not None
    return page.recording.panel.nights[4].date


def test_grips_are_moved_by_key_and_the_night_follows(
    window: Window, services: Services, patient: str, qapp: QApplication, qtbot: QtBot
) -> None:
    page = page_of(window, "sleep", qapp)
    assert isinstance(page, SleepPage)
    page.show_night(night_of(page))
    settle(qapp)
    plain = page.recording.panel.nights[4] if page.recording else None
    assert plain is not None
    chart = page.lanes
    assert isinstance(chart, NightChart)
    assert page.editor.switch.isHidden(), "nothing was edited yet"
    on_the_lanes(window, page)
    qtbot.keyClick(page.lanes, Qt.Key.Key_E)
    assert chart.times is not None
    qtbot.keyClick(chart, Qt.Key.Key_4)
    qtbot.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(chart, Qt.Key.Key_2)
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert "Chosen: asleep" in chart.summary()
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    settle(qapp)
    (rest,) = services.annotations(patient)
    up = plain.out_of_bed or plain.offset
    assert rest.kind is AnnotationKind.REST
    assert rest.stop == round(up / 60) * 60 + 600
    assert rest.asleep == round((plain.onset + 60) / 60) * 60
    assert page.recording is not None
    edited = page.recording.panel.nights[4]
    assert (edited.edited, edited.out_of_bed) == (rest.id, rest.stop)
    assert page._source.text().startswith("edited by Owner")
    assert not page.editor.switch.isHidden()
    page.editor.switch.chosen.emit("computed")
    settle(qapp)
    assert page.recording.panel.nights[4] == plain
    assert page._source.text() == "as computed"
    page.editor.switch.chosen.emit("edited")
    settle(qapp)
    (row,) = page.editor.entries.rows()
    assert row.words.startswith("Rest ")
    dict(row.actions)["Undo"]()
    settle(qapp)
    assert services.annotations(patient) == []
    assert page.recording.panel.nights[4] == plain


def test_escape_gives_the_times_up_and_a_grip_is_dragged(window: Window, qapp: QApplication, qtbot: QtBot) -> None:
    page = page_of(window, "sleep", qapp)
    assert isinstance(page, SleepPage)
    chart = page.lanes
    page.editor.toggle()
    before = chart.times
    assert before is not None
    box = chart._grip_box("wake", before["wake"])
    place = QPoint(round(box.center().x()), round(box.center().y()))
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseMove(chart, place - QPoint(30, 0))
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=place - QPoint(30, 0))
    after = chart.times
    assert after is not None
    assert after["wake"] < before["wake"]
    chart.put("in_bed", after["up"] + 3600)
    held = chart.times
    assert held is not None
    assert held["in_bed"] == held["asleep"], "a grip stops at its neighbour"
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.times is None
    assert page.editor.edit_button.isVisible()


def test_x_leaves_a_night_out_and_counts_it_again(
    window: Window, services: Services, patient: str, qapp: QApplication, qtbot: QtBot
) -> None:
    page = page_of(window, "sleep", qapp)
    assert isinstance(page, SleepPage)
    page.show_night(night_of(page))
    found = page.recording.panel.finding("tst_min") if page.recording else None
    on_the_lanes(window, page)
    qtbot.keyClick(page.lanes, Qt.Key.Key_X)
    settle(qapp)
    assert [one.kind for one in services.annotations(patient)] == [AnnotationKind.LEAVE_OUT]
    assert page.recording is not None
    shown = {row[0]: row[2] for row in page.table.rows()}
    whole = [one.tst_min for one in page.recording.panel.nights if not one.incomplete]
    assert shown["Asleep"] == duration(float(np.median(whole)))
    less = page.recording.panel.finding("tst_min")
    assert less is not None
    assert found is not None
    assert less.n == (found.n or 0) - 1
    assert "Left out by Owner" in page._night_card.subtitle_label.text()
    assert page.editor.leave_button.text() == "Count in totals"
    said: list[str] = []
    page.editor.changed.connect(said.append)
    page.editor.step_back()
    settle(qapp)
    assert services.annotations(patient) == []
    page.editor.step_forward()
    settle(qapp)
    assert len(services.annotations(patient)) == 1
    assert said == ["Undone: The night counts in no total.", "Done again: The night counts in no total."]
    on_the_lanes(window, page)
    qtbot.keyClick(page.lanes, Qt.Key.Key_X)
    settle(qapp)
    assert services.annotations(patient) == []


def test_a_note_is_written_in_the_dialog_and_flagged(
    window: Window, services: Services, patient: str, qapp: QApplication, qtbot: QtBot
) -> None:
    page = page_of(window, "sleep", qapp)
    assert isinstance(page, SleepPage)
    on_the_lanes(window, page)
    qtbot.keyClick(page.lanes, Qt.Key.Key_N)
    (dialog,) = window.findChildren(AnnotationDialog)
    dialog.accept_default()
    settle(qapp)
    assert "A note needs a text." in dialog._words.line_text()
    dialog.words.setText("Building alarm")
    dialog.start.setText("yesterday")
    dialog.accept_default()
    assert "Write date and time" in dialog._start.line_text()
    assert page.recording is not None
    dialog.start.setText("2025-03-15 02:30")
    dialog.accept_default()
    settle(qapp)
    (note,) = services.annotations(patient)
    assert (note.title, page.recording.zone.format(note.start)[:16]) == ("Building alarm", "2025-03-15T02:30")
    assert [event.label for event in page.strip._events] == ["Building alarm"]


def test_edits_are_taken_back_one_by_one_and_done_again(
    window: Window, services: Services, patient: str, qapp: QApplication
) -> None:
    page = page_of(window, "sleep", qapp)
    assert isinstance(page, SleepPage)
    page.show_night(night_of(page))
    ups: list[int] = []
    for minutes in (10, 20, 30):
        page.editor.toggle()
        times = page.lanes.times
        assert times is not None
        page.lanes.put("up", times["up"] + minutes * 60)
        page.editor.keep()
        settle(qapp)
        ups.append(services.annotations(patient)[0].stop or 0)
    assert len(set(ups)) == 3
    seen: list[int | None] = []
    for step in (page.editor.step_back,) * 3 + (page.editor.step_forward,) * 3:
        step()
        settle(qapp)
        seen.append(next((one.stop for one in services.annotations(patient)), None))
    assert seen == [ups[1], ups[0], None, ups[0], ups[1], ups[2]]


def fill(page: DiaryPage, **answers: str) -> None:
    for name, words in answers.items():
        page.form.edits[name].setText(words)


def test_a_night_is_written_by_keyboard_and_the_next_begins(
    window: Window, services: Services, patient: str, qapp: QApplication, qtbot: QtBot
) -> None:
    page = page_of(window, "diary", qapp)
    assert isinstance(page, DiaryPage)
    fill(page, date="2025-03-15", in_bed="22:30", final_awakening="6:99", out_of_bed="0700")
    qtbot.keyClick(page.form.edits["in_bed"], Qt.Key.Key_Return)
    assert "24-hour clock" in page.form._fields["final_awakening"].line_text()
    assert services.diary_nights(patient) == []
    fill(page, final_awakening="6:45", latency_min="15", quality="9")
    qtbot.keyClick(page.form.edits["quality"], Qt.Key.Key_Return)
    assert "1 to 5" in page.form._fields["quality"].line_text()
    fill(page, quality="4")
    qtbot.keyClick(page.form.edits["quality"], Qt.Key.Key_Return)
    settle(qapp)
    (night,) = services.diary_nights(patient)
    assert (night.in_bed, night.tried, night.final_awakening, night.quality) == (1350, 1350, 405, 4)
    assert page.form.edits["date"].text() == "2025-03-16"
    assert page.form.edits["in_bed"].text() == ""
    assert page.table.rows()[0][:2] == ("Sat 15 Mar", "22:30")
    page.undo_button.click()
    settle(qapp)
    assert services.diary_nights(patient) == []


def test_agreement_and_free_days_stand_on_the_diary_page(
    window: Window, services: Services, patient: str, qapp: QApplication
) -> None:
    page = page_of(window, "diary", qapp)
    assert isinstance(page, DiaryPage)
    rows = page.agreement.rows()
    assert any(row[0].startswith("Scored activity − stages: time asleep") for row in rows)
    assert page.chart.table() is not None
    page.free.boxes[4].click()
    settle(qapp)
    assert services.free_days(patient).weekdays == frozenset({4, 5, 6})
    page.free.day.setText("2025-03-20")
    page.free._add_day()
    settle(qapp)
    assert services.free_days(patient).exceptions == {date(2025, 3, 20): True}
    dict(page.free.dates.rows()[0].actions)["Remove"]()
    page.free.forget_button.click()
    settle(qapp)
    assert services.free_days(patient).words == "Saturday and Sunday (assumed)"


def test_the_toolbar_keeps_hidden_what_a_page_has_hidden(window: Window, qapp: QApplication) -> None:
    for name in ("sleep", "overview", "sleep"):
        page = page_of(window, name, qapp)
        settle(qapp)
    assert isinstance(page, SleepPage)
    editor = page.editor
    assert editor.edit_button.isVisible()
    assert editor.leave_button.isVisible()
    assert not editor.keep_button.isVisible()
    assert not editor.cancel_button.isVisible()


def test_rh68_the_raster_tints_the_days_that_are_free_for_the_person(
    window: Window, services: Services, patient: str, qapp: QApplication
) -> None:
    services.set_free_weekdays(patient, frozenset({2}))
    page = page_of(window, "overview", qapp)
    assert isinstance(page, OverviewPage)
    settle(qapp)
    assert "Free days are tinted: Wednesday (entered)." in page._raster.summary()
    services.set_free_weekdays(patient, None)
    settle(qapp)
    assert "Saturday and Sunday (assumed)" in page._raster.summary()


def test_windows_around_an_event_are_compared_and_drawn(
    window: Window, services: Services, patient: str, qapp: QApplication, qtbot: QtBot
) -> None:
    zone = services.zone_timeline(patient)
    noon = zone.instant_of_local(20167, 12 * 3600)
    services.save_annotation(patient, Annotation(AnnotationKind.MEDICATION, noon, None, "Tablet"))
    page = page_of(window, "compare", qapp)
    assert isinstance(page, ComparePage)
    settle(qapp)
    assert page.choice.mode.value() == "event"
    assert page.choice.edits["event"].text() == "2025-03-20"
    page.choice.edits["days"].setText("8")
    qtbot.keyClick(page.choice.edits["days"], Qt.Key.Key_Return)
    settle(qapp)
    rows = page.table.rows()
    assert len(rows) >= 10
    assert all(len(row) == 7 for row in rows)
    page.table.open_row(6)
    assert isinstance(page.chart, CompareChart)
    table = page.chart.table()
    assert table is not None
    assert len(table.rows) == 8
    assert page.chart.summary().startswith(rows[6][0])
    page.choice.edits["days"].setText("many")
    page.compare()
    assert "number of days" in page.choice._fields["days"].line_text()
    place = page.place()
    page.choice.suggest(date(2025, 3, 10), date(2025, 3, 27))
    page.compare()
    settle(qapp)
    assert page.choice.mode.value() == "windows"
    page.restore(place)
    assert page.choice.mode.value() == "event"


def test_an_event_is_removed_with_a_way_back(
    window: Window, services: Services, patient: str, qapp: QApplication
) -> None:
    zone = services.zone_timeline(patient)
    services.save_annotation(
        patient, Annotation(AnnotationKind.TRAVEL, zone.instant_of_local(20160), zone.instant_of_local(20162), "Lisbon")
    )
    page = page_of(window, "compare", qapp)
    assert isinstance(page, ComparePage)
    settle(qapp)
    (row,) = page.events.list.rows()
    assert row.words == "Lisbon"
    dict(row.actions)["Remove"]()
    settle(qapp)
    assert services.annotations(patient) == []
    back = page.events.list.rows()[0]
    assert back.words == "Lisbon is removed"
    dict(back.actions)["Undo"]()
    settle(qapp)
    assert [one.title for one in services.annotations(patient)] == ["Lisbon"]


def test_a_stretch_of_the_strip_becomes_an_event(window: Window, qapp: QApplication) -> None:
    page = page_of(window, "compare", qapp)
    assert isinstance(page, ComparePage)
    assert page._ground is not None
    whole = page._ground.whole
    assert whole is not None
    page.strip.period_chosen.emit(Span(whole.start + 86_400, whole.start + 3 * 86_400))
    (dialog,) = window.findChildren(AnnotationDialog)
    assert dialog.stop.text()
    dialog.dismiss()


def test_a_table_with_an_error_is_said_and_stores_nothing(
    services: Services, window: Window, patient: str, qapp: QApplication, tmp_path: Path
) -> None:
    from clarity_desktop.ui.dialogs.error import ErrorDialog

    page = page_of(window, "diary", qapp)
    assert isinstance(page, DiaryPage)
    path = tmp_path / "diary.csv"
    path.write_text("date,in_bed,final_awakening,out_of_bed\n2025-03-15,22:30,6:30,x\n", encoding="utf-8")
    page.import_diary(path)
    settle(qapp)
    (dialog,) = window.findChildren(ErrorDialog)
    assert "Row 2, column “out_of_bed”" in dialog.error.message
    dialog.dismiss()
    assert services.diary_nights(patient) == []


def test_v21_what_is_typed_of_a_night_is_kept_over_a_lock(window: Window, patient: str, qapp: QApplication) -> None:
    page = page_of(window, "diary", qapp)
    assert isinstance(page, DiaryPage)
    fill(page, comments="Woke early", in_bed="22:30")
    kept = {(one.place, one.text, one.patient_id) for one in unsaved_texts(window, patient)}
    assert ("diary/Comments", "Woke early", patient) in kept
    assert ("diary/Got into bed", "22:30", patient) in kept
    page.form.show_night(MAKERS["plain"]())
    assert not [one for one in unsaved_texts(window, patient) if one.place.startswith("diary/")]
    page.form.clear()


MAKERS: dict[str, Callable[[], DiaryNight]] = {
    "plain": lambda: DiaryNight(date(2025, 3, 15), 1350, 1360, 400, 420, 10.0, 1, 5.0, 3, 0, 0.0, "quiet"),
    "sparse": lambda: DiaryNight(date(2025, 3, 15), 1350, 1350, 400, 420),
}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_stored_night_fills_the_form_as_it_was(qapp: QApplication, qtbot: QtBot, name: str) -> None:
    from clarity_desktop.ui.pages.diary_form import DiaryForm

    night = MAKERS[name]()
    form = DiaryForm()
    qtbot.addWidget(form)
    heard: list[DiaryNight] = []
    form.written.connect(heard.append)
    form.show_night(night)
    form.store()
    assert heard == [night]


def test_rh36_a_person_with_a_diary_alone_sees_nights(window: Window, services: Services, qapp: QApplication) -> None:
    patient = services.add_patient("Diary alone", home_zone="Europe/Berlin")
    window.open_patient(patient.id, "sleep")
    settle(qapp)
    page = window.workspace.page("sleep")
    assert isinstance(page, SleepPage)
    assert page.recording is None
    for day in (2, 3, 4):
        services.save_diary_night(patient.id, DiaryNight(date(2024, 5, day), 1350, 1360, 400, 420, latency_min=10.0))
    settle(qapp)
    assert page.recording is not None
    assert [night.method for night in page.recording.panel.nights] == ["diary"] * 3
    assert page.table.rows()[1][1] == "7 h 50"
    assert "Diary" in page.lanes.summary()
    window.open_patient(patient.id, "circadian")
    settle(qapp)
    assert window.workspace.page("circadian").isVisible()
