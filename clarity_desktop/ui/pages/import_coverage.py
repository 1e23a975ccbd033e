"""Coverage of a person's kinds by day, as a map; and the zones found in a file, as a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.time import UNKNOWN_ZONE, Span, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QRectF,
    QSize,
    Qt,
    QWidget,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["CoverageMap", "Coverage", "ZoneBand", "coverage_of", "day_words"]

_MOST_KINDS = 8
_MOST_COLUMNS = 120
_ROW, _GAP, _LEFT, _RIGHT = 20, 4, 136, 12
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_words(day: date, *, year: bool = False) -> str:
    """A date as ``7 Jan`` or ``7 Jan 2025``."""
    return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of hours with a sample by kind and column of days."""

    first_day: int
    """Days since 1970-01-01, by the recording's own clock."""
    days_a_column: int
    rows: tuple[tuple[str, NDArray[np.float32]], ...]
    """Title, and shares 0…1 of shape (columns,); NaN before the kind's first sample."""


def coverage_of(services: Services, patient_id: str, kinds: Sequence[str], span: Span) -> Coverage | None:
    """Count the hours that hold samples, from hourly rollups; ``None`` when there are none.

    A kind's hours are those of all its sources together. Runs off the window's thread.
    """
    zone = services.zone_timeline(patient_id)
    hours_of: dict[str, list[NDArray[np.int64]]] = {}
    for series in services.series(patient_id):
        if series.kind in kinds:
            rollup = services.rollup(series.id, span)
            if rollup.hour.size:
                hours_of.setdefault(series.kind, []).append(rollup.hour)
    if not hours_of:
        return None
    bounds = zone.local_days(np.array([span.start, span.stop - 1], dtype=np.int64))
    first, last = int(bounds[0]), int(bounds[1])
    days = last - first + 1
    step = max(1, -(-days // _MOST_COLUMNS))
    columns = -(-days // step)
    rows: list[tuple[str, NDArray[np.float32]]] = []
    for kind in kinds:
        if kind not in hours_of or len(rows) == _MOST_KINDS:
            continue
        hours = np.unique(np.concatenate(hours_of[kind]))
        at = zone.local_days(hours) - first
        at = at[(at >= 0) & (at < days)]
        if at.size == 0:
            continue
        count = np.bincount(at // step, minlength=columns)[:columns]
        shares = np.minimum(count / (24.0 * step), 1.0).astype(np.float32)
        shares[: int(at.min()) // step] = np.nan
        rows.append((kind_of(kind).title, shares))
    return Coverage(first, step, tuple(rows)) if rows else None


class CoverageMap(QWidget):
    """Rows of kinds, columns of days; hatched where a day has no sample, sunken before the first."""

    def __init__(self) -> None:
        super().__init__()
        self._coverage: Coverage | None = None

    def show_coverage(self, coverage: Coverage) -> None:
        """Show a coverage."""
        self._coverage = coverage
        spoken = [f"{title} {np.nanmean(shares):.0%}" for title, shares in coverage.rows]
        self.setAccessibleName("Coverage of hours by kind: " + ", ".join(spoken))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        rows = len(self._coverage.rows) if self._coverage is not None else 0
        return QSize(360, rows * (_ROW + _GAP) + 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        coverage = self._coverage
        if coverage is None:
            return
        painter = QPainter(self)
        table = theme.colormap("dusk")
        hatched = theme.hatch("not_worn", self.devicePixelRatioF(), small=True)
        columns = len(coverage.rows[0][1])
        width = (self.width() - _LEFT - _RIGHT) / columns
        gap = 1.0 if width >= 5 else 0.0
        metrics = QFontMetrics(theme.font("small"))
        for index, (title, shares) in enumerate(coverage.rows):
            top = index * (_ROW + _GAP)
            painter.setFont(theme.font("small"))
            painter.setPen(theme.colour("text_muted"))
            shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, _LEFT - 20)
            painter.drawText(
                QRectF(0, top, _LEFT - 8, _ROW), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown
            )
            for column, share in enumerate(shares):
                cell = QRectF(_LEFT + column * width, top, width - gap, _ROW)
                if np.isnan(share):
                    painter.fillRect(cell, theme.colour("sunken"))
                elif share == 0:
                    painter.fillRect(cell, hatched)
                else:
                    red, green, blue, _ = (int(part) for part in table[int(40 + float(share) * 190)])
                    painter.fillRect(cell, QColor(red, green, blue))
        self._axis(painter, coverage, columns, width)
        painter.end()

    def _axis(self, painter: QPainter, coverage: Coverage, columns: int, width: float) -> None:
        top = len(coverage.rows) * (_ROW + _GAP)
        painter.setFont(theme.font("micro"))
        metrics = QFontMetrics(theme.font("micro"))
        every = max(1, -(-columns * 72 // max(1, self.width() - _LEFT - _RIGHT)))
        end = self.width() - _RIGHT + 8
        for column in range(0, columns, every):
            day = date_of_day(coverage.first_day + column * coverage.days_a_column)
            words = day_words(day, year=coverage.days_a_column > 2)
            x = _LEFT + column * width
            if x + metrics.horizontalAdvance(words) > end:
                break
            painter.setPen(QPen(theme.colour("axis"), 1))
            painter.drawLine(round(x), top, round(x), top + 4)
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(QRectF(x, top + 5, 90, 16), Qt.AlignmentFlag.AlignLeft, words)


class ZoneBand(QWidget):
    """The zones of a file in order of time, as wide as they lasted."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(46)
        self._parts: list[tuple[float, float, str, str, int]] = []

    def show_zones(self, zones: tuple[ZoneFound, ...], span: Span) -> None:
        """Show zones within the span of the file."""
        self._parts = []
        length = max(1, span.length_s)
        for index, found in enumerate(zones):
            start = max(span.start, found.period.from_utc)
            stop = zones[index + 1].period.from_utc if index + 1 < len(zones) else span.stop
            if stop <= start:
                continue
            name = "zone not known" if found.period.zone == UNKNOWN_ZONE else found.period.zone
            evidence = f"{name}, {found.period.certainty.value}: {found.evidence}"
            self._parts.append(((start - span.start) / length, (stop - span.start) / length, name, evidence, start))
        self.setFixedHeight(46 if len(self._parts) > 1 else 30)
        self.setAccessibleName("; ".join(part[3] for part in self._parts))
        self.setToolTip("\n".join(part[3] for part in self._parts))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.width() - _RIGHT - 12
        metrics = QFontMetrics(theme.font("small"))
        fills = ("band", "warn_bg", "info_bg")
        names = list(dict.fromkeys(part[2] for part in self._parts))
        label_end = 0.0
        for index, (start, stop, name, _, from_utc) in enumerate(self._parts):
            box = QRectF(12 + start * room + 0.5, 2.5, max(3.0, (stop - start) * room - 1), 22)
            painter.setPen(QPen(theme.colour("border_strong"), 1))
            painter.setBrush(theme.colour(fills[names.index(name) % len(fills)]))
            painter.drawRoundedRect(box, 4, 4)
            painter.setFont(theme.font("small"))
            painter.setPen(theme.colour("text"))
            if metrics.horizontalAdvance(name) + 8 <= box.width():
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
            if index:
                words = day_words(date_of_day(from_utc // 86_400))
                x = max(box.left(), label_end)
                if x + 60 <= self.width():
                    painter.setFont(theme.font("micro"))
                    painter.setPen(theme.colour("text_muted"))
                    painter.drawText(QRectF(x, 28, 80, 16), Qt.AlignmentFlag.AlignLeft, words)
                    label_end = x + 60
        painter.end()
