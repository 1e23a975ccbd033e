"""The lanes of one night with grips on in bed, asleep, final wake and up, for editing them by mouse and by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from clarity_desktop.domain.annotations import AnnotationKind
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.night_sources import SourceBar, paint_sources, sources_height
from clarity_desktop.ui.charts.paint import HatchKind, ReadOut, hatch, tint
from clarity_desktop.ui.charts.timeline import TimelineChart
from clarity_desktop.ui.charts.wording import clock
from clarity_desktop.ui.qt import QKeyEvent, QMouseEvent, QPainter, QPen, QPointF, QRectF, Qt, QWidget, Signal

__all__ = ["GRIPS", "NightChart"]

GRIPS: Final = ("in_bed", "asleep", "wake", "up")
"""The instants that have a grip, in order of time."""
GRIP_WORDS: Final = {"in_bed": "in bed", "asleep": "asleep", "wake": "final wake", "up": "up"}
_HATCHED: Final[dict[AnnotationKind, HatchKind]] = {
    AnnotationKind.LEAVE_OUT: "excluded",
    AnnotationKind.NOT_WORN: "not_worn",
}
_STEP_S: Final = 60
_CATCH_PX: Final = 8.0
_GRIP: Final = (6.0, 16.0)


class NightChart(TimelineChart):
    """Lanes of a night. While editing, each instant has a grip.

    Drag a grip, or choose one with 1 to 4 and move it with left and right: a minute, with Shift ten. Enter keeps the
    times, Escape gives them up. Dragging with Shift over the lanes marks a stretch, as it does outside of editing.
    """

    times_changed = Signal(object)
    """The four instants by name, while they are moved."""
    kept = Signal()
    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, pannable=False)
        self._times: dict[str, Instant] | None = None
        self._caught: str | None = None
        self._chosen = GRIPS[0]
        self._marked: tuple[tuple[Span, AnnotationKind], ...] = ()
        self._sources: tuple[SourceBar, ...] = ()

    @property
    def times(self) -> dict[str, Instant] | None:
        """The instants as they stand now; ``None`` when nothing is edited."""
        return None if self._times is None else dict(self._times)

    def edit(self, night: Night | None) -> None:
        """Begin to edit a night's instants, or end with ``None``. Unknown ends begin at onset and final awakening."""
        if night is None:
            self._times, self._caught = None, None
        else:
            self._times = {
                "in_bed": night.onset if night.in_bed is None else min(night.in_bed, night.onset),
                "asleep": night.onset,
                "wake": night.offset,
                "up": night.offset if night.out_of_bed is None else max(night.out_of_bed, night.offset),
            }
            self._chosen = GRIPS[0]
        self.refresh()

    def set_sources(self, bars: Sequence[SourceBar]) -> None:
        """Show under the lanes who recorded or wrote down the night."""
        self._sources = tuple(bars)
        self.refresh()

    def set_marked(self, marked: list[tuple[Span, AnnotationKind]]) -> None:
        """Stretches that a person marked, drawn through all lanes: left out by upright lines, not worn by hatches."""
        self._marked = tuple(marked)
        self.refresh()

    def summary(self) -> str:
        words = super().summary()
        if self._sources:
            said = ", ".join(
                f"{bar.name} {clock(self._zone, bar.span.start)}–{clock(self._zone, bar.span.stop)}"
                for bar in self._sources
            )
            words = f"{words} Sources: {said}."
        if self._times is None:
            return words
        said = ", ".join(f"{GRIP_WORDS[name]} {clock(self._zone, at)}" for name, at in self._times.items())
        return f"{words} Editing: {said}. Chosen: {GRIP_WORDS[self._chosen]}."

    def put(self, name: str, instant: Instant) -> None:
        """Put a grip at an instant, held in order between its neighbours and inside the window."""
        if self._times is None:
            return
        place = GRIPS.index(name)
        low = self._times[GRIPS[place - 1]] if place else self._window.start
        high = self._times[GRIPS[place + 1]] if place + 1 < len(GRIPS) else self._window.stop
        at = min(max(round(instant / _STEP_S) * _STEP_S, low), high)
        if at != self._times[name]:
            self._times[name] = at
            self.refresh()
            self.times_changed.emit(dict(self._times))

    # -- painting ------------------------------------------------------------------------------------------------

    def _areas(self) -> list[QRectF]:
        # The sources lie between the last lane and the axis.
        room = self._plot.height() - sources_height(self._sources)
        share, top = room / max(1.0, self._plot.height()), self._plot.top()
        return [
            QRectF(area.left(), round(top + (area.top() - top) * share), area.width(), round(area.height() * share))
            for area in super()._areas()
        ]

    def draw(self, painter: QPainter) -> None:
        super().draw(painter)
        if self._sources and not self.message():
            height = sources_height(self._sources)
            plot = self._plot
            below = QRectF(plot.left(), plot.bottom() - height + 6, plot.width(), height)
            paint_sources(painter, below, self._scale, self._zone, self._sources)
        now, plot, scale = theme.current(), self._plot, self._scale
        for span, kind in self._marked:
            left, right = max(plot.left(), scale.x(span.start)), min(plot.right(), scale.x(span.stop))
            if right > left:
                frame = QRectF(left, plot.top(), right - left, plot.height())
                if kind in _HATCHED:
                    hatch(painter, frame, _HATCHED[kind])
                else:
                    painter.fillRect(frame, tint(now.ui["accent"], 0.08))
                painter.setPen(QPen(now.ui["accent"], 1))
                painter.drawRect(frame)
        if self._times is None:
            return
        for name, at in self._times.items():
            x = round(scale.x(at)) + 0.5
            chosen = name == self._chosen
            painter.setPen(QPen(now.ui["accent"], 2 if chosen else 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setBrush(now.ui["accent"] if chosen else now.ui["surface"])
            painter.setPen(QPen(now.ui["accent"], 2))
            painter.drawRoundedRect(self._grip_box(name, at), 3, 3)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        found = super().read_out_at(point)
        if found is None or not self._sources:
            return found
        instant = self._scale.instant(point.x())
        names = [bar.name for bar in self._sources if bar.span.start <= instant < bar.span.stop]
        return replace(found, rows=(*found.rows, ("Sources", ", ".join(names) or "none")))

    def _grip_box(self, name: str, at: Instant) -> QRectF:
        # Grips that lie on one another stand at different heights, so that each can be caught.
        width, height = _GRIP
        y = self._plot.top() + (0.15 + 0.2 * GRIPS.index(name)) * self._plot.height()
        return QRectF(self._scale.x(at) - width / 2, y - height / 2, width, height)

    def _grip_at(self, point: QPointF) -> str | None:
        if self._times is None:
            return None
        near = [
            (abs(self._scale.x(at) - point.x()) + abs(self._grip_box(name, at).center().y() - point.y()) / 20, name)
            for name, at in self._times.items()
            if abs(self._scale.x(at) - point.x()) <= _CATCH_PX
        ]
        return min(near)[1] if near else None

    # -- mouse and keys ------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._grip_at(event.position())
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if found is not None and not shifted and event.button() == Qt.MouseButton.LeftButton:
            self._caught = self._chosen = found
            self.refresh()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._caught is not None:
            self.put(self._caught, self._scale.instant(event.position().x()))
        elif self._times is not None:
            over = self._grip_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._caught = None
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self._times is None:
            super().keyPressEvent(event)
            return
        numbers = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)
        if key in numbers:
            self._chosen = GRIPS[numbers.index(Qt.Key(key))]
            self.refresh()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            minutes = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            sign = 1 if key == Qt.Key.Key_Right else -1
            self.put(self._chosen, self._times[self._chosen] + sign * minutes * 60)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.kept.emit()
        elif key == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)
