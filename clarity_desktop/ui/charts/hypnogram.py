"""The hypnogram: stages of one night in lanes from awake to deep, with the instants that frame it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.axis import local_axis
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import stages_table
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, dashed, hatch, legend, text, text_width
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.wording import clock, day_long, duration, moment
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, Qt, QWidget

__all__ = ["STAGE_WORDS", "HypnogramChart", "night_instants", "paint_instants", "paint_stages", "stage_legend"]

_LANES = (Stage.AWAKE, Stage.REM, Stage.CORE, Stage.DEEP)
STAGE_WORDS = {
    Stage.AWAKE: "Awake",
    Stage.REM: "REM",
    Stage.CORE: "Core",
    Stage.DEEP: "Deep",
    Stage.ASLEEP: "Asleep, stage not stated",
    Stage.IN_BED: "In bed",
}
"""What the stages are called on screen."""


def night_instants(night: Night) -> list[tuple[str, Instant]]:
    """The named instants of a night, in order: in bed, asleep, final wake, up."""
    named = [("in bed", night.in_bed), ("asleep", night.onset), ("final wake", night.offset), ("up", night.out_of_bed)]
    return [(name, instant) for name, instant in named if instant is not None]


def paint_stages(
    painter: QPainter,
    area: QRectF,
    scale: TimeScale,
    segments: Sequence[SleepSegment],
    *,
    bar: float = 18.0,
    connectors: bool = True,
) -> None:
    """Draw stage bars in four lanes of an area, REM with its cap, joined by thin connectors where they touch."""
    now = theme.current()
    lane = area.height() / len(_LANES)
    bar = min(bar, lane - 4)
    centres = {stage: area.top() + (index + 0.5) * lane for index, stage in enumerate(_LANES)}
    centres[Stage.ASLEEP] = centres[Stage.CORE]
    staged = [segment for segment in segments if segment.stage in centres and segment.stop > segment.start]
    staged = [segment for segment in staged if segment.start < scale.span.stop and segment.stop > scale.span.start]
    if connectors:
        painter.setPen(QPen(now.data["rest"], 0.75))
        for before, after in pairwise(staged):
            if before.stop == after.start and before.stage != after.stage:
                x = scale.x(after.start)
                painter.drawLine(QPointF(x, centres[before.stage]), QPointF(x, centres[after.stage]))
    painter.setPen(Qt.PenStyle.NoPen)
    for segment in staged:
        left = max(area.left(), scale.x(segment.start))
        width = max(1.0, min(area.right(), scale.x(segment.stop)) - left)
        box = QRectF(left, centres[segment.stage] - bar / 2, width, bar)
        painter.fillRect(box, now.data[segment.stage.value])
        if segment.stage is Stage.REM and bar >= 12:
            cap = QRectF(left, box.top() - 4, width, 3)
            painter.fillRect(cap, now.data["rem"])
    for segment in segments:
        if segment.stage is Stage.IN_BED and segment.start < scale.span.stop and segment.stop > scale.span.start:
            left = max(area.left(), scale.x(segment.start))
            width = max(1.0, min(area.right(), scale.x(segment.stop)) - left)
            painter.fillRect(QRectF(left, area.bottom() - 4, width, 4), now.data["inbed"])


def stage_legend(segments: Sequence[SleepSegment]) -> list[LegendItem]:
    """Legend entries of the stages that occur."""
    now = theme.current()
    present = {segment.stage for segment in segments}
    order = (*_LANES, Stage.ASLEEP)
    return [LegendItem("fill", now.data[s.value], STAGE_WORDS[s]) for s in order if s in present]


def paint_instants(
    painter: QPainter, scale: TimeScale, zone: ZoneTimeline, night: Night, top: float, bottom: float, label_y: float
) -> None:
    """Draw the dashed instants of a night through all lanes and name them, earlier ones to the left of their line."""
    now = theme.current()
    named = night_instants(night)
    taken: list[tuple[float, float]] = []
    ordered = [named[0], named[-1], *named[1:-1]] if len(named) > 1 else named
    for _, instant in ordered:
        x = round(scale.x(instant)) + 0.5
        painter.setPen(dashed(now.ui["text_faint"], 3, 3))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    for name, instant in ordered:
        x = scale.x(instant)
        words = f"{name} {clock(zone, instant)}"
        width = text_width("micro", words) * 1.06
        before = name in ("in bed", "final wake")
        for left in (x - width - 4 if before else x + 4, x + 4 if before else x - width - 4):
            clear = all(left > high + 4 or left + width < low - 4 for low, high in taken)
            if clear and left >= scale.left - 70 and left + width <= scale.left + scale.width + 12:
                text(painter, left, label_y, words, now.ui["text"], strong=True)
                taken.append((left, left + width))
                break


class HypnogramChart(Chart):
    """Lanes Awake, REM, Core and Deep; sleep without a stage lies as one bar across the core lane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Hypnogram", height=230, parent=parent)
        self._night: Night | None = None
        self._zone = ZoneTimeline.unknown()
        self.setMinimumHeight(140)

    def show_night(self, night: Night | None, zone: ZoneTimeline, *, simulated: bool = False) -> None:
        """Show the segments of one night; ``None`` empties the chart."""
        self._night, self._zone, self.simulated = night, zone, simulated
        self.refresh()

    def table(self) -> ChartTable | None:
        words = {stage.value: word for stage, word in STAGE_WORDS.items()}
        return stages_table(self._night.segments, self._zone, words) if self._night is not None else None

    def message(self) -> str:
        if self._night is None:
            return "No night is chosen."
        if not self._night.segments:
            return "No stages were recorded for this night; its times come from activity."
        return ""

    def summary(self) -> str:
        night = self._night
        if night is None or self.message():
            return self.message()
        stages = ", ".join(
            f"{STAGE_WORDS[Stage(name)]} {duration(minutes)}"
            for name, minutes in night.stages_min.items()
            if name in tuple(Stage) and minutes > 0
        )
        return (
            f"Night to {day_long(night.date)}: asleep {clock(self._zone, night.onset)}, final wake "
            f"{clock(self._zone, night.offset)}, asleep for {duration(night.tst_min)}. {stages}. "
            f"Source {night.source}. Device estimate, not polysomnography."
        )

    @property
    def span(self) -> Span:
        """The window drawn: the night with half an hour at either side."""
        night = self._night
        if night is None:
            return Span(0, 1)
        instants = [instant for _, instant in night_instants(night)]
        return Span(min(instants) - 1800, max(instants) + 1800)

    @property
    def _area(self) -> QRectF:
        return QRectF(72, 24, max(60.0, self.width() - 72 - 16), max(60.0, self.height() - 24 - 46))

    @property
    def _scale(self) -> TimeScale:
        return TimeScale(self.span, self._area.left(), self._area.width())

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        lane = area.height() / len(_LANES)
        for index, stage in enumerate(_LANES):
            y = round(area.top() + (index + 1) * lane) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            middle = area.top() + (index + 0.5) * lane
            text(painter, area.left() - 10, middle, STAGE_WORDS[stage], now.ui["text"], token="small", align="right")

    def draw(self, painter: QPainter) -> None:
        night, area, scale, now = self._night, self._area, self._scale, theme.current()
        if night is None:
            return
        if night.in_bed is not None and night.out_of_bed is not None:
            left = scale.x(night.in_bed)
            painter.fillRect(
                QRectF(left, area.top(), scale.x(night.out_of_bed) - left, area.height()), now.ui["weekend"]
            )
        self.draw_frame(painter)
        local_axis(painter, area, scale, self._zone)
        for low, high in gaps_within(night):
            hatch(painter, QRectF(scale.x(low), area.top(), scale.x(high) - scale.x(low), area.height()), "missing")
        paint_stages(painter, area, scale, night.segments)
        paint_instants(painter, scale, self._zone, night, area.top() - 4, area.bottom(), 10)
        items = stage_legend(night.segments)
        if night.in_bed is not None:
            items.append(LegendItem("band", now.ui["weekend"], "In bed"))
        if gaps_within(night):
            items.append(LegendItem("missing", now.ui["hatch"], "No stage recorded"))
        legend(painter, area.left(), self.height() - 10, items, area.right())

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        night = self._night
        if night is None or not self._area.contains(point):
            return None
        instant = self._scale.instant(point.x())
        title, offset = moment(self._zone, instant)
        found = next((s for s in night.segments if s.start <= instant < s.stop), None)
        if found is None:
            return ReadOut(title, offset, (("Stage", "none recorded"),))
        rows = (
            ("Stage", STAGE_WORDS[found.stage]),
            ("Lasts", duration((found.stop - found.start) / 60)),
            ("Source", found.source),
        )
        return ReadOut(title, offset, rows)

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        if self._area.contains(cursor):
            painter.setPen(QPen(theme.current().ui["cursor"], 1))
            x = round(cursor.x()) + 0.5
            painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))


def gaps_within(night: Night) -> list[tuple[Instant, Instant]]:
    """Stretches between onset and final wake that no segment covers."""
    found: list[tuple[Instant, Instant]] = []
    reached = night.onset
    for segment in sorted(night.segments, key=lambda one: one.start):
        if segment.stage is Stage.IN_BED:
            continue
        if segment.start > reached:
            found.append((reached, min(segment.start, night.offset)))
        reached = max(reached, segment.stop)
        if reached >= night.offset:
            break
    if reached < night.offset and night.segments:
        found.append((reached, night.offset))
    return [(low, high) for low, high in found if high > low]
