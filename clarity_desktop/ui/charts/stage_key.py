"""The key to sleep stages for the head of a card, where lanes are too low for their names."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import LegendItem, legend, legend_width
from clarity_desktop.ui.qt import QPainter, QPaintEvent, QSize, QSizePolicy, QWidget

__all__ = ["StageKey"]

_STAGES = (("awake", "Awake"), ("rem", "REM"), ("core", "Core"), ("deep", "Deep"))


class StageKey(QWidget):
    """Colour and word of each stage from the top lane to the bottom one, and the hatch of what was not worn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stages from top to bottom: awake, REM, core, deep; hatched: not worn")
        theme.notifier.changed.connect(self.update)

    def _items(self) -> list[LegendItem]:
        now = theme.current()
        stages = [LegendItem("fill", now.data[token], word) for token, word in _STAGES]
        return [*stages, LegendItem("hatch", now.ui["hatch"], "Not worn")]

    def sizeHint(self) -> QSize:
        return QSize(round(legend_width(self._items())) + 2, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        legend(painter, 0.0, self.height() / 2, self._items(), float(self.width()) + 1)
        painter.end()
