"""Small strokes that every chart shares: text that fits, hatched stretches, legends, clip marks, read-outs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QColor, QFontMetricsF, QPainter, QPen, QPointF, QPolygonF, QRectF, QSvgGenerator, Qt

__all__ = [
    "Align",
    "LegendItem",
    "ReadOut",
    "clip_mark",
    "dashed",
    "hatch",
    "hatch_word",
    "legend",
    "legend_lines",
    "legend_width",
    "paragraph",
    "pixel_ratio",
    "read_out",
    "text",
    "text_width",
    "tint",
]

Align = Literal["left", "right", "centre"]
HatchKind = Literal["not_worn", "missing", "excluded"]


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One entry of a legend: how it is drawn, in which colour, and the word."""

    kind: Literal[
        "fill", "line", "dash", "thick", "band", "hatch", "missing", "excluded", "dot", "skip", "clip", "tick"
    ]
    colour: QColor
    label: str


@dataclass(frozen=True, slots=True)
class ReadOut:
    """What stands in the box at the cursor: moment, offset, and one ``(name, value)`` a line."""

    title: str
    offset: str
    rows: tuple[tuple[str, str], ...]


def tint(colour: QColor, opacity: float) -> QColor:
    """The colour at an opacity 0…1."""
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


def dashed(colour: QColor, on: float, off: float, width: float = 1.0) -> QPen:
    """A dashed pen; dash lengths in logical pixels (Qt wants them in pen widths).

    Not cosmetic: a cosmetic pen is as wide in device pixels, a hairline in a picture of a finer resolution.
    """
    pen = QPen(colour, width)
    pen.setDashPattern([on / width, off / width])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def text_width(token: str, words: str) -> float:
    """Width of words in a type token, logical pixels."""
    return QFontMetricsF(theme.font(token)).horizontalAdvance(words)


def text(
    painter: QPainter,
    x: float,
    centre_y: float,
    words: str,
    colour: QColor,
    *,
    token: str = "micro",
    align: Align = "left",
    strong: bool = False,
    limits: tuple[float, float] | None = None,
) -> QRectF:
    """Draw one line around ``centre_y`` and answer its box; nothing is drawn when it would leave ``limits`` (x)."""
    font = theme.font(token)
    if strong:
        font.setWeight(font.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(words)
    left = x if align == "left" else x - width if align == "right" else x - width / 2
    box = QRectF(left, centre_y - metrics.height() / 2, width, metrics.height())
    if limits is not None and (left < limits[0] - 0.5 or left + width > limits[1] + 0.5):
        return QRectF()
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(QPointF(round(left), round(box.top() + metrics.ascent())), words)
    return box


def hatch(painter: QPainter, area: QRectF, kind: HatchKind) -> None:
    """Hatch an area ("not_worn", "missing", "excluded")."""
    shown = theme.current()
    if kind == "not_worn":
        painter.fillRect(area, shown.ui["sunken"])
    painter.fillRect(area, theme.hatch(kind))


def hatch_word(painter: QPainter, area: QRectF, word: str) -> None:
    """Write the word of a hatch in the middle of its area, on a plate, when it is 60 px wide."""
    shown = theme.current()
    if area.width() >= max(60.0, text_width("micro", word) + 12) and area.height() >= 18:
        width = text_width("micro", word) + 8
        plate = QRectF(area.center().x() - width / 2, area.center().y() - 8, width, 16)
        painter.fillRect(plate, shown.ui["plot"])
        text(painter, area.center().x(), area.center().y(), word, shown.ui["text"], align="centre")


def clip_mark(painter: QPainter, x: float, top: float, colour: QColor) -> None:
    """A small filled triangle at the top edge: the value passes the scale."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(x - 3, top + 4.5), QPointF(x + 3, top + 4.5), QPointF(x, top)]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


_MARK = 14.0
_GAP = 14.0


def legend_width(items: Sequence[LegendItem]) -> float:
    """Width a legend takes on one line."""
    return sum(_MARK + 5 + text_width("micro", item.label) + _GAP for item in items) - (_GAP if items else 0)


def legend_lines(items: Sequence[LegendItem], left: float, right: float) -> int:
    """On how many lines :func:`legend` draws these entries, at least one."""
    x, lines = left, 1
    for item in items:
        width = _MARK + 5 + text_width("micro", item.label)
        if x > left and x + width > right:
            x, lines = left, lines + 1
        x += width + _GAP
    return lines


def legend(painter: QPainter, left: float, centre_y: float, items: Sequence[LegendItem], right: float) -> float:
    """Draw a legend from ``left``, wrapping in lines of 18 px before ``right``; answers the centre of the last line."""
    shown = theme.current()
    x, y = left, centre_y
    for item in items:
        width = _MARK + 5 + text_width("micro", item.label)
        if x > left and x + width > right:
            x, y = left, y + 18
        _mark(painter, QRectF(x, y - 5, _MARK, 10), item)
        text(painter, x + _MARK + 5, y, item.label, shown.ui["text_muted"])
        x += width + _GAP
    return y


def _mark(painter: QPainter, box: QRectF, item: LegendItem) -> None:
    shown = theme.current()
    middle = round(box.center().y()) + 0.5
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match item.kind:
        case "fill":
            painter.fillRect(box.adjusted(1, 1, -1, -1), item.colour)
        case "band":
            painter.fillRect(box.adjusted(0, 1, 0, -1), item.colour)
            painter.setPen(QPen(shown.ui["border"], 1))
            painter.drawRect(box.adjusted(0.5, 1.5, -0.5, -1.5))
        case "line" | "dash":
            pen = dashed(item.colour, 5, 3, 1.5) if item.kind == "dash" else QPen(item.colour, 1.75)
            painter.setPen(pen)
            painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))
        case "thick":
            painter.fillRect(QRectF(box.left(), middle - 2, box.width(), 3), item.colour)
        case "hatch":
            hatch(painter, box.adjusted(0, 0, 0, 0), "not_worn")
        case "missing" | "excluded":
            hatch(painter, box, item.kind)
            painter.setPen(QPen(shown.ui["border"], 1))
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        case "dot":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(item.colour)
            painter.drawEllipse(box.center(), 3.0, 3.0)
        case "tick":
            painter.fillRect(QRectF(box.center().x() - 0.75, box.top(), 1.5, box.height()), item.colour)
        case "skip":
            painter.fillRect(box.adjusted(1, 0, -1, 0), shown.ui["warn_bg"])
            painter.setPen(QPen(shown.ui["warn"], 1))
            painter.drawRect(box.adjusted(1.5, 0.5, -1.5, -0.5))
        case "clip":
            clip_mark(painter, box.center().x(), box.top() + 3, item.colour)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def read_out(painter: QPainter, content: ReadOut, at: QPointF, frame: QRectF) -> None:
    """Draw the read-out beside a point: 8 px away, flipped at the edge, inside ``frame``."""
    shown = theme.current()
    name_width = max((text_width("small", name) for name, _ in content.rows), default=0.0)
    value_width = max((text_width("small", value) for _, value in content.rows), default=0.0)
    head = text_width("small", content.title) * 1.06 + text_width("small", content.offset) + 6
    width = max(head, name_width + 16 + value_width) + 16
    height = 16 + 16 * (1 + len(content.rows))
    left = at.x() + 10 if at.x() + 10 + width <= frame.right() else at.x() - 10 - width
    left = max(frame.left(), min(left, frame.right() - width))
    top = max(frame.top(), min(at.y() - height - 8, frame.bottom() - height))
    if at.y() - height - 8 < frame.top():
        top = min(at.y() + 12, frame.bottom() - height)
    box = QRectF(round(left), round(max(frame.top(), top)), round(width), height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(shown.ui["border_strong"], 1))
    painter.setBrush(shown.ui["raised"])
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    y = box.top() + 16
    title = text(painter, box.left() + 8, y, content.title, shown.ui["text"], token="small", strong=True)
    text(painter, title.right() + 6, y, content.offset, shown.ui["text_faint"], token="small")
    for name, value in content.rows:
        y += 16
        text(painter, box.left() + 8, y, name, shown.ui["text_muted"], token="small")
        text(painter, box.right() - 8, y, value, shown.ui["text"], token="small", align="right")


def pixel_ratio(painter: QPainter) -> float:
    """Pixels a logical pixel of what is painted on; pictures inside a vector file are made three times as fine."""
    device = painter.device()
    return 3.0 if isinstance(device, QSvgGenerator) else device.devicePixelRatioF()


def paragraph(painter: QPainter, area: QRectF, words: str, *, plate: bool) -> None:
    """Write why there is nothing to see in the middle of an area, on a plate where axes lie beneath."""
    shown = theme.current()
    font = theme.font("body")
    metrics = QFontMetricsF(font)
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    room = area.adjusted(24, 8, -24, -8)
    box = metrics.boundingRect(room, flags, words).adjusted(-12, -8, 12, 8)
    if plate:
        painter.fillRect(box.intersected(area), shown.ui["surface"])
    painter.setFont(font)
    painter.setPen(shown.ui["text_muted"])
    painter.drawText(room, flags, words)
