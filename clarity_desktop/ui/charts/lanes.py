"""What a lane of a time chart holds, and how its columns become lines, bands and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.column_ink import Ink, joined_runs, stroke_of
from clarity_desktop.ui.charts.curves import polyline
from clarity_desktop.ui.charts.hypnogram import STAGE_WORDS, paint_stages
from clarity_desktop.ui.charts.paint import HatchKind, clip_mark, hatch, hatch_word, pixel_ratio, tint
from clarity_desktop.ui.charts.sleep_hours import SleepHours, paint_sleep_hours
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.valuescale import ValueScale, bar_scale, line_scale
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.qt import QPainter, QPen, QRectF, Qt

__all__ = [
    "STAGES_UP_TO_S",
    "Columns",
    "LaneContent",
    "LaneSpec",
    "gap_stretches",
    "paint_lane",
    "paint_left_out",
    "value_words",
]


class Columns(Protocol):
    """Prepared columns of one lane: what ``Services.timeline`` answers. Arrays of shape (columns,), NaN = no data."""

    @property
    def start(self) -> Instant:
        """Left edge of the first column."""

    @property
    def stop(self) -> Instant:
        """Right edge of the last column."""

    @property
    def minimum(self) -> NDArray[np.float32]:
        """Least value of each column."""

    @property
    def maximum(self) -> NDArray[np.float32]:
        """Greatest value of each column."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """Mean of each column."""

    @property
    def unit(self) -> str:
        """Unit of the values."""


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """How a lane is drawn."""

    id: str
    title: str
    unit: str
    drawing: Literal["line", "bars", "points", "area", "stages"]
    """``area`` is filled from zero on a scale of log(1 + value)."""
    colour: str
    """Name of the data colour."""
    weight: float = 1.0
    """Height in relation to the other lanes."""
    limits: tuple[float, float] | None = None
    """Fixed physiological range of the axis, at most."""
    gap_s: int = 2700
    """A stretch without samples is hatched when it is longer than this."""
    decimals: int = 0


@dataclass(slots=True)
class LaneContent:
    """What a lane shows now; the earlier columns stay until newer ones come."""

    spec: LaneSpec
    columns: Columns | None = None
    segments: tuple[SleepSegment, ...] = ()
    hours: SleepHours | None = None
    """The segments of a stage lane laid on the clock, for windows too long for single stages."""
    hatched: tuple[Span, ...] = ()
    """Not worn."""
    scale: ValueScale = field(default_factory=lambda: ValueScale(0.0, 1.0, (0.0, 1.0)))

    def take(self, columns: Columns) -> None:
        """Take new columns and find the scale for them."""
        self.columns = columns
        if self.spec.drawing == "bars":
            self.scale = bar_scale(columns.maximum, ticks=3)
        elif self.spec.drawing == "area":
            top = max(1.0, float(np.ceil(bar_scale(self.shown(columns.maximum), percentile=99.9).high)))
            self.scale = ValueScale(0.0, top, tuple(float(decade) for decade in range(int(top) + 1)))
        else:
            self.scale = line_scale(columns.minimum, columns.maximum, limits=self.spec.limits, ticks=6)

    def holds(self, span: Span) -> bool:
        """Whether there are columns of any part of a span."""
        return self.columns is not None and self.columns.start < span.stop and self.columns.stop > span.start

    def shown(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values as the scale takes them: log10(1 + value) for areas, as they are else."""
        return np.log10(1 + np.maximum(values, 0)) if self.spec.drawing == "area" else values

    def label(self, tick: float) -> str:
        """Text of a tick of the scale."""
        return number(10**tick if tick else 0) if self.spec.drawing == "area" else self.scale.label(tick)

    def centres(self) -> NDArray[np.float64]:
        """Instants of the column centres, shape (columns,)."""
        if self.columns is None:
            return np.empty(0)
        n = self.columns.mean.size
        return self.columns.start + (np.arange(n) + 0.5) * (self.columns.stop - self.columns.start) / max(1, n)


def gap_stretches(content: LaneContent, within: Span) -> list[Span]:
    """Stretches of ``within`` that hold no sample and are longer than the lane's ``gap_s``."""
    columns = content.columns
    if columns is None or not columns.mean.size:
        return []
    step = (columns.stop - columns.start) / columns.mean.size
    known = np.flatnonzero(np.isfinite(columns.mean))
    edges_low = np.concatenate([[columns.start], columns.start + (known + 1) * step])
    edges_high = np.concatenate([columns.start + known * step, [columns.stop]])
    long = edges_high - edges_low > max(content.spec.gap_s, 1.5 * step)
    found: list[Span] = []
    for low, high in zip(edges_low[long].tolist(), edges_high[long].tolist(), strict=True):
        low, high = max(int(low), within.start), min(int(high), within.stop)
        if high > low:
            found.append(Span(low, high))
    return found


STAGES_UP_TO_S = 62 * 86_400
"""Stages have lanes in windows up to this length; in longer ones nights are drawn upright, from noon to noon."""


def paint_lane(
    painter: QPainter, area: QRectF, scale: TimeScale, content: LaneContent, extent: Span, *, smooth: bool = True
) -> None:
    """Draw one lane into its area: hatches, then band, line, bars or stages, clipped at its edges.

    ``smooth`` draws dense lines anti-aliased; without it they are inked by pixel, which a moving view needs.
    """
    spec = content.spec
    painter.save()
    painter.setClipRect(area.adjusted(0, -1, 0, 1))
    if spec.drawing == "stages":
        _hatch_spans(painter, area, scale, content.hatched, "not_worn")
        if scale.span.length_s > STAGES_UP_TO_S:
            if content.hours is not None:
                paint_sleep_hours(painter, area, scale, content.hours)
            painter.restore()
            return
        joined = area.height() > 90 and scale.width * 3600 / max(1, scale.span.length_s) > 10
        paint_stages(painter, area, scale, content.segments, bar=min(22.0, area.height() / 4), connectors=joined)
        painter.restore()
        return
    unworn = [span for span in content.hatched if span.intersects(scale.span)]
    gaps = [g for g in gap_stretches(content, extent) if not any(_covers(span, g) for span in unworn)]
    _hatch_spans(painter, area, scale, gaps, "missing")
    _hatch_spans(painter, area, scale, unworn, "not_worn")
    if content.columns is not None:
        _paint_columns(painter, area, scale, content, content.columns, smooth)
    _hatch_words(painter, area, scale, gaps, "no sample")
    _hatch_words(painter, area, scale, unworn, "not worn")
    painter.restore()


_DENSE = 60
"""From this many points on a line is inked by pixel while the view moves."""
_SMOOTH_UP_TO = 2500
"""Up to this many points a line is drawn smooth once the view rests."""


def _paint_columns(
    painter: QPainter, area: QRectF, scale: TimeScale, content: LaneContent, columns: Columns, smooth: bool
) -> None:
    now, spec = theme.current(), content.spec
    x = scale.left + (content.centres() - scale.span.start) / max(1, scale.span.length_s) * scale.width
    step = (columns.stop - columns.start) / max(1, columns.mean.size) / max(1, scale.span.length_s) * scale.width
    seen = (x > area.left() - 60) & (x < area.right() + 60)
    x = x[seen]
    colour = now.data[spec.colour]
    y_low, y_high, y_mean = (
        area.bottom() - np.clip(content.scale.shares(content.shown(values[seen])), 0.0, 1.0) * area.height()
        for values in (columns.minimum, columns.maximum, columns.mean)
    )
    known = np.flatnonzero(np.isfinite(y_mean))
    ink = Ink(area, pixel_ratio(painter))
    base = np.full(ink.width, area.bottom())
    dense = known.size >= _DENSE and not (smooth and known.size <= _SMOOTH_UP_TO)
    if spec.drawing == "bars":
        for values, part in ((y_high, tint(colour, 0.28)), (y_mean, colour)):
            tops = ink.lay(x, step, values, greatest=False)
            tops[tops > area.bottom() - 0.25] = np.nan  # a bar of zero is the base line itself
            ink.fill(tops, base, part)
    else:
        if spec.drawing == "area":
            ink.fill(ink.lay(x, step, y_mean, greatest=False), base, tint(colour, 0.85))
        top, bottom = ink.lay(x, step, y_high, greatest=False), ink.lay(x, step, y_low, greatest=True)
        top[bottom - top < 0.75] = np.nan
        ink.fill(top, bottom, tint(colour, 0.27) if spec.drawing != "area" else tint(colour, 0.85))
        if spec.drawing == "line" and dense:
            centres = area.left() + (np.arange(ink.width) + 0.5) * area.width() / ink.width
            ink.fill(*stroke_of(centres, x, y_mean, known, 1.5), colour)
    ink.paint(painter)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if spec.drawing == "line" and not dense:
        for first, last in joined_runs(known):
            run = known[first:last]
            polyline(painter, x[run], y_mean[run], QPen(colour, 1.5))
    if spec.drawing == "points":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        size = 2.5 if not dense else 1.0
        for left, height in zip(x[known].tolist(), y_mean[known].tolist(), strict=True):
            painter.drawEllipse(QRectF(left - size, height - size, 2 * size, 2 * size))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    over = np.flatnonzero(columns.maximum[seen] > _top_value(content) * (1 + 1e-6))
    reached = -10.0
    for left in x[over].tolist():
        if left - reached >= 7:
            clip_mark(painter, left, area.top(), colour)
            reached = left


def _top_value(content: LaneContent) -> float:
    """The value at the top edge of a lane."""
    return float(10**content.scale.high - 1) if content.spec.drawing == "area" else content.scale.high


def _covers(outer: Span, inner: Span) -> bool:
    shared = min(outer.stop, inner.stop) - max(outer.start, inner.start)
    return shared > 0.6 * inner.length_s


def paint_left_out(painter: QPainter, area: QRectF, scale: TimeScale, spans: Sequence[Span]) -> None:
    """Upright lines over what a person left out, faint so that the data stays readable, and the words."""
    painter.save()
    painter.setOpacity(0.35)
    _hatch_spans(painter, area, scale, spans, "excluded")
    painter.restore()
    _hatch_words(painter, area, scale, spans, "left out")


def _hatch_spans(painter: QPainter, area: QRectF, scale: TimeScale, spans: Sequence[Span], kind: HatchKind) -> None:
    for span in spans:
        left, right = max(area.left(), scale.x(span.start)), min(area.right(), scale.x(span.stop))
        if right - left >= 1.5:
            hatch(painter, QRectF(left, area.top(), right - left, area.height()), kind)


def _hatch_words(painter: QPainter, area: QRectF, scale: TimeScale, spans: Sequence[Span], word: str) -> None:
    for span in spans:
        left, right = max(area.left(), scale.x(span.start)), min(area.right(), scale.x(span.stop))
        if right > left:
            hatch_word(painter, QRectF(left, area.top(), right - left, area.height()), word)


def value_words(content: LaneContent, instant: Instant) -> str:
    """What a lane says at an instant: mean and range with unit, the stage with its source, or why there is nothing."""
    spec = content.spec
    if any(span.start <= instant < span.stop for span in content.hatched):
        worn = " · not worn"
    else:
        worn = ""
    if spec.drawing == "stages":
        found = next((s for s in content.segments if s.start <= instant < s.stop), None)
        return f"{STAGE_WORDS[found.stage]} · {found.source}" if found is not None else "none recorded"
    columns = content.columns
    if columns is None or not columns.start <= instant < columns.stop:
        return "not loaded"
    index = int((instant - columns.start) / (columns.stop - columns.start) * columns.mean.size)
    known = np.flatnonzero(np.isfinite(columns.mean))
    nearest = int(known[np.abs(known - index).argmin()]) if known.size else -1
    reach = max(0.0, float(np.median(np.diff(known)))) / 2 if known.size > 1 else 0.0
    if nearest < 0 or abs(nearest - index) > reach:
        return (worn or " · no sample").removeprefix(" · ")
    index, mean = nearest, float(columns.mean[nearest])
    low, high = float(columns.minimum[index]), float(columns.maximum[index])
    shown = f"{number(mean, spec.decimals)} {spec.unit.removesuffix(', log')}"
    if number(low, spec.decimals) != number(high, spec.decimals):
        shown += f" ({interval(number(low, spec.decimals), number(high, spec.decimals))})"
    return shown + worn
