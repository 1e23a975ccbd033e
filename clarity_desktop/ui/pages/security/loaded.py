"""The base of pages that read everything at once, and the words that these pages share."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.scroll import PageScroll
from clarity_desktop.ui.components.states import ErrorCard, Skeleton
from clarity_desktop.ui.jobs import Job, Operation, board, run_query
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QStackedWidget, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["LoadedPage", "ago", "count_words", "enable", "size_words", "when"]

_BLOCKS = ((0.01, 0.02, 0.98, 0.1), (0.01, 0.14, 0.98, 0.4), (0.01, 0.56, 0.98, 0.2))
_DAY_S = 86_400


def when(instant: int | None) -> str:
    """An instant (UTC seconds) by this computer's clock, with its offset: ``2026-11-21 14:08 UTC+1``."""
    if instant is None:
        return "–"
    local = datetime.fromtimestamp(instant, UTC).astimezone()
    minutes = round((local.utcoffset() or (local - local)).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
    return f"{local:%Y-%m-%d %H:%M} UTC{offset if minutes else ''}"


def ago(instant: int, now: float | None = None) -> str:
    """How long ago an instant was: ``today``, ``yesterday``, ``6 days ago``."""
    days = int(((time.time() if now is None else now) - instant) // _DAY_S)
    return "within a day" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"


def size_words(size: int) -> str:
    """Bytes with their unit."""
    value, unit = float(size), "bytes"
    for bigger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"


def count_words(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,}".replace(",", "\u202f") + f" {one if number == 1 else many or one + 's'}"


def enable(button: Button, reason: str) -> None:
    """Enable a button, or disable it and say why (U-43)."""
    button.setEnabled(not reason)
    button.setToolTip(reason)
    button.setAccessibleDescription(reason)


class LoadedPage(Page):
    """Reads in a worker, shows a still picture meanwhile, and an error card with a way to try again."""

    group: ClassVar[str] = "workstation"
    needs_patient: ClassVar[bool] = False
    watches: ClassVar[Change] = Change.NONE
    """The changes after which it reads again."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._stack = QStackedWidget(self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self._waiting = Skeleton(_BLOCKS, "Reading")
        self._stack.addWidget(self._waiting)
        self.area = PageScroll(self.title)
        self._stack.addWidget(self.area)
        self._error = PageScroll(f"{self.title}, not shown")
        self._stack.addWidget(self._error)
        self._reading: Operation[Any] | None = None
        self.build(self.area.column)
        self.area.column.addStretch(1)

    def build(self, column: QVBoxLayout) -> None:
        """Make the cards; called once."""
        raise TypeError(f"{type(self).__name__} builds nothing")

    def read(self) -> Any:
        """Read what the page shows; runs in a worker and touches no widget."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    def show_data(self, data: Any) -> None:
        """Show what :meth:`read` answered."""

    def reload(self) -> None:
        """Read again. What is shown stays until the answer comes."""
        if self._reading is not None:
            self._reading.cancel()
        if self._stack.currentWidget() is not self.area:
            self._stack.setCurrentWidget(self._waiting)
            self._waiting.start()
        self._reading = run_query(self, self.read, self._arrived, self._refused)

    def _arrived(self, data: Any) -> None:
        self._reading = None
        self.show_data(data)
        self._stack.setCurrentWidget(self.area)

    def _refused(self, error: ClarityError) -> None:
        self._reading = None
        column = self._error.renew()
        column.addWidget(ErrorCard(error, self.reload), 0, Qt.AlignmentFlag.AlignTop)
        column.addStretch(1)
        self._stack.setCurrentWidget(self._error)

    def shown(self) -> None:
        self.reload()

    def on_changes(self, changes: Changes) -> None:
        if changes.what & self.watches and self.isVisible():
            self.reload()

    def after(self, job: Job, said: str) -> None:
        """When a job ends: say so and read again, or show its error."""

        def ended() -> None:
            if job.error is not None and not job.token.cancelled:
                board().failed.emit(job.error)
            elif job.error is None:
                self.told.emit(said)
            self.reload()

        job.ended.connect(ended)
