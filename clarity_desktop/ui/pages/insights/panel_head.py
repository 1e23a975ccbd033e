"""The line above the sentences: who made them, from what, how old they are, and what was sent for them."""

from __future__ import annotations

import time
from typing import Final

from clarity_desktop.app.insights import Insight
from clarity_desktop.domain.time import format_instant
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QTimer, QWidget, Signal

__all__ = ["LIFE_S", "PanelHead", "age_words"]

LIFE_S: Final = 3600
"""A text serves for less than an hour (I-52, B-80)."""
_LOOK_MS: Final = 30_000


def age_words(made: int, now: int, *, cached: bool) -> str:
    """How old a text is; a clock that was set back makes it no younger, only of unknown age (B-81)."""
    age = now - made
    if age < 0:
        return "age unknown: the clock was set back"
    lead = "cached, " if cached else ""
    if age < 60:
        return f"{lead}made now" if not cached else "cached, under 1 min old"
    if age < 2 * LIFE_S:
        return f"{lead}{age // 60} min old"
    if age < 48 * LIFE_S:
        return f"{lead}{age // LIFE_S} h old"
    return f"{lead}of {format_instant(made)[:10]}"


class PanelHead(QWidget):
    """Origin, facts, age and bytes of the text that is shown."""

    aged = Signal()
    """The text on screen has become an hour old."""

    def __init__(self, *, compact: bool) -> None:
        super().__init__()
        self._compact = compact
        self._insight: Insight | None = None
        self._aged = False
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 12, 8)
        row.setSpacing(8)
        self.origin = Badge("Rules", "list", "neutral")
        self.made = Label("", "small", "muted")
        self.sent = Badge("Nothing was sent", "hard-drive", "ok")
        self.stop = Button("Stop", "normal", "x")
        self.stop.setToolTip("Keeps what was checked until then")
        row.addWidget(self.origin)
        row.addWidget(self.made, 1)
        row.addWidget(self.stop)
        row.addWidget(self.sent)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self.look)

    def show_asking(self) -> None:
        """Offer to stop what a model is asked; nothing of it is said to be sent or kept yet."""
        self.show()
        self.stop.show()
        self.sent.hide()

    def clear(self) -> None:
        """Say nothing of any text."""
        self._insight, self._aged = None, False
        self.hide()
        self._clock.stop()
        self.stop.hide()
        self.origin.hide()
        self.sent.hide()
        self.made.setText("")

    def show_insight(self, insight: Insight) -> None:
        """Say who made a text, from how many facts, when, and what left for it."""
        self._insight, self._aged = insight, False
        self.show()
        icon = "list" if insight.provider == "rules" else "cpu"
        self.origin.show_state(insight.origin[:1].upper() + insight.origin[1:], icon, "neutral")
        self.origin.setVisible(bool(insight.statements))
        self.made.setVisible(not self._compact)
        self.made.setToolTip(f"Made {format_instant(insight.made)}, UTC")
        sent = insight.sent_bytes
        self.sent.show_state(
            f"{sent:,} bytes were sent".replace(",", "\u202f") if sent else "Nothing was sent",
            "cloud-off" if not sent else "upload",
            "info" if sent else "ok",
        )
        self.sent.show()
        self.look()
        self._clock.start()

    def look(self) -> None:
        """Renew the age; announce once that an hour is over."""
        insight = self._insight
        if insight is None:
            return
        now = int(time.time())
        table = insight.facts.table
        if table is None or not insight.statements:
            self.made.setText("")
            return
        days = max((fact.valid_days for fact in table.facts), default=0)
        parts = [f"from {len(table.facts)} facts", f"{days} valid days"]
        parts += ["partial"] if insight.partial else []
        parts.append(age_words(insight.made, now, cached=insight.cached))
        self.made.setText(" · ".join(parts))
        if now - insight.made >= LIFE_S and not self._aged and self.isVisible():
            self._aged = True
            self.aged.emit()
