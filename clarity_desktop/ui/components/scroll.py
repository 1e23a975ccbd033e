"""A page that scrolls, with cards that stay aligned with the toolbar whether or not there is a scroll bar."""

from __future__ import annotations

from clarity_desktop.ui.qt import QScrollArea, Qt, QVBoxLayout, QWidget

__all__ = ["PageScroll"]

_PADDING = 16
_BAR = 10


class PageScroll(QScrollArea):
    """Holds one column of cards; put them into :attr:`column`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().rangeChanged.connect(lambda _, most: self._make_room(most > 0))
        self.column = self.renew()

    def renew(self) -> QVBoxLayout:
        """Throw the content away and begin an empty column."""
        content = QWidget()
        content.setProperty("role", "page")
        self.column = QVBoxLayout(content)
        self.column.setSpacing(12)
        self.setWidget(content)
        self._make_room(self.verticalScrollBar().maximum() > 0)
        return self.column

    def _make_room(self, bar: bool) -> None:
        # The bar takes its width out of the padding, so the content is as wide as without it.
        self.column.setContentsMargins(_PADDING, _PADDING, _PADDING - _BAR if bar else _PADDING, _PADDING)
