"""The import page after the first import: vanished records, undo, zones, sources, interrupted imports, folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app.import_batch import BatchState
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.work import CancelToken, CancelWay, Progress
from clarity_desktop.ui.dialogs.chart_table import ChartTableSheet
from clarity_desktop.ui.dialogs.choose_patient import ImportChoice
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.pages.import_aftermath import UnfinishedRow, VanishedCard
from clarity_desktop.ui.pages.import_batch import BatchCard
from clarity_desktop.ui.pages.import_cards import JobCard
from clarity_desktop.ui.pages.imports import ImportPage
from clarity_desktop.ui.qt import QAbstractButton, QWidget
from clarity_desktop.ui.shell.window import Window

pytestmark = pytest.mark.slow

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
STEPS = "HKQuantityTypeIdentifierStepCount"
Rest = Callable[[], None]


def button(widget: QWidget, text: str) -> QAbstractButton:
    return next(one for one in widget.findChildren(QAbstractButton) if one.text() == text and one.isVisible())


@pytest.fixture
def page(window: Window, rest: Rest) -> ImportPage:
    window.open_page("import")
    rest()
    found = window.workspace.page("import")
    assert isinstance(found, ImportPage)
    return found


def test_what_has_vanished_is_listed_brought_back_and_the_import_undone(
    window: Window, page: ImportPage, rest: Rest
) -> None:
    services = window.services
    patient_id = services.import_file(DATA / "sample_small.zip", new_name="Robin").patient_id or ""
    services.import_file(DATA / "sample_later.zip", patient_id=patient_id)
    rest()
    page.open_report(services.imports(patient_id)[1])
    rest()
    (card,) = page.report_view.findChildren(VanishedCard)
    button(card, "Show all 11").click()
    rest()
    (sheet,) = window.findChildren(ChartTableSheet)
    assert sheet.view is not None
    assert sheet.view.model().rowCount() == 11
    sheet.dismiss()
    button(card, "Bring back").click()
    rest()
    assert all(one.kept for one in services.vanished(patient_id))
    button(page.report_view, "Undo this import").click()
    rest()
    question = next(one for one in window.findChildren(Sheet) if one.isVisible())
    button(question, "Undo this import").click()
    rest()
    assert [one.outcome for one in services.imports(patient_id)] == [ImportOutcome.OK, ImportOutcome.UNDONE]
    assert page.report_view.report is not None
    assert page.report_view.report.outcome is ImportOutcome.UNDONE


def test_zones_are_set_by_hand_and_taken_back(window: Window, page: ImportPage, rest: Rest) -> None:
    services = window.services
    patient_id = services.import_file(DATA / "sample_small.zip", new_name="Robin").patient_id or ""
    before = services.days(patient_id, STEPS, merged=True)
    sheet = page.open_zones(patient_id)
    rest()
    sheet.table.choose(0)
    sheet.first.setText("2021-02-20")
    sheet.until.setText("2021-02-10")
    assert not sheet.set.isEnabled()
    sheet.until.setText("2021-02-27")
    sheet.zone.set_value("America/New_York")
    assert sheet.set.isEnabled()
    sheet.set.click()
    rest()
    assert [one.zone for one in services.zone_corrections(patient_id)] == ["America/New_York"]
    assert services.days(patient_id, STEPS, merged=True) != before
    sheet.reset.click()
    rest()
    assert services.days(patient_id, STEPS, merged=True) == before
    assert not sheet.reset.isEnabled()
    sheet.dismiss()


def test_the_order_of_sources_is_changed_and_a_day_explained(window: Window, page: ImportPage, rest: Rest) -> None:
    services = window.services
    patient_id = services.import_file(DATA / "trap_steps.xml", new_name="Ada", zone="Europe/Berlin").patient_id or ""
    days = services.days(patient_id, STEPS, merged=True)
    day = next(day for day, one in days.items() if len(one.by_source) == 2)
    sheet = page.open_sources(patient_id)
    rest()
    sheet.day.setText(day.isoformat())
    sheet._explain()
    rest()
    first = services.source_order(patient_id, STEPS)
    assert sheet.account.model().rowCount() >= 3
    assert "merged" in sheet.total.text()
    sheet.table.choose(0)
    sheet.down.click()
    rest()
    assert services.source_order(patient_id, STEPS) == first[::-1]
    sheet.default.click()
    rest()
    assert services.source_order(patient_id, STEPS) == first
    assert services.days(patient_id, STEPS, merged=True) == days
    sheet.dismiss()


def test_an_interrupted_import_is_shown_and_goes_on(
    window: Window, page: ImportPage, rest: Rest, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clarity_desktop.domain.errors import CancelledError
    from clarity_desktop.importers.healthkit import container

    monkeypatch.setattr(container.open_export.__wrapped__, "__defaults__", (64 << 10,))
    services, token = window.services, CancelToken(CancelWay.PAUSE)

    def pause(progress: Progress) -> None:
        if progress.step == "Reading records" and (progress.share or 0) > 0.3:
            token.cancel()

    with pytest.raises(CancelledError):
        services.import_file(DATA / "sample_small.zip", new_name="Robin", progress=pause, cancel=token)
    page.reload()
    rest()
    (row,) = page.findChildren(UnfinishedRow)
    button(row, "Go on").click()
    qtbot.waitUntil(lambda: bool(board().jobs) and all(job.is_over for job in board().jobs), timeout=60_000)
    rest()
    assert board().jobs[-1].state is JobState.FINISHED
    assert board().jobs[-1].result.resumed_at
    assert services.unfinished_imports() == []
    assert not page.findChildren(UnfinishedRow)


def test_another_persons_file_is_asked_about(window: Window, page: ImportPage, rest: Rest, qtbot: QtBot) -> None:
    from datetime import date

    patient = window.services.add_patient("Ada", birth_date=date(1950, 1, 1))
    rest()
    page.start(ImportChoice((DATA / "sample_small.zip",), patient.id, None, None))
    qtbot.waitUntil(lambda: bool(board().jobs) and all(job.is_over for job in board().jobs), timeout=60_000)
    rest()
    assert window.services.series(patient.id) == []
    (card,) = page.findChildren(JobCard)
    button(card, "Say whose it is").click()
    rest()
    question = next(one for one in window.findChildren(Sheet) if one.isVisible())
    button(question, "It is Ada's").click()
    qtbot.waitUntil(lambda: len(board().jobs) == 2 and board().jobs[1].is_over, timeout=60_000)
    rest()
    assert window.services.series(patient.id)


def test_a_folder_of_people_is_planned_and_imported(
    window: Window, page: ImportPage, rest: Rest, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    for name, file in (("Ada", "trap_steps.xml"), ("Kim", "bad_text.xml")):
        (folder / name).mkdir(parents=True)
        shutil.copy(DATA / file, folder / name)
    page.plan_folder(folder)
    rest()
    (card,) = page.findChildren(BatchCard)
    assert [one.state for one in card.steps] == [BatchState.WAITING] * 2
    card.start.click()
    qtbot.waitUntil(lambda: bool(board().jobs) and all(job.is_over for job in board().jobs), timeout=60_000)
    rest()
    assert [one.state for one in card.steps] == [BatchState.DONE, BatchState.NOT_DONE]
    assert {one.name for one in window.services.patients()} >= {"Ada"}
    card.close_button.click()
    rest()
    assert not page.findChildren(BatchCard)
