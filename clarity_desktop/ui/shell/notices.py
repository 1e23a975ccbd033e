"""The strip under the header that says what is amiss with the vault's safety, and that changes wait elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QFrame, QHBoxLayout, QSizePolicy, Qt, QVBoxLayout, QWidget, Signal

__all__ = ["HIDDEN_S", "NoticeLike", "NoticeStrip"]

HIDDEN_S: Final = 3600.0
"""Seconds for which a notice can be put away; it is back after that, and after each unlocking (V-58)."""
_READ_ONLY: Final = "vault.occupied"
_BACKUP: Final = "backup.overdue"
_STAY: Final = frozenset({_READ_ONLY, "audit.mismatch", "emergency.session"})
_ICONS: Final = {_READ_ONLY: "eye", _BACKUP: "hard-drive", "clock.back": "clock"}


class NoticeLike(Protocol):
    """What the services say of one thing that is amiss."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class NoticeStrip(QWidget):
    """One line a notice. No notice can be hidden for good; that the vault is read-only cannot be hidden at all."""

    back_up = Signal()
    """A backup is wanted now."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setObjectName("notices")
        self.setAccessibleName("Notices")
        self._now = now
        self._put_away: dict[str, float] = {}
        self._lines: list[QFrame] = []
        self._shown: tuple[NoticeLike, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the notices that are visible."""
        return tuple(str(line.property("code")) for line in self._lines)

    def show_notices(self, notices: Sequence[NoticeLike]) -> None:
        """Show these and no others, but for those put away for the moment."""
        now = self._now()
        self._shown = tuple(notices)
        visible = [one for one in notices if one.code in _STAY or self._put_away.get(one.code, 0.0) <= now]
        for line in self._lines:
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = [self._line(one) for one in visible]
        for line in self._lines:
            self._column.addWidget(line)
        self.setVisible(bool(visible))

    def refresh(self) -> None:
        """Bring back those whose time away is over."""
        self.show_notices(self._shown)

    def _line(self, notice: NoticeLike) -> QFrame:
        line = QFrame()
        line.setProperty("role", "strip")
        line.setProperty("code", notice.code)
        line.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(line)
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(Icon(_ICONS.get(notice.code, "triangle-alert"), 16, "warn"))
        if notice.code == _READ_ONLY:
            row.addWidget(Label("Read-only", "body_strong", "warn"))
        text = Label(f"{notice.message} {notice.remedy}", "body", wrap=True)
        line.setAccessibleName(text.text())
        row.addWidget(text, 1)
        if notice.code == _BACKUP:
            make = Button("Back up now", "normal", "hard-drive")
            make.clicked.connect(lambda _=False: self.back_up.emit())
            row.addWidget(make)
        if notice.code not in _STAY:
            away = Button("Hide for an hour", "quiet")
            away.clicked.connect(lambda _=False: self._put(notice.code))
            row.addWidget(away)
        return line

    def _put(self, code: str) -> None:
        self._put_away[code] = self._now() + HIDDEN_S
        self.refresh()
