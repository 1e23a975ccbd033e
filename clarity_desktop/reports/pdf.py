"""The clinical report: one person and window on one to three A4 pages, light theme, text selectable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Instant
from clarity_desktop.reports.cited_text import CitedText, draw_notes, notes_height
from clarity_desktop.reports.figures.actogram import MOST_ROWS, actogram_bins, draw_actogram, row_days
from clarity_desktop.reports.figures.average_day import cosinor_curve, draw_average_day, shows_mean
from clarity_desktop.reports.figures.local_time import clock_changes
from clarity_desktop.reports.figures.time_asleep import draw_time_asleep
from clarity_desktop.reports.files import ReportFile, write_whole
from clarity_desktop.reports.manifest import complete_manifest, manifest_bytes, manifest_id, manifest_of_panel
from clarity_desktop.reports.measures import MeasureRow, measure_rows
from clarity_desktop.reports.ranges import sleep_band
from clarity_desktop.reports.sentences import in_short
from clarity_desktop.reports.sheet import PAGE_HEIGHT, PAGE_WIDTH, Sheet
from clarity_desktop.reports.words import date_range_text, date_text, number_text, wear_words

__all__ = ["ReportFile", "report_pages", "write_report"]

_MARGIN = 40.0
_WIDTH = PAGE_WIDTH - 2 * _MARGIN
_BODY, _LEADING, _SMALL, _SMALL_LEADING = 10.5, 15.0, 8.5, 11.5
_HEADING = 12.0
_FOOT = 44.0
_FIGURE_HEIGHT = 150.0
_SUPERSCRIPTS = "¹²³⁴⁵⁶⁷⁸⁹"


@dataclass(frozen=True, slots=True)
class _Content:
    """Everything the pages say, before it is laid out."""

    panel: Panel
    identity: str
    age: int | None
    first: date
    last: date
    signal: str
    notes: tuple[str, ...]
    version: str
    generated: Instant
    manifest: str
    words: CitedText | None = None
    free: FreeDays = field(default_factory=FreeDays)


def write_report(
    path: Path,
    patient: Patient,
    panel: Panel,
    *,
    version: str,
    generated: Instant,
    pseudonym: str | None = None,
    words: CitedText | None = None,
    free: FreeDays | None = None,
) -> tuple[ReportFile, ...]:
    """Write the report and, beside it, its manifest (``NAME.manifest.json``).

    Parameters
    ----------
    path:
        Where the PDF goes; an existing file is replaced.
    version, generated:
        Program version and UTC instant printed at the foot. Equal arguments give equal bytes.
    pseudonym:
        Printed in place of name, code and age. Document metadata never names the person.
    words:
        Sentences about the person, printed with their sources as notes; none when ``None``.
    free:
        Which dates are free for the person, tinted in the actogram; Saturdays and Sundays when ``None``.

    Raises
    ------
    InputError
        ``report.not_writable`` when the folder does not take the file.
    """
    pages, manifest = report_pages(
        patient, panel, version=version, generated=generated, pseudonym=pseudonym, words=words, free=free
    )
    report = write_whole(path, pages)
    beside = path.with_name(f"{path.stem}.manifest.json")
    return report, write_whole(beside, manifest_bytes(complete_manifest(manifest, [report])))


def report_pages(
    patient: Patient,
    panel: Panel,
    *,
    version: str,
    generated: Instant,
    pseudonym: str | None = None,
    words: CitedText | None = None,
    free: FreeDays | None = None,
) -> tuple[bytes, Mapping[str, Any]]:
    """The report as the bytes of a PDF, and its manifest; parameters as in :func:`write_report`."""
    first, last = _window_dates(panel)
    age = patient.age_on(last)
    spoken = {} if words is None else {"insight_facts": words.facts_hash}
    manifest = manifest_of_panel(
        panel,
        program_version=version,
        generated=generated,
        subject=pseudonym or patient.code,
        kind="report.pdf",
        parameters={"day_start": "12:00", "paper": "A4", "theme": "light", **spoken},
    )
    if pseudonym is not None:
        identity = pseudonym
    else:
        identity = ", ".join(part for part in (patient.name, None if age is None else f"{age} y", f"ID {patient.code}")
                             if part)  # fmt: skip
    simulated = panel.simulated or patient.simulated
    signal, notes = panel.signal_note, panel.notes
    if pseudonym is not None:
        # Source names often hold the owner's name, so no sentence that may quote one is printed.
        signal = f"Activity signal: {kind_of(panel.signal).title.lower()} per minute."
        notes = tuple(note for note in notes if not _names(note, patient))
    content = _Content(panel, identity, age, first, last, signal, notes, version, generated, manifest_id(manifest),
                       words, free or FreeDays())  # fmt: skip
    pages = _Pages(content, simulated=simulated, count=0)
    pages.draw()
    numbered = _Pages(content, simulated=simulated, count=pages.number)
    numbered.draw()
    return numbered.sheet.finish(), manifest


def _window_dates(panel: Panel) -> tuple[date, date]:
    ends = np.array([panel.span.start, max(panel.span.stop - 1, panel.span.start)], dtype=np.int64)
    first, last = panel.zone.local_days(ends).tolist()
    return date(1970, 1, 1) + timedelta(days=first), date(1970, 1, 1) + timedelta(days=last)


def _names(text: str, patient: Patient) -> bool:
    """Whether a sentence holds the code or a part of the name of the person."""
    parts = [patient.code, *(part for part in patient.name.split() if len(part) > 2)]
    return any(re.search(rf"\b{re.escape(part)}\b", text, re.IGNORECASE) for part in parts if part)


class _Pages:
    """Lays the content out from top to bottom; a second pass knows how many pages there are."""

    def __init__(self, content: _Content, *, simulated: bool, count: int) -> None:
        subject = "Simulated data" if simulated else "Sleep and circadian rhythm"
        self.content, self.simulated, self.count = content, simulated, count
        self.sheet = Sheet("Sleep and rhythm report", subject, content.generated, measuring=count == 0)
        self.number = 1
        self.y = PAGE_HEIGHT - _MARGIN

    def draw(self) -> None:
        """Draw all pages."""
        self._head()
        self._in_short()
        self._actogram()
        self._room(_FIGURE_HEIGHT + 90)
        self._two_figures()
        self._measures()
        self._insight()
        self._methods()
        self._foot()

    # -- pages ----------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._foot()
        self.sheet.next_page()
        self.number += 1
        self.y = PAGE_HEIGHT - _MARGIN
        text = f"Sleep and rhythm report · {self.content.identity}"
        if self.simulated:
            text += " · simulated data"
        token = "sim" if self.simulated else "text_faint"
        self.sheet.text(_MARGIN, self.y - _SMALL, text, _SMALL, token)
        dates = date_range_text(self.content.first, self.content.last)
        self.sheet.text(PAGE_WIDTH - _MARGIN, self.y - _SMALL, dates, _SMALL, "text_faint", align="right")
        self.y -= _SMALL + 6
        self.sheet.line(_MARGIN, self.y, PAGE_WIDTH - _MARGIN, self.y, "border")
        self.y -= 18

    def _foot(self) -> None:
        content = self.content
        made = content.panel.zone.format(content.generated)
        digest = f"{content.manifest[:4]} {content.manifest[4:8]} … {content.manifest[-4:]}"
        day = date_text(date.fromisoformat(made[:10]), year=True)
        clock = f"{made[11:16]} {made[19:].replace('-', '−')}"
        text = f"Clarity Desktop {content.version} · made {day} {clock} · manifest {digest}"
        self.sheet.text(_MARGIN, _FOOT - 14, text, 8.0, "text_faint")
        page = f"Page {self.number} of {self.count}"
        self.sheet.text(PAGE_WIDTH - _MARGIN, _FOOT - 14, page, 8.0, "text_faint", align="right")

    def _room(self, height: float) -> None:
        """Turn the page when less than ``height`` is left."""
        if self.y - height < _FOOT + 8:
            self._turn()

    def _heading(self, text: str, note: str = "", *, x: float = _MARGIN) -> None:
        self.y -= _HEADING
        self.sheet.bookmark(text)
        width = self.sheet.text(x, self.y, text, _HEADING, bold=True)
        if note and x + width + 8 + self.sheet.width_of(note, _SMALL) <= PAGE_WIDTH - _MARGIN:
            self.sheet.text(x + width + 8, self.y, note, _SMALL, "text_muted")
        elif note:
            self.y = self.sheet.paragraph(x, self.y - 13, _WIDTH, note, _SMALL, _SMALL_LEADING, "text_muted") + 9
        self.y -= 6

    # -- parts ----------------------------------------------------------------------------------------------

    def _head(self) -> None:
        sheet, content, right = self.sheet, self.content, PAGE_WIDTH - _MARGIN
        top = self.y
        sheet.text(_MARGIN, top - 18, "Sleep and rhythm report", 20, bold=True)
        days = (content.last - content.first).days + 1
        lines = [f"{date_range_text(content.first, content.last)}, {days} days", self._zone_line(), self._wear_line()]
        y = top - 8
        for line in lines:
            for part in sheet.wrap(line, 262, _SMALL):
                sheet.text(right, y, part, _SMALL, "text_muted", align="right")
                y -= _SMALL_LEADING
        sheet.text(_MARGIN, top - 35, content.identity, _BODY, "text_muted")
        self.y = min(top - 42, y + 2)
        if self.simulated:
            self.y -= 30
            sheet.box(_MARGIN, self.y, _WIDTH, 22, stroke="sim", pen=0.8, dash=(3, 1.8), radius=3)
            sheet.flask(_MARGIN + 10, self.y + 5.5, 11, "sim")
            width = sheet.text(_MARGIN + 27, self.y + 7.5, "Simulated data.", 10, "sim", bold=True)
            sheet.text(_MARGIN + 32 + width, self.y + 7.5, "This person does not exist.", 10, "sim")
        self.y -= 12

    def _zone_line(self) -> str:
        panel = self.content.panel
        if panel.zone.is_unknown:
            return "Local clock as recorded, zone unknown"
        stretches = panel.zone.offset_changes(panel.span.start, max(panel.span.stop - 1, panel.span.start))
        line = "Local time " + ", ".join(dict.fromkeys(zone for _, _, zone in stretches))
        for change in clock_changes(panel.zone, panel.span):
            if not change.is_travel and change.jump_s:
                day = panel.zone.format(change.at)[:10]
                way = "forward" if change.jump_s > 0 else "back"
                line += f", clocks {way} on {date_text(date.fromisoformat(day))}"
        return line

    def _wear_line(self) -> str:
        coverage = self.content.panel.coverage
        share = number_text(100 * coverage.worn_share, 1)
        return f"Day starts 12:00 · worn {share} % · {coverage.valid_days} of {coverage.days} days valid"

    def _in_short(self) -> None:
        self._heading("In short")
        text = " ".join(in_short(self.content.panel))
        self.y -= 11
        self.y = self.sheet.paragraph(_MARGIN, self.y, _WIDTH, text, _BODY, _LEADING) + _LEADING - 20

    def _signal_unit(self) -> str:
        unit = kind_of(self.content.panel.signal).unit or self.content.panel.epochs.unit
        if unit == "count":
            unit = kind_of(self.content.panel.signal).title.lower()
        return f"{unit}/min"

    def _actogram(self) -> None:
        panel = self.content.panel
        bins = actogram_bins(panel)
        rows = len(row_days(panel))
        note = "double-plotted, rows begin at noon of their date"
        note += f"; free days tinted: {self.content.free.words}"
        if bins.full > 0:
            note += f"; full bar = {number_text(bins.full, 0)} {self._signal_unit()} (99th percentile)"
        if rows > MOST_ROWS:
            note += f"; last {MOST_ROWS} of {rows} rows"
        self._heading("Figure 1. Actogram", note)
        shown = min(rows, MOST_ROWS)
        room = self.y - _FOOT - 78
        pitch = min(16.0, room / shown)
        self.y = draw_actogram(self.sheet, panel, _MARGIN, self.y - 4, _WIDTH, pitch, self.content.free)

    def _two_figures(self) -> None:
        panel, sheet = self.content.panel, self.sheet
        self.y -= 0 if self.y > PAGE_HEIGHT - 2 * _MARGIN - 20 else 22
        top, gap = self.y, 22.0
        half = (_WIDTH - gap) / 2
        right = _MARGIN + half + gap
        self._heading("Figure 2. Average day")
        self.y = top
        self._heading("Figure 3. Time asleep", x=right)
        dashed = "; dashed: cosinor" if cosinor_curve(panel, np.zeros(1)) is not None else ""
        self.y -= 7
        line = "mean" if shows_mean(panel) else "median"
        sheet.text(_MARGIN, self.y, f"{line}, 25–75 %, {self._signal_unit()}{dashed}", _SMALL, "text_muted")
        band = sleep_band(self.content.age)
        note = "per night; line: 7-night median"
        if band is not None:
            note = f"per night; band {band[0]:g}–{band[1]:g} h ¹; line: 7-night median"
        sheet.text(right, self.y, note, _SMALL, "text_muted")
        self.y -= 20
        left_end = draw_average_day(sheet, panel, _MARGIN, self.y, half, _FIGURE_HEIGHT)
        right_end = draw_time_asleep(sheet, panel, band, right, self.y, half, _FIGURE_HEIGHT)
        self.y = min(left_end, right_end) - 16

    def _measures(self) -> None:
        rows = measure_rows(self.content.panel, self.content.age)
        sources = self._sources(rows)
        self._heading("Table 1. Measures")
        self._table_head()
        for row in rows:
            self._table_row(row, sources)
        self.y -= 6
        self.sources = sources

    def _sources(self, rows: list[MeasureRow]) -> list[str]:
        return list(dict.fromkeys(row.published.source for row in rows if row.published.source is not None))

    _EDGES = (_MARGIN + 192, _MARGIN + 282, _MARGIN + 366, _MARGIN + 376)
    """Right edges of value, interval and n; left edge of the published range."""

    def _table_head(self) -> None:
        sheet, edges = self.sheet, self._EDGES
        self.y -= _SMALL + 4
        names = ("Value", "95 % interval", "Rests on")
        sheet.text(_MARGIN + 4, self.y, "Measure", _SMALL, "text_faint", bold=True)
        for name, edge in zip(names, edges[:3], strict=True):
            sheet.text(edge, self.y, name, _SMALL, "text_faint", bold=True, align="right")
        sheet.text(edges[3], self.y, "Published range", _SMALL, "text_faint", bold=True)
        self.y -= 5
        sheet.line(_MARGIN, self.y, PAGE_WIDTH - _MARGIN, self.y, "border")

    def _table_row(self, row: MeasureRow, sources: list[str]) -> None:
        sheet, edges, size = self.sheet, self._EDGES, 9.5
        taken = sheet.width_of(row.value, size, bold=True)
        lines = sheet.wrap(row.title, edges[0] - taken - 14 - _MARGIN, size)
        height = 17.0 + (len(lines) - 1) * 11.5
        if self.y - height < _FOOT + 8:
            self._turn()
            self._table_head()
        y = self.y - 12
        for place, line in enumerate(lines):
            sheet.text(_MARGIN + 4, y - place * 11.5, line, size)
        sheet.text(edges[0], y, row.value, size, bold=True, align="right")
        if row.reason:
            reason = sheet.wrap(row.reason, edges[2] - edges[0] - 12, _SMALL)
            for place, line in enumerate(reason):
                sheet.text(edges[0] + 12, y - place * 10.5, line, _SMALL, "text_muted")
            height = max(height, 17.0 + (len(reason) - 1) * 10.5)
        else:
            sheet.text(edges[1], y, row.interval, size, "text_muted", align="right")
            sheet.text(edges[2], y, row.rests_on, size, "text_muted", align="right")
        published = row.published.text
        if row.published.source is not None:
            published += f" {_SUPERSCRIPTS[sources.index(row.published.source)]}"
        sheet.text(edges[3], y, published, size, "text_muted")
        self.y -= height
        sheet.line(_MARGIN, self.y, PAGE_WIDTH - _MARGIN, self.y, "border", 0.4)

    def _insight(self) -> None:
        words, sheet = self.content.words, self.sheet
        if words is None:
            return
        self._room(110)
        self.y -= 14
        self._heading("In words", f"{words.title}; the numbers lead to the notes below it")
        for sentence in words.sentences:
            self._room(len(sheet.wrap(sentence, _WIDTH, _BODY)) * _LEADING + 4)
            self.y = sheet.paragraph(_MARGIN, self.y - 11, _WIDTH, sentence, _BODY, _LEADING) + 8
        self._room(notes_height(sheet, words, _WIDTH))
        self.y = draw_notes(sheet, words, _MARGIN, self.y - 12, _WIDTH)

    def _methods(self) -> None:
        panel = self.content.panel
        notes = [
            self.content.signal,
            f"Wear: {wear_words(panel.wear_rule)}.",
            "Intervals: bootstrap of whole local days or nights. A night belongs to the local date of waking.",
            "Sleep values are medians over nights, mid-sleep is the circular mean.",
            "“No published range”: none fits device, formula and age; compare with the person’s own past.",
            *self.content.notes,
            *(f"{_SUPERSCRIPTS[place]} {source}." for place, source in enumerate(self.sources)),
        ]
        text = " ".join(note for note in notes if note.strip(" ."))
        lines = len(self.sheet.wrap(text, _WIDTH, _SMALL))
        self._room(lines * _SMALL_LEADING + 48)
        self.y -= _SMALL + 2
        self.y = self.sheet.paragraph(_MARGIN, self.y, _WIDTH, text, _SMALL, _SMALL_LEADING, "text_muted")
        self.y -= 20
        self.sheet.box(_MARGIN, self.y, _WIDTH, 22, fill="sunken", radius=3)
        self.sheet.circle(_MARGIN + 13, self.y + 11, 4.4, "text")
        self.sheet.text(_MARGIN + 13, self.y + 8.4, "i", 7, bold=True, align="centre")
        text = "Not a diagnosis · research software. Watch stages are estimates of the device, not polysomnography."
        self.sheet.text(_MARGIN + 24, self.y + 7.8, text, 9)
