"""The report of one import: was the whole file read, four sums that add up, kinds, what to look at, coverage, zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.domain.importing import ImportReport, VanishedSample, ZoneFound
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.legend import CoverageLegend
from clarity_desktop.ui.components.scroll import PageScroll
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.import_aftermath import VanishedCard, vanished_table
from clarity_desktop.ui.pages.import_coverage import Coverage, CoverageMap, ZoneBand, coverage_of, day_words
from clarity_desktop.ui.pages.import_table import TypeTable
from clarity_desktop.ui.pages.import_words import grouped, headline, reading_words, sums_of, table_text, type_rows
from clarity_desktop.ui.qt import (
    QGridLayout,
    QGuiApplication,
    QHBoxLayout,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ImportReportView"]

_MOST_PROBLEMS = 12
_FIRST_TYPES = 8
_MOST_SOURCES = 8


def _evidence(found: ZoneFound) -> str:
    times = "" if found.count <= 1 else f", {grouped(found.count)} times"
    return f"{found.period.zone}, {found.period.certainty.value} by: {found.evidence}{times}"


def _offer(button: Button, report: ImportReport, undoable: tuple[int, int] | None) -> None:
    """Show the button that undoes an import, where that is possible, and until when."""
    if undoable is None or undoable[0] != report.import_id:
        return
    until = day_words(date_of_day(undoable[1] // DAY_S), year=True)
    button.setToolTip(f"Brings this person's data back to how it was before; possible until {until}.")
    button.show()


class _SumCard(Card):
    """One of the four sums."""

    def __init__(self, title: str, number: int, note: str) -> None:
        super().__init__(padding=12)
        self.setAccessibleName(f"{title} {number}")
        self.body.setSpacing(2)
        self.body.addWidget(Label(title, "small", "muted"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(grouped(number), "display"), 0, Qt.AlignmentFlag.AlignBottom)
        words = Label(note, "small", "muted")
        words.setContentsMargins(0, 0, 0, 4)
        row.addWidget(words, 1, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(row)


class ImportReportView(PageScroll):
    """Built anew for each report; coverage arrives from a worker."""

    overview_wanted = Signal(str)
    said = Signal(str)
    undo_wanted = Signal(object)
    """The report whose import is to be undone."""
    zones_wanted = Signal(str)
    sources_wanted = Signal(str)
    vanished_wanted = Signal(object)
    """A table of everything that has vanished."""
    back_wanted = Signal(object)
    """The report whose vanished records are to count again."""

    def __init__(self, services: Services) -> None:
        super().__init__("Import report")
        self._services = services
        self._asked: Operation[Coverage | None] | None = None
        self.report: ImportReport | None = None
        self._person = ""

    def show_report(self, report: ImportReport, person: str) -> None:
        """Show the report of a file that belongs to a person."""
        if self._asked is not None:
            self._asked.cancel()
        self.report = report
        self._person = person
        column = self.renew()
        column.addWidget(self._head(report))
        column.addLayout(self._sums(report))
        columns = QHBoxLayout()
        columns.setSpacing(12)
        left, right = QVBoxLayout(), QVBoxLayout()
        for side in (left, right):
            side.setSpacing(12)
        if report.types:
            left.addWidget(self._types(report))
        if sum(report.vanished.values()) and report.patient_id and report.import_id is not None:
            left.addWidget(self._vanished(report, report.patient_id, report.import_id))
        left.addWidget(self._problems(report))
        left.addStretch(1)
        right.addWidget(self._coverage_card(report))
        if report.zones and report.first is not None and report.last is not None:
            right.addWidget(self._zones(report, Span(report.first, max(report.first, report.last))))
        if report.sources and report.patient_id:
            right.addWidget(self._sources(report, report.patient_id))
        right.addWidget(self._others(report))
        right.addStretch(1)
        columns.addLayout(left, 12)
        columns.addLayout(right, 11)
        column.addLayout(columns)
        column.addStretch(1)

    def _head(self, report: ImportReport) -> Card:
        sentence, icon, tone = headline(report)
        card = Card(padding=14)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(Icon(icon, 24, tone))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(sentence, "dialog_title"))
        words.addWidget(Label(f"{self._person} · {reading_words(report)}", "small", "muted", wrap=True))
        row.addLayout(words, 1)
        if report.patient_id:
            patient_id = report.patient_id
            undo = Button("Undo this import", "normal", "undo-2")
            undo.clicked.connect(lambda _=False: self.undo_wanted.emit(report))
            undo.hide()
            row.addWidget(undo)
            run_query(self, lambda: self._services.undoable_import(patient_id), lambda a: _offer(undo, report, a))
            button = Button("Open overview", "primary", "layout-dashboard")
            button.clicked.connect(lambda _=False: self.overview_wanted.emit(patient_id))
            row.addWidget(button)
        card.body.addLayout(row)
        return card

    def _sums(self, report: ImportReport) -> QHBoxLayout:
        sums = sums_of(report)
        row = QHBoxLayout()
        row.setSpacing(12)
        whole = "stored, here and left out add up" if sums.add_up else "the sums differ: see what to look at"
        for title, number, note in (
            ("Records read", sums.read, whole),
            ("Stored new", sums.stored, ""),
            ("Already here", sums.repeated, "same time, source and value" if sums.repeated else ""),
            ("Left out", sums.left_out, "kept as text, each one listed" if sums.left_out else ""),
        ):
            row.addWidget(_SumCard(title, number, note), 1)
        return row

    def _types(self, report: ImportReport) -> Card:
        rows = type_rows(report)
        stored = sum(1 for row in rows if row.stored)
        card = Card("By type", f"{stored} of {len(rows)} types stored", padding=0)
        copy = Button("Copy as table", "link")

        def put() -> None:
            QGuiApplication.clipboard().setText(table_text(report))
            self.said.emit("The table is on the clipboard.")

        copy.clicked.connect(lambda _=False: put())
        card.add_action(copy)
        table = TypeTable()
        card.body.addWidget(table)
        if len(rows) <= _FIRST_TYPES + 2:
            table.show_rows(rows)
            return card
        # What to look at must not lie below a long list of types; types with records left out come first.
        table.show_rows(sorted(rows, key=lambda row: -row.left_out)[:_FIRST_TYPES])
        more = Button(f"Show all {len(rows)} types", "link")

        def unfold() -> None:
            table.show_rows(rows)
            more.hide()

        more.clicked.connect(lambda _=False: unfold())
        line = QHBoxLayout()
        line.setContentsMargins(10, 4, 10, 8)
        line.addWidget(more)
        line.addStretch(1)
        card.body.addWidget(rule())
        card.body.addLayout(line)
        card.body.setSpacing(0)
        return card

    def _problems(self, report: ImportReport) -> Card:
        card = Card("To look at", "nothing here stops the work" if report.problems else "", padding=0)
        card.body.setSpacing(0)
        if not report.problems:
            card.body.addWidget(
                self._line("circle-check", "ok", "Nothing to look at", "Every record was read as written.")
            )
        for problem in report.problems[:_MOST_PROBLEMS]:
            card.body.addWidget(rule())
            times = "once" if problem.count == 1 else f"{grouped(problem.count)} times"
            card.body.addWidget(
                self._line("triangle-alert", "warn", problem.message, f"{times}, first at {problem.first_at}")
            )
        rest = len(report.problems) - _MOST_PROBLEMS
        if rest > 0:
            card.body.addWidget(rule())
            card.body.addWidget(
                self._line("info", "info", f"{rest} more kinds of trouble", "They are kept with this report.")
            )
        return card

    def _line(self, icon: str, tone: str, sentence: str, more: str) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(Icon(icon, 16, tone), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(sentence, "body", wrap=True))
        words.addWidget(Label(more, "small", "muted", wrap=True))
        row.addLayout(words, 1)
        return line

    def _coverage_card(self, report: ImportReport) -> Card:
        card = Card("Coverage", "", padding=12)
        waiting = Label("", "body", "muted", wrap=True)
        card.body.addWidget(waiting)
        if report.first is None or report.last is None or not report.patient_id:
            waiting.setText("There is no recording to draw.")
            return card
        span = Span(report.first, max(report.first + 1, report.last))
        patient_id, kinds = report.patient_id, [row.kind for row in type_rows(report)]

        def arrived(coverage: Coverage | None) -> None:
            if coverage is None:
                waiting.setText("Elements of this file carry no samples to draw.")
                return
            waiting.hide()
            shown = CoverageMap()
            shown.show_coverage(coverage)
            first = date_of_day(coverage.first_day)
            last = date_of_day(coverage.first_day + coverage.days_a_column * len(coverage.rows[0][1]) - 1)
            each = "of each day" if coverage.days_a_column == 1 else f"a cell is {coverage.days_a_column} days"
            years = first.year != last.year
            card.set_title("Coverage", f"{each}, {day_words(first, year=years)} – {day_words(last, year=True)}")
            card.add_action(CoverageLegend())
            card.body.addWidget(shown)
            card.body.addWidget(
                Label("Share of the hours of a day that hold a sample, all sources together", "micro", "faint")
            )

        self._asked = run_query(self, lambda: coverage_of(self._services, patient_id, kinds, span), arrived)
        return card

    def _zones(self, report: ImportReport, span: Span) -> Card:
        card = Card("Zones found", "by the evidence in the file", padding=0)
        if report.patient_id:
            patient_id = report.patient_id
            correct = Button("Correct", "link")
            correct.setAccessibleName("Correct the zones of this person")
            correct.clicked.connect(lambda _=False: self.zones_wanted.emit(patient_id))
            card.add_action(correct)
        band = ZoneBand()
        band.show_zones(report.zones, span)
        card.body.addWidget(band)
        evidence = dict.fromkeys(_evidence(found) for found in report.zones if found.evidence)
        for words in list(evidence)[:4]:
            label = Label(words, "micro", "muted", wrap=True)
            label.setContentsMargins(12, 0, 12, 0)
            card.body.addWidget(label)
        card.body.addSpacing(8)
        return card

    def _vanished(self, report: ImportReport, patient_id: str, import_id: int) -> QWidget:
        """The card of what this export no longer held; it arrives from a worker."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)

        def read() -> tuple[list[VanishedSample], ZoneTimeline]:
            return self._services.vanished(patient_id, import_id), self._services.zone_timeline(patient_id)

        def arrived(answer: tuple[list[VanishedSample], ZoneTimeline]) -> None:
            listed, clock = answer
            if not listed:
                return
            card = VanishedCard(listed, clock)
            card.all_wanted.connect(lambda: self.vanished_wanted.emit(vanished_table(listed, clock)))
            card.back_wanted.connect(lambda: self.back_wanted.emit(report))
            column.addWidget(card)

        run_query(self, read, arrived)
        return holder

    def _sources(self, report: ImportReport, patient_id: str) -> Card:
        card = Card("Sources", "the order decides where two overlap", padding=12)
        change = Button("Order and account", "link")
        change.setToolTip("Change the order, and see for a day which source gave what.")
        change.clicked.connect(lambda _=False: self.sources_wanted.emit(patient_id))
        card.add_action(change)
        shown = ", ".join(report.sources[:_MOST_SOURCES])
        more = len(report.sources) - _MOST_SOURCES
        card.body.addWidget(Label(shown + (f" and {more} more" if more > 0 else ""), "body", wrap=True))
        return card

    def _others(self, report: ImportReport) -> Card:
        card = Card("Other elements", "as the file names them", padding=12)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        entries = sorted(report.elements.items(), key=lambda entry: -entry[1])[:10]
        for row, (name, count) in enumerate(entries):
            grid.addWidget(Label(name), row, 0)
            number = Label(grouped(count), "body_strong")
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(number, row, 1)
        if not entries:
            grid.addWidget(Label("The file holds samples only.", "body", "muted"), 0, 0)
        grid.setColumnStretch(0, 1)
        card.body.addLayout(grid)
        card.body.addWidget(
            Label(f"SHA-256 {report.sha256 or 'not noted'}", "mono", "faint", wrap=False, selectable=True)
        )
        return card
