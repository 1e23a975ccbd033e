"""The period chooser of a toolbar: back, what is shown, forward, and the zone its times are in."""

from __future__ import annotations

from datetime import date

from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.wording import days_between, local_parts, zone_label
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.text import ElidedLabel
from clarity_desktop.ui.qt import QHBoxLayout, QMenu, QSizePolicy, QWidget, Signal

__all__ = ["PeriodBar", "last_days", "period_of_days", "step_period"]

_LENGTHS = ((7, "7 days"), (14, "14 days"), (28, "28 days"), (91, "13 weeks"), (365, "365 days"))


def _day_number(zone: ZoneTimeline, instant: int) -> int:
    return day_of_date(local_parts(zone, instant)[0])


def last_days(zone: ZoneTimeline, whole: Span, days: int) -> Span:
    """The last ``days`` local days of a recording, cut at its ends."""
    last = _day_number(zone, max(whole.start, whole.stop - 1))
    return _cut(Span(zone.instant_of_local(last - days + 1), zone.instant_of_local(last + 1)), whole)


def step_period(zone: ZoneTimeline, whole: Span, current: Span, direction: int) -> Span:
    """The period of the same number of local days before (−1) or after (+1), held within the recording."""
    first, after = _day_number(zone, current.start), _day_number(zone, max(current.start, current.stop - 1)) + 1
    days = after - first
    low = _day_number(zone, whole.start)
    high = _day_number(zone, max(whole.start, whole.stop - 1)) + 1
    first = max(low, min(first + direction * days, high - days))
    return _cut(Span(zone.instant_of_local(first), zone.instant_of_local(min(high, first + days))), whole)


def period_of_days(zone: ZoneTimeline, whole: Span, first: date, last: date) -> Span:
    """From the beginning of one local date to the end of another, cut at the ends of the recording."""
    days = day_of_date(first), day_of_date(last) + 1
    return _cut(Span(*(zone.instant_of_local(day) for day in days)), whole)


def _cut(span: Span, whole: Span) -> Span:
    start, stop = max(span.start, whole.start), min(span.stop, whole.stop)
    return Span(start, max(start, stop))


class PeriodBar(QWidget):
    """Chooses a period in local days."""

    chosen = Signal(object)
    """The :class:`Span` asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.back = IconButton("chevron-left", "Earlier period", bordered=True)
        self.forward = IconButton("chevron-right", "Later period", bordered=True)
        self.button = Button("No period", icon="calendar-days")
        self.zone = ElidedLabel("", "small", "muted")
        self.zone.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        for widget in (self.back, self.button, self.forward, self.zone):
            row.addWidget(widget)
        self.back.clicked.connect(lambda _=False: self._step(-1))
        self.forward.clicked.connect(lambda _=False: self._step(1))
        self.button.clicked.connect(lambda _=False: self._menu())
        self._zone = ZoneTimeline.unknown()
        self._whole: Span | None = None
        self._span: Span | None = None
        self.show_period(None, None, self._zone)

    def show_reading(self) -> None:
        """Say, where the zone stands, that the period is being read; the next :meth:`show_period` ends it."""
        self.zone.set_text("Reading the period")

    def show_period(self, span: Span | None, whole: Span | None, zone: ZoneTimeline) -> None:
        """Say what is shown."""
        self._span, self._whole, self._zone = span, whole, zone
        known = span is not None and whole is not None
        for widget in (self.button, self.back, self.forward):
            widget.setEnabled(known)
        if span is None or whole is None:
            self.button.set_text("No period")
            self.zone.set_text("")
            return
        first, last = (local_parts(zone, at)[0] for at in (span.start, max(span.start, span.stop - 1)))
        self.button.set_text(days_between(first, last))
        self.back.setEnabled(span.start > whole.start)
        self.forward.setEnabled(span.stop < whole.stop)
        days = (last - first).days + 1
        self.back.set_name(f"Earlier {days} days")
        self.forward.set_name(f"Later {days} days")
        self.zone.set_text(zone_label(zone, span.start, span.stop))

    def _step(self, direction: int) -> None:
        if self._span is not None and self._whole is not None:
            self.chosen.emit(step_period(self._zone, self._whole, self._span, direction))

    def _menu(self) -> None:
        if self._whole is None:
            return
        whole, zone = self._whole, self._zone
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        for days, words in _LENGTHS:
            if days * DAY_S < whole.length_s + DAY_S:
                action = menu.addAction(f"Last {words}")
                action.triggered.connect(lambda _=False, days=days: self.chosen.emit(last_days(zone, whole, days)))
        menu.addAction("Whole recording").triggered.connect(lambda _=False: self.chosen.emit(whole))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))
