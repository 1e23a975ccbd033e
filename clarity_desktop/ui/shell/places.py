"""Where somebody was when the vault locked: pages and people by id, and how far each view was scrolled (V-23)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from clarity_desktop.ui.qt import QAbstractScrollArea, QObject, QScrollBar, QTimer, QWidget
from clarity_desktop.ui.shell.history import History

__all__ = ["Place", "ScrollReturn", "scrolled"]

_GIVES_UP_MS: Final = 5000


@dataclass(slots=True)
class Place:
    """What is kept of one user's session. It holds random ids and places, no name and no value."""

    history: History
    scrolled: tuple[int, ...] = ()
    lately: list[str] = field(default_factory=list)
    """Ids of the commands used last."""


def scrolled(page: QWidget | None) -> tuple[int, ...]:
    """How far each scroll bar of a page is, in order of its widgets."""
    return tuple(bar.value() for bar in _bars(page))


class ScrollReturn(QObject):
    """Scrolls a page back as its content arrives, and stops when somebody else scrolls or after five seconds."""

    def __init__(self, page: QWidget, values: tuple[int, ...]) -> None:
        super().__init__(page)
        bars = _bars(page)
        self._wanted = dict(zip(bars, values, strict=False)) if len(bars) == len(values) else {}
        for bar in list(self._wanted):
            bar.rangeChanged.connect(lambda _low, _high, bar=bar: self._try(bar))
            self._try(bar)
        QTimer.singleShot(_GIVES_UP_MS, self, self._wanted.clear)

    def _try(self, bar: QScrollBar) -> None:
        wanted = self._wanted.get(bar)
        if wanted is None:
            return
        if wanted <= bar.maximum():
            # Kept in mind, because a layout that is still growing may set the bar back.
            bar.setValue(wanted)


def _bars(page: QWidget | None) -> list[QScrollBar]:
    areas = [] if page is None else page.findChildren(QAbstractScrollArea)
    return [bar for area in areas for bar in (area.verticalScrollBar(), area.horizontalScrollBar())]
