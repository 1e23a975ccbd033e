"""The sources of a person's data: marker and colour for life, what each gave, and how many samples."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Series
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import text
from clarity_desktop.ui.charts.wording import number
from clarity_desktop.ui.qt import (
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QPolygonF,
    QRectF,
    QResizeEvent,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
)

__all__ = ["SourceList", "draw_marker", "sources_in_order"]

_HEAD, _ROW, _LINE, _MOST = 24, 26, 15, 6
_INSET = 48.0


def _lines(words: str, width: float) -> list[str]:
    """Words broken at commas into lines of a width; a single piece that is wider is cut with dots."""
    metrics = QFontMetricsF(theme.font("micro"))
    lines: list[str] = []
    for piece in words.split(", ") if words else ():
        longer = f"{lines[-1]}, {piece}" if lines else piece
        if lines and metrics.horizontalAdvance(f"{longer},") <= width:
            lines[-1] = longer
        else:
            lines = [*lines[:-1], f"{lines[-1]},", piece] if lines else [piece]
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]


def sources_in_order(series: Sequence[Series]) -> list[tuple[str, list[Series]]]:
    """Sources with their series, by when they first recorded, so that each keeps its place as data is added."""
    found: dict[str, list[Series]] = {}
    for one in sorted(series, key=lambda s: (s.first if s.first is not None else 2**62, s.source)):
        found.setdefault(one.source, []).append(one)
    return list(found.items())


def draw_marker(painter: QPainter, centre: QPointF, marker: str) -> None:
    """Draw a source's marker, 9 px wide, with the painter's brush and pen."""
    x, y, r = centre.x(), centre.y(), 4.5
    shapes = {
        "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
        "triangle-up": [(0, -r), (r, r), (-r, r)],
        "diamond": [(0, -r - 0.5), (r + 0.5, 0), (0, r + 0.5), (-r - 0.5, 0)],
        "hexagon": [(-r, 0), (-r / 2, -r), (r / 2, -r), (r, 0), (r / 2, r), (-r / 2, r)],
    }
    if marker in shapes:
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in shapes[marker]]))
    elif marker == "cross":
        painter.drawRect(QRectF(x - r, y - 1.5, 2 * r, 3))
        painter.drawRect(QRectF(x - 1.5, y - r, 3, 2 * r))
    else:
        painter.drawEllipse(centre, r, r)


class SourceList(QWidget):
    """One row a source: marker, name, the kinds it gave, and its number of samples."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, str, int]] = []
        self.setAccessibleName("Sources")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier.changed.connect(self.update)
        self._kinds: list[list[str]] = []
        self._fold()

    def _fold(self) -> None:
        """Break the kinds into lines and take the height that they need."""
        self._kinds = [_lines(kinds, self.width() - _INSET) for _, kinds, _ in self._rows]
        lines = sum(len(one) for one in self._kinds)
        self.setFixedHeight(_HEAD + _ROW * max(1, len(self._rows)) + _LINE * lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fold()

    def show_series(self, series: Sequence[Series]) -> None:
        """Show the sources of these series."""
        self._rows = []
        for source, given in sources_in_order(series):
            by_size = sorted(given, key=lambda one: -one.n)
            kinds = list(dict.fromkeys(kind_of(one.kind, one.unit).title.lower() for one in by_size))
            more = f", {len(kinds) - 3} more" if len(kinds) > 3 else ""
            self._rows.append((source or "no source named", ", ".join(kinds[:3]) + more, sum(one.n for one in given)))
        hidden = self._rows[_MOST:]
        if hidden:
            rest = sum(n for _, _, n in hidden)
            self._rows = [*self._rows[:_MOST], (f"{len(hidden)} more sources", "", rest)]
        self._fold()
        self.setAccessibleDescription("; ".join(f"{name}: {kinds}, {n} samples" for name, kinds, n in self._rows))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        now = theme.current()
        text(painter, 36, _HEAD / 2, "Source", now.ui["text_faint"], token="micro_strong")
        text(
            painter, self.width() - 12, _HEAD / 2, "Samples", now.ui["text_faint"], token="micro_strong", align="right"
        )
        top = float(_HEAD)
        for index, ((name, _, n), kinds) in enumerate(zip(self._rows, self._kinds, strict=True)):
            painter.setPen(QPen(now.ui["border"], 1))
            painter.drawLine(QPointF(0, top + 0.5), QPointF(self.width(), top + 0.5))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            style = now.source[index] if index < min(_MOST, len(now.source)) else None
            painter.setBrush(style.colour if style is not None else now.data["rest"])
            draw_marker(painter, QPointF(20, top + 14), style.marker if style is not None else "circle")
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            count = text(
                painter, self.width() - 12, top + 14, number(n), now.ui["text"], align="right", token="body_strong"
            )
            metrics = QFontMetricsF(theme.font("body"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, count.left() - 44)
            text(painter, 36, top + 13, shown, now.ui["text"], token="body")
            for number_of_line, line in enumerate(kinds):
                text(painter, 36, top + 30 + number_of_line * _LINE, line, now.ui["text_muted"])
            top += _ROW + _LINE * len(kinds)
        painter.end()
