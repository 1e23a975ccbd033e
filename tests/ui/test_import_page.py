"""Dropping a file on the window, to its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.domain.time import Span
from clarity_desktop.ui.dialogs.choose_patient import ChoosePatientDialog
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.pages.import_cards import JobCard
from clarity_desktop.ui.pages.import_coverage import coverage_of
from clarity_desktop.ui.pages.import_table import TypeTable
from clarity_desktop.ui.pages.imports import ImportPage
from clarity_desktop.ui.qt import QAbstractButton, QDropEvent, QMimeData, QPointF, Qt, QUrl
from clarity_desktop.ui.shell.drop import files_of
from clarity_desktop.ui.shell.window import Window


def _table(path: Path, days: int = 3) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        stream.write("timestamp,counts\n")
        for minute in range(days * 1440):
            day, rest = divmod(minute, 1440)
            stream.write(f"2024-05-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00+02:00,{(minute * 7919) % 211}\n")
    return path


def test_only_local_files_are_taken(tmp_path: Path) -> None:
    file = _table(tmp_path / "counts.csv", 1)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)), QUrl("https://example.org/x.csv"), QUrl.fromLocalFile(str(tmp_path))])
    assert files_of(data) == (file,)


@pytest.mark.slow
def test_files_of_a_new_person_are_imported_and_reported(
    window: Window, rest: Callable[[], None], qtbot: QtBot, tmp_path: Path
) -> None:
    other = tmp_path / "notes.bin"
    other.write_bytes(bytes(range(256)) * 8)
    window.import_files((_table(tmp_path / "counts.csv"), other))
    rest()
    dialog = window.findChild(ChoosePatientDialog)
    assert dialog is not None
    dialog.switch.set_value("new")
    dialog._show()
    assert not dialog.start.isEnabled()
    dialog.name.setText("Case 9")
    dialog.start.click()
    qtbot.waitUntil(lambda: len(board().jobs) == 2 and all(job.is_over for job in board().jobs), timeout=60_000)
    rest()
    assert [job.state for job in board().jobs] == [JobState.FINISHED, JobState.STOPPED]
    case = window.services.patient("Case 9")
    assert [series.n for series in window.services.series(case.id)] == [3 * 1440]
    page = window.workspace.page("import")
    assert isinstance(page, ImportPage)
    cards = page.findChildren(JobCard)
    assert {card._button.text() for card in cards} == {"Report", "Try again"}
    next(card for card in cards if card._button.text() == "Report")._button.click()
    rest()
    assert window.patient == case
    report = page.report_view.report
    assert report is not None
    assert page.heading() == "Import report"
    assert report.file == "counts.csv"
    window.go_back()
    rest()
    assert page.heading() == "Import" or window.workspace.current() is not page


def _drop(window: Window, file: Path) -> None:
    """Hand the window a drop. Without a running drag Qt delivers none itself, and the event does not own its data."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    copy, left, free = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(200, 300), copy, data, left, free))


@pytest.mark.slow
def test_a_drop_on_the_window_asks_whose_it_is_and_a_locked_one_takes_nothing(
    window: Window, rest: Callable[[], None], qtbot: QtBot, tmp_path: Path
) -> None:
    file = _table(tmp_path / "counts.csv", 1)
    _drop(window, file)
    qtbot.waitUntil(lambda: window.findChild(ChoosePatientDialog) is not None, timeout=5_000)
    rest()
    dialog = window.findChild(ChoosePatientDialog)
    assert dialog is not None
    dialog.close()
    window.lock()
    _drop(window, file)
    rest()
    assert window.is_locked
    assert window.open_sheet() is None
    assert not [job for job in board().jobs if not job.is_over]


def test_cancel_on_the_card_stops_an_import_and_leaves_nobody(
    window: Window, rest: Callable[[], None], qtbot: QtBot, tmp_path: Path
) -> None:
    before = window.services.patients()
    window.import_files((_table(tmp_path / "counts.csv", 25),))
    rest()
    dialog = window.findChild(ChoosePatientDialog)
    assert dialog is not None
    dialog.switch.set_value("new")
    dialog.name.setText("Case 10")
    dialog._show()
    dialog.start.click()
    window.open_page("import")
    page = window.workspace.page("import")
    assert page is not None
    qtbot.waitUntil(lambda: bool(page.findChildren(JobCard)), timeout=10_000)
    (card,) = page.findChildren(JobCard)
    card._button.click()
    # The import runs on while the question stands.
    question = next(one for one in window.findChildren(Sheet) if one.isVisible())
    next(one for one in question.findChildren(QAbstractButton) if one.text() == "Store nothing").click()
    qtbot.waitUntil(lambda: all(job.is_over for job in board().jobs), timeout=60_000)
    rest()
    assert [job.state for job in board().jobs] == [JobState.CANCELLED]
    assert window.services.patients() == before


def test_a_long_list_of_types_unfolds(window: Window, rest: Callable[[], None]) -> None:
    window.open_page("import")
    rest()
    page = window.workspace.page("import")
    assert isinstance(page, ImportPage)
    report = max(window.services.imports(), key=lambda one: len(one.types))
    page.open_report(report)
    rest()
    (table,) = page.report_view.findChildren(TypeTable)
    assert table.model().rowCount() < len(report.types)
    more = next(one for one in page.report_view.findChildren(QAbstractButton) if one.text().startswith("Show all"))
    more.click()
    assert table.model().rowCount() == len(report.types)
    assert window.patient is not None
    assert window.patient.id == report.patient_id


def test_coverage_counts_hours_with_samples(window: Window) -> None:
    services = window.services
    patient = services.patient("D-0001")
    series = services.series(patient.id)
    kinds = [one.kind for one in series if one.kind == "ActivityCounts"]
    first, last = min(one.first or 0 for one in series), max(one.last or 0 for one in series)
    coverage = coverage_of(services, patient.id, kinds, Span(first, last))
    assert coverage is not None
    ((title, shares),) = coverage.rows
    assert title == "Activity counts"
    assert shares.size == 28
    assert float(np.nanmin(shares)) >= 0
    assert float(np.nanmax(shares)) == 1.0
    assert coverage_of(services, patient.id, ["NoSuchKind"], Span(first, last)) is None
