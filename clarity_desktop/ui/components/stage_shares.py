"""The stages of one night as a bar and a list, named as a device estimate."""

from __future__ import annotations

from clarity_desktop.domain.sleep import Night, Stage
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.hypnogram import STAGE_WORDS
from clarity_desktop.ui.charts.paint import hatch, text
from clarity_desktop.ui.charts.wording import duration, number
from clarity_desktop.ui.qt import QPainter, QPaintEvent, QRectF, QSize, QSizePolicy, QWidget

__all__ = ["StageShares"]

_ORDER = (Stage.DEEP, Stage.CORE, Stage.ASLEEP, Stage.REM, Stage.AWAKE)
_ROW = 24


class StageShares(QWidget):
    """Minutes by stage; shares are of time asleep, and time awake stands apart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, str, float, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stages of the night")
        theme.notifier.changed.connect(self.update)
        self.show_night(None)

    def show_night(self, night: Night | None) -> None:
        """Show the stages of a night."""
        self._rows = []
        if night is not None:
            for stage in _ORDER:
                minutes = night.stages_min.get(stage.value, 0.0)
                if minutes <= 0:
                    continue
                share = "apart" if stage is Stage.AWAKE else f"{number(100 * minutes / night.tst_min)} % of sleep"
                self._rows.append((stage.value, STAGE_WORDS[stage], minutes, share))
            gap = night.stages_min.get("gap", 0.0)
            if gap > 0:
                self._rows.append(("gap", "No record", gap, "neither"))
        self.setFixedHeight(26 + _ROW * max(1, len(self._rows)))
        spoken = "; ".join(f"{name} {duration(minutes)}, {share}" for _, name, minutes, share in self._rows)
        self.setAccessibleDescription(spoken or "No stages recorded")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        now = theme.current()
        if not self._rows:
            text(painter, 12, 14, "No stages were recorded for this night.", now.ui["text_muted"], token="small")
            painter.end()
            return
        total = sum(minutes for _, _, minutes, _ in self._rows)
        left, room = 12.0, self.width() - 24.0
        for token, _, minutes, _ in self._rows:
            width = minutes / total * room
            box = QRectF(left, 4, max(1.0, width - 1), 12)
            if token == "gap":
                hatch(painter, box, "missing")
            else:
                painter.fillRect(box, now.data[token])
            left += width
        for index, (token, name, minutes, share) in enumerate(self._rows):
            y = 26 + index * _ROW + _ROW / 2
            mark = QRectF(12, y - 5, 10, 10)
            if token == "gap":
                hatch(painter, mark, "missing")
            else:
                painter.fillRect(mark, now.data[token])
            text(painter, 28, y, name, now.ui["text"], token="body")
            text(painter, self.width() - 112, y, duration(minutes), now.ui["text"], token="body_strong", align="right")
            text(painter, self.width() - 12, y, share, now.ui["text_muted"], token="small", align="right")
        painter.end()
