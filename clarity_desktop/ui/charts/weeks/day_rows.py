"""Seven rows of a week: activity above, and below it a strip of what the model makes of each stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import EpochState
from clarity_desktop.domain.pat_results import WeekDetail
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, clip_mark, hatch, text, text_width
from clarity_desktop.ui.charts.wording import clock, day_short, local_parts, moment, number
from clarity_desktop.ui.qt import QColor, QImage, QPainter, QPen, QPointF, QRectF, QWidget

__all__ = ["DayRowsChart", "Strip"]

_DAYS: Final = 7
_DAY_MIN: Final = 1440
_LEFT: Final = 84.0
_TOP: Final = 30.0
_BOTTOM: Final = 24.0
_STRIP: Final = 9.0
_SHARE: Final = 0.99


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip under each row shows."""

    name: str
    """``Attention received``."""
    unit: str
    """``× even share``."""
    values: NDArray[np.float64]
    """One for each stretch, in order, shape (K,); NaN is drawn as no value."""
    minutes: int
    """Minutes of a stretch: K · minutes = 10 080."""
    note: str = ""
    """At the right of the legend: ``last block, mean of 12 heads``."""


class DayRowsChart(Chart):
    """A week in rows of 24 elapsed hours, with a strip of model values under each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Week in rows of a day", height=280, parent=parent)
        self._detail: WeekDetail | None = None
        self._strip: Strip | None = None
        self._why = "No week is chosen."
        self._bars: NDArray[np.float64] = np.empty(0)
        self.setMinimumHeight(280)

    def show_week(self, detail: WeekDetail | None, strip: Strip | None, why: str = "") -> None:
        """Show a week with its strip, or why there is none."""
        self._detail, self._strip = detail, strip
        self._why = why or "No week is chosen."
        if detail is not None:
            values = detail.values.astype(np.float64)
            there = np.isfinite(values)
            self._bars = np.where(there, values, np.nan)
        self.refresh()

    def message(self) -> str:
        return self._why if self._detail is None else ""

    def units(self) -> str:
        if self._detail is None:
            return ""
        words = self._detail.signal.words
        return words if self._strip is None else f"{words}; {self._strip.name}, {self._strip.unit}"

    def summary(self) -> str:
        detail, strip = self._detail, self._strip
        if detail is None:
            return self._why
        first = day_short(local_parts(detail.zone, detail.status.start)[0])
        words = f"Week from {first}: {number(detail.status.minutes.worn)} of 10 080 minutes worn."
        if strip is None or not np.isfinite(strip.values).any():
            return words
        low, high = np.nanmin(strip.values), np.nanmax(strip.values)
        at = int(np.nanargmax(strip.values)) * strip.minutes
        start = detail.status.start + at * 60
        when = f"{day_short(local_parts(detail.zone, start)[0])} {clock(detail.zone, start)}"
        return (
            f"{words} {strip.name} from {number(low, 2)} to {number(high, 2)} {strip.unit}, "
            f"the highest from {when}. It marks neither a cause nor a symptom."
        )

    def table(self) -> ChartTable | None:
        detail, strip = self._detail, self._strip
        if detail is None or strip is None:
            return None
        rows = []
        for place, value in enumerate(strip.values.tolist()):
            start = detail.status.start + place * strip.minutes * 60
            part = self._bars[place * strip.minutes : (place + 1) * strip.minutes]
            worn = part[np.isfinite(part)]
            rows.append(
                (
                    detail.zone.format(start),
                    number(value, 3),
                    number(float(worn.mean()), 1) if worn.size else "–",
                    number(int(worn.size)),
                )
            )
        heads = ("Begins", f"{strip.name}, {strip.unit}", detail.signal.words.split(",")[0], "Worn, min")
        return ChartTable(heads, tuple(rows))

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, max(80.0, self.width() - _LEFT - 16), max(120.0, self.height() - _TOP - _BOTTOM))

    def _row(self, row: int) -> QRectF:
        area = self._area
        height = area.height() / _DAYS
        return QRectF(area.left(), area.top() + row * height, area.width(), height)

    def _parts(self, row: int) -> tuple[QRectF, QRectF]:
        box = self._row(row)
        strip = QRectF(box.left(), box.bottom() - _STRIP - 4, box.width(), _STRIP)
        return QRectF(box.left(), box.top() + 6, box.width(), strip.top() - box.top() - 8), strip

    # -- drawing -------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        detail = self._detail
        if detail is None:
            return
        now, area = theme.current(), self._area
        self._hours(painter, area)
        worn = self._bars[np.isfinite(self._bars)]
        moving = worn[worn > 0]
        top = float(np.quantile(moving, _SHARE)) if moving.size else 1.0
        for row in range(_DAYS):
            bars, strip = self._parts(row)
            start = detail.status.start + row * _DAY_MIN * 60
            day, _, _ = local_parts(detail.zone, start)
            text(painter, area.left() - 12, bars.bottom() - 8, day_short(day), now.ui["text"], align="right")
            first_clock = clock(detail.zone, start)
            if first_clock != "00:00":
                # After a jump of the clock the rows still begin every 24 hours, and no longer at midnight.
                text(painter, area.left() - 12, bars.bottom() + 6, f"from {first_clock}", now.ui["warn"], align="right")
            self._absent(painter, row, bars)
            self._ink(painter, row, bars, top, now.data["activity"])
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(bars.left(), bars.bottom() + 0.5), QPointF(bars.right(), bars.bottom() + 0.5))
            self._cells(painter, row, strip)
        self._changes(painter, detail)
        self._legend(painter, detail, top)

    def _hours(self, painter: QPainter, area: QRectF) -> None:
        now = theme.current()
        for hour in range(0, 25, 3):
            x = round(area.left() + hour / 24 * area.width()) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            label = "00" if hour == 24 else f"{hour:02d}"
            colour = now.ui["text" if hour % 12 == 0 else "text_faint"]
            text(painter, x, area.bottom() + 12, label, colour, align="centre", limits=(0, self.width()))

    def _absent(self, painter: QPainter, row: int, box: QRectF) -> None:
        detail = self._detail
        if detail is None:
            return
        state = detail.state[row * _DAY_MIN : (row + 1) * _DAY_MIN]
        kinds = ((EpochState.NOT_WORN, "not_worn"), (EpochState.MISSING, "missing"), (EpochState.EXCLUDED, "excluded"))
        for code, kind in kinds:
            edges = np.flatnonzero(np.diff(np.concatenate(([0], (state == code).astype(np.int8), [0]))))
            for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                left = box.left() + start / _DAY_MIN * box.width()
                width = (stop - start) / _DAY_MIN * box.width()
                hatch(painter, QRectF(left, box.top(), max(1.0, width), box.height()), kind)  # type: ignore[arg-type]

    def _ink(self, painter: QPainter, row: int, box: QRectF, top: float, colour: QColor) -> None:
        columns = max(1, int(box.width()))
        values = self._bars[row * _DAY_MIN : (row + 1) * _DAY_MIN]
        edges = np.linspace(0, _DAY_MIN, columns + 1).astype(np.int64)[:-1]
        highest = np.fmax.reduceat(np.nan_to_num(values, nan=-1.0), np.minimum(edges, _DAY_MIN - 1))
        for place in np.flatnonzero(highest > 0).tolist():
            share = min(1.0, highest[place] / top)
            height = share * box.height()
            painter.fillRect(QRectF(box.left() + place, box.bottom() - height, 1.0, height), colour)
            if highest[place] > top:
                clip_mark(painter, box.left() + place, box.top() - 4, theme.current().data["rest"])

    def _scale(self) -> tuple[float, float]:
        strip = self._strip
        if strip is None or not np.isfinite(strip.values).any():
            return 0.0, 1.0
        low, high = (float(np.nanquantile(strip.values, share)) for share in (0.01, 0.99))
        return low, high if high > low else low + 1e-9

    def _cells(self, painter: QPainter, row: int, box: QRectF) -> None:
        strip = self._strip
        if strip is None:
            return
        per_day = _DAY_MIN // strip.minutes
        values = strip.values[row * per_day : (row + 1) * per_day]
        low, high = self._scale()
        known = np.isfinite(values)
        place = np.clip(np.nan_to_num((values - low) / (high - low)), 0, 1)
        pixels = theme.colormap("dusk")[np.round(place * 255).astype(np.int64)].copy()
        pixels[~known] = 0
        bgra = np.ascontiguousarray(pixels[None, :, [2, 1, 0, 3]])
        image = QImage(bgra.data, per_day, 1, 4 * per_day, QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(box, image)
        if not known.all():
            for index in np.flatnonzero(~known).tolist():
                width = box.width() / per_day
                hatch(painter, QRectF(box.left() + index * width, box.top(), width, box.height()), "missing")

    def _changes(self, painter: QPainter, detail: WeekDetail) -> None:
        now = theme.current()
        for change in detail.status.changes:
            minute = (change.at - detail.status.start) // 60
            row, within = int(minute // _DAY_MIN), minute % _DAY_MIN
            if not 0 <= row < _DAYS:
                continue
            box = self._row(row)
            x = round(box.left() + within / _DAY_MIN * box.width()) + 0.5
            painter.setPen(QPen(now.ui["warn"], 1))
            painter.drawLine(QPointF(x, box.top() + 4), QPointF(x, box.bottom()))
            hours = change.shift_s / 3600
            word = change.zone.rsplit("/", 1)[-1].replace("_", " ") if change.travel else "clock change"
            sign = "+" if hours >= 0 else "\u2212"
            text(painter, x + 4, box.top() + 10, f"{sign}{abs(hours):g} h {word}", now.ui["warn"],
                 limits=(0, self.width()))  # fmt: skip

    def _legend(self, painter: QPainter, detail: WeekDetail, top: float) -> None:
        now, strip, y = theme.current(), self._strip, 12.0
        x = _LEFT
        painter.fillRect(QRectF(x, y - 4, 11, 8), now.data["activity"])
        short = detail.signal.words.split(",")[0]
        label = f"{short[0].upper()}{short[1:]}, to {number(top)}"
        x += 17 + text(painter, x + 17, y, label, now.ui["text_muted"]).width() + 22
        if strip is None:
            return
        low, high = self._scale()
        x += text(painter, x, y, f"{strip.name}, {strip.unit}  {number(low, 2)}", now.ui["text_muted"]).width() + 8
        ramp = np.ascontiguousarray(theme.colormap("dusk")[None, :, [2, 1, 0, 3]])
        image = QImage(ramp.data, 256, 1, 1024, QImage.Format.Format_ARGB32_Premultiplied)
        width = min(80.0, max(40.0, self.width() - x - 60))
        painter.drawImage(QRectF(x, y - 4, width, 8), image)
        x += width + 8
        x += text(painter, x, y, number(high, 2), now.ui["text_muted"]).width() + 16
        if strip.note and x + text_width("micro", strip.note) < self.width() - 16:
            text(painter, self.width() - 16, y, strip.note, now.ui["text_muted"], align="right")

    # -- reading -------------------------------------------------------------------------------------------------

    def _cell(self, point: QPointF) -> tuple[int, int] | None:
        """Row and stretch under a point."""
        area, strip = self._area, self._strip
        if not area.contains(point):
            return None
        row = min(_DAYS - 1, int((point.y() - area.top()) / area.height() * _DAYS))
        minutes = strip.minutes if strip is not None else 60
        place = int((point.x() - area.left()) / area.width() * _DAY_MIN) // minutes
        return row, min(place, _DAY_MIN // minutes - 1)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        detail, strip, cell = self._detail, self._strip, self._cell(point)
        if detail is None or cell is None:
            return None
        minutes = strip.minutes if strip is not None else 60
        at = cell[0] * _DAY_MIN + cell[1] * minutes
        start = detail.status.start + at * 60
        title, offset = moment(detail.zone, start)
        values = self._bars[at : at + minutes]
        worn = values[np.isfinite(values)]
        rows: list[tuple[str, str]] = []
        if strip is not None:
            value = strip.values[at // minutes]
            rows.append((strip.name, f"{number(float(value), 2)} {strip.unit}" if np.isfinite(value) else "not worn"))
        unit = detail.signal.words.split(",")[0]
        rows.append(("Mean of the signal", f"{number(float(worn.mean()))} {unit}" if worn.size else "no worn minute"))
        rows.append(("Worn", f"{worn.size} of {minutes} min"))
        return ReadOut(f"{title} – {clock(detail.zone, start + minutes * 60)}", offset, tuple(rows))

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        cell = self._cell(cursor)
        if cell is None:
            return
        minutes = self._strip.minutes if self._strip is not None else 60
        box = self._row(cell[0])
        width = minutes / _DAY_MIN * box.width()
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawRect(QRectF(box.left() + cell[1] * width, box.top() + 4, max(3.0, width), box.height() - 6))
