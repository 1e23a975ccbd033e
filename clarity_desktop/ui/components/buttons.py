"""Buttons: primary, standard, quiet, danger and link; icon buttons; the segmented switch."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QAbstractButton,
    QButtonGroup,
    QEnterEvent,
    QEvent,
    QFontMetrics,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QPushButton,
    QRect,
    QRectF,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
    Signal,
)

__all__ = ["Button", "IconButton", "SegmentedSwitch"]

_HEIGHT = 28
_RADIUS = 6.0


class Button(QPushButton):
    """A button of one kind: ``primary`` (at most one a page), ``normal``, ``quiet``, ``danger`` or ``link``.

    Parameters
    ----------
    icon:
        Name of an icon of 14 px before the text; ``""`` for none.
    """

    def __init__(self, text: str, kind: str = "normal", icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.kind = kind
        self.icon_name = icon
        self.setFont(theme.font("body_medium"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def set_text(self, text: str) -> None:
        """Change the text and the spoken name."""
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = QFontMetrics(self.font()).horizontalAdvance(self.text())
        width += 20 if self.icon_name else 0
        return QSize(width + (4 if self.kind == "link" else 24), 24 if self.kind == "link" else _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _ink(self) -> str:
        if not self.isEnabled():
            return "text_faint"
        return {"primary": "on_accent", "danger": "danger", "link": "accent"}.get(self.kind, "text")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        hovered = self.underMouse() and self.isEnabled()
        fill, line = {
            "primary": ("accent_hover" if hovered else "accent", "accent_hover" if hovered else "accent"),
            "normal": ("hover" if hovered else "surface", "border_strong"),
            "danger": ("danger_bg" if hovered else "surface", "danger"),
            "quiet": ("hover" if hovered else "", ""),
            "link": ("", ""),
        }[self.kind]
        if self.isDown() and self.kind in ("normal", "quiet"):
            fill = "sunken"
        if not self.isEnabled():
            fill, line = ("", "") if self.kind in ("quiet", "link") else ("surface", "border")
        painter.setPen(QPen(theme.colour(line), 1) if line else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(fill) if fill else Qt.BrushStyle.NoBrush)
        if fill or line:
            painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        ink = self._ink()
        metrics = QFontMetrics(self.font())
        total = metrics.horizontalAdvance(self.text()) + (20 if self.icon_name else 0)
        left = (self.width() - total) // 2 if self.kind != "link" else 2
        if self.icon_name:
            image = theme.pixmap(self.icon_name, 14, ink, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(left, (self.height() - 14) / 2), image)
            left += 20
        font = self.font()
        font.setUnderline(self.kind == "link" and hovered)
        painter.setFont(font)
        painter.setPen(theme.colour(ink))
        painter.drawText(QRect(left, 0, self.width() - left, self.height()), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class IconButton(QAbstractButton):
    """A square button with an icon; its name is spoken and shown as tool tip."""

    def __init__(
        self, icon: str, name: str, *, side: int = _HEIGHT, size: int = 18, bordered: bool = False, tip: str = ""
    ) -> None:
        super().__init__()
        self.icon_name = icon
        self._size = size
        self._bordered = bordered
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_name(name, tip)

    def set_name(self, name: str, tip: str = "") -> None:
        """Change the spoken name and the tool tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip or name)

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self.icon_name = icon
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = "sunken" if self.isDown() else "hover" if self.underMouse() and self.isEnabled() else ""
        if self.isChecked():
            fill = "selected"
        if self._bordered and not fill:
            fill = "surface"
        if fill:
            painter.setPen(QPen(theme.colour("border_strong"), 1) if self._bordered else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(fill))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        ink = "text" if self.isEnabled() else "text_faint"
        if not self.isEnabled():
            painter.setOpacity(0.6)
        image = theme.pixmap(self.icon_name, self._size, ink, self.devicePixelRatioF())
        painter.drawPixmap(QPointF((self.width() - self._size) / 2, (self.height() - self._size) / 2), image)
        painter.end()


class _Segment(QAbstractButton):
    def __init__(self, text: str, first: bool, last: bool) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setAccessibleName(text)
        self._first, self._last = first, last
        self.setFixedHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(theme.font("body_strong")).horizontalAdvance(self.text()) + 22, _HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setClipRect(self.rect())
        # Inner ends run past the widget, so that only the outer corners of the switch are round.
        frame.adjust(0 if self._first else -12, 0, 0 if self._last else 12, 0)
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        fill = "selected" if self.isChecked() else "hover" if self.underMouse() else "surface"
        painter.setBrush(theme.colour(fill))
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        if not self._first:
            painter.drawLine(QPointF(0.5, 0), QPointF(0.5, self.height()))
        painter.setFont(theme.font("body_strong" if self.isChecked() else "body"))
        painter.setPen(theme.colour("text"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


class SegmentedSwitch(QWidget):
    """Two to four views of which one is chosen."""

    chosen = Signal(str)

    def __init__(self, name: str, options: tuple[tuple[str, str], ...], value: str) -> None:
        """Options are pairs of id and text."""
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._segments: dict[str, _Segment] = {}
        for index, (option, text) in enumerate(options):
            segment = _Segment(text, index == 0, index == len(options) - 1)
            self._segments[option] = segment
            self._group.addButton(segment)
            row.addWidget(segment)
            segment.clicked.connect(lambda _=False, option=option: self.chosen.emit(option))
        self.set_value(value)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def value(self) -> str:
        """Id of the chosen option."""
        return next(option for option, segment in self._segments.items() if segment.isChecked())

    def explain(self, value: str, words: str) -> None:
        """Say of an option what choosing it does."""
        self._segments[value].setToolTip(words)
        self._segments[value].setAccessibleDescription(words)

    def set_value(self, value: str) -> None:
        """Choose without announcing it."""
        self._segments[value].setChecked(True)
