"""Where the open person's data are, as a quiet mark in the title line of every card that holds a chart (Y-61)."""

from __future__ import annotations

from functools import lru_cache

from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.qt import QObject, QWidget, Signal

__all__ = ["DataPlace", "PlaceMark", "data_place", "mark_card_of"]

_HERE = "This machine only. Nothing of this person goes to a server."
_SIDE = 14


class DataPlace(QObject):
    """Word, icon, tone and tip of where the open person's data are; ``None`` while nothing of theirs goes anywhere."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.told: tuple[str, str, str, str] | None = None

    def tell(self, told: tuple[str, str, str, str] | None) -> None:
        """Say another place; every mark follows."""
        if told != self.told:
            self.told = told
            self.changed.emit()


@lru_cache(maxsize=1)
def data_place() -> DataPlace:
    """The one that the shell tells and all marks follow."""
    return DataPlace()


class PlaceMark(Icon):
    """An icon without words: they stand in its tip, its spoken name, and in the header."""

    def __init__(self, card: Card) -> None:
        super().__init__("hard-drive", _SIDE, "text_muted")
        self.setParent(card)
        self._card = card
        data_place().changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show what holds now."""
        told = data_place().told
        self.setVisible(told is not None)
        words = _HERE
        if told is not None:
            word, icon, tone, tip = told
            self.show_icon(icon, "text_muted" if tone == "neutral" else tone)
            words = f"{word}. {tip}"
        self.setToolTip(words)
        self.setAccessibleName(f"Data of this chart: {words}")
        self._card.title_label.setToolTip(words)
        self._card.title_label.setAccessibleDescription(words)


def mark_card_of(chart: QWidget) -> None:
    """Give the card around a chart its mark, once."""
    above = chart.parentWidget()
    while above is not None and not isinstance(above, Card):
        above = above.parentWidget()
    if above is not None and above.title_label.text() and above.findChild(PlaceMark) is None:
        above.add_mark(PlaceMark(above))
