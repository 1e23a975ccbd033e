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
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
)

__all__ = ["SourceList", "draw_marker", "sources_in_order"]

_HEAD, _ROW, _MOST = 24, 40, 6


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
        self.setFixedHeight(_HEAD + _ROW)

    def show_series(self, series: Sequence[Series]) -> None:
        """Show the sources of these series."""
        self._rows = []
        for source, given in sources_in_order(series):
            by_size = sorted(given, key=lambda one: -one.n)
            kinds = list(dict.fromkeys(kind_of(one.kind, one.unit).title.lower() for one in by_size))
            more = f" and {len(kinds) - 3} more" if len(kinds) > 3 else ""
            self._rows.append((source or "no source named", ", ".join(kinds[:3]) + more, sum(one.n for one in given)))
        hidden = self._rows[_MOST:]
        if hidden:
            rest = sum(n for _, _, n in hidden)
            self._rows = [*self._rows[:_MOST], (f"{len(hidden)} more sources", "", rest)]
        self.setFixedHeight(_HEAD + _ROW * max(1, len(self._rows)))
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
        for index, (name, kinds, n) in enumerate(self._rows):
            top = _HEAD + index * _ROW
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
            room = count.left() - 44
            for token, words, y, colour in (("body", name, 13, "text"), ("micro", kinds, 30, "text_muted")):
                width = room if token == "body" else self.width() - 48.0
                shown = QFontMetricsF(theme.font(token)).elidedText(words, Qt.TextElideMode.ElideRight, width)
                text(painter, 36, top + y, shown, now.ui[colour], token=token)
        painter.end()
