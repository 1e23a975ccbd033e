"""What an actogram shows over its bars: sleep, light as a strip, heart rate as a line; each can be switched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.time import DAY_S, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.actogram_data import ActogramData
from clarity_desktop.ui.charts.actogram_paint import light, sleep_lines
from clarity_desktop.ui.charts.actogram_rows import BIN_S, BINS, ActogramRows, light_levels
from clarity_desktop.ui.charts.curves import polyline
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.paint import LegendItem
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.qt import QPainter, QPen, QRectF

__all__ = ["HEART", "LIGHT", "OVERLAYS", "SLEEP", "Overlays", "bin_means"]

SLEEP: Final = "sleep"
LIGHT: Final = "light"
HEART: Final = "heart"
OVERLAYS: Final = (SLEEP, LIGHT, HEART)
"""All overlays, in the order in which they are listed."""

_FOOT = 5


def bin_means(rows: ActogramRows, zone: ZoneTimeline, columns: Columns) -> NDArray[np.float32]:
    """Means of columns laid on the bins of rows, shape (days, 288), NaN where nothing is known.

    Of an hour that passed twice both passes enter.
    """
    n = columns.mean.size
    centres = columns.start + ((np.arange(n) + 0.5) * (columns.stop - columns.start) / max(1, n)).astype(np.int64)
    index = (zone.local_seconds(centres) - rows.origin_s - rows.first_day * DAY_S) // BIN_S
    size = len(rows) * BINS
    known = np.isfinite(columns.mean) & (index >= 0) & (index < size)
    total = np.bincount(index[known], weights=columns.mean[known], minlength=size)
    count = np.bincount(index[known], minlength=size)
    mean = np.full(size, np.nan, dtype=np.float32)
    np.divide(total, count, out=mean, where=count > 0, casting="unsafe")
    return mean.reshape(len(rows), BINS)


class Overlays:
    """The overlays of one actogram and which of them are shown."""

    def __init__(self) -> None:
        self.shown: frozenset[str] = frozenset((SLEEP, LIGHT))
        self._lux: NDArray[np.float32] | None = None
        self._levels: NDArray[np.uint8] | None = None
        self._rate: NDArray[np.float32] | None = None
        self._range = (40.0, 160.0)

    def clear(self) -> None:
        """Forget what belongs to another recording; what is switched on stays so."""
        self._lux = self._levels = self._rate = None

    def show(self, names: Collection[str]) -> None:
        """Switch these on and all others off."""
        self.shown = frozenset(names)

    def take_light(self, data: ActogramData, columns: Columns | None) -> None:
        """Means in lux; ``None`` takes the light off."""
        self._lux = self._levels = None
        if columns is not None:
            zone = data.panel.epochs.zone
            self._levels = light_levels(data.rows, zone, columns)
            self._lux = bin_means(data.rows, zone, columns)

    def take_heart_rate(self, data: ActogramData, columns: Columns | None) -> None:
        """Means in beats a minute; ``None`` takes the line off. One scale for all rows, with round ends."""
        self._rate = None
        if columns is None:
            return
        rate = bin_means(data.rows, data.panel.epochs.zone, columns)
        known = rate[np.isfinite(rate)]
        if known.size:
            low, high = np.percentile(known, (0.5, 99.5))
            self._range = (10.0 * np.floor(low / 10), max(10.0 * np.ceil(high / 10), 10.0 * np.floor(low / 10) + 10))
            self._rate = rate

    def paint(self, painter: QPainter, frame: QRectF, data: ActogramData, shown: range, days: int) -> None:
        """Draw over the bars of the visible rows."""
        if LIGHT in self.shown and self._levels is not None:
            light(painter, frame, self._levels, shown, days)
        if HEART in self.shown and self._rate is not None:
            self._paint_rate(painter, frame, self._rate, shown, days)
        if SLEEP in self.shown:
            sleep_lines(painter, frame, data.nights, data.naps, shown, days)

    def _paint_rate(self, painter: QPainter, frame: QRectF, rate: NDArray[np.float32], shown: range, days: int) -> None:
        low, high = self._range
        height = frame.height() / max(1, len(shown))
        room, width = height - _FOOT - 2, frame.width() / days
        pen = QPen(theme.current().data["hr"], 1)
        for number_of_row, row in enumerate(shown):
            base = frame.top() + (number_of_row + 1) * height - _FOOT
            for half in range(days):
                if row + half >= rate.shape[0]:
                    continue
                share = np.clip((rate[row + half] - low) / (high - low), 0.0, 1.0).astype(np.float64)
                x = frame.left() + (half + (np.arange(BINS) + 0.5) / BINS) * width
                polyline(painter, x, base - share * room, pen)

    def legend(self, data: ActogramData) -> list[LegendItem]:
        """Entries of what is shown and there."""
        now, items = theme.current(), []
        if SLEEP in self.shown and data.panel.nights:
            items.append(LegendItem("thick", now.data["core"], "Sleep"))
        if SLEEP in self.shown and data.panel.naps:
            items.append(LegendItem("thick", now.data["asleep"], "Nap"))
        if LIGHT in self.shown and self._levels is not None:
            items.append(LegendItem("thick", now.data["lux"], "Light > 10, 100, 1\u202f000 lux"))
        if HEART in self.shown and self._rate is not None:
            ends = interval(*(number(end) for end in self._range))
            items.append(LegendItem("line", now.data["hr"], f"Heart rate, row {ends} bpm"))
        return items

    def read_out(self, row: int, column: int) -> tuple[tuple[str, str], ...]:
        """Lines for a bin: what is shown, with its unit."""
        lines: list[tuple[str, str]] = []
        for name, title, unit, values in (
            (LIGHT, "Light, 5-min mean", "lux", self._lux),
            (HEART, "Heart rate, 5-min mean", "bpm", self._rate),
        ):
            if name in self.shown and values is not None:
                value = float(values[row, column])
                lines.append((title, f"{number(value)} {unit}" if np.isfinite(value) else "no sample"))
        return tuple(lines)
