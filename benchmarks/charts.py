"""Time to draw charts: an actogram of three years, and pan and zoom of a timeline. Prints one JSON document.

Run with ``QT_QPA_PLATFORM=offscreen python benchmarks/charts.py``.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Coverage, Provenance
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import ActogramChart, LaneSpec, TimelineChart
from clarity_desktop.ui.charts.actogram import prepare
from clarity_desktop.ui.charts.epoch_columns import EpochColumns, columns_of_epochs
from clarity_desktop.ui.qt import QApplication

DAYS = 3 * 365
START = 1_640_995_200


def recording(days: int = DAYS) -> Panel:
    """Three years of seeded counts a minute with a night of ten segments on every date."""
    random = np.random.default_rng(7)
    minutes = days * 1440
    hours = np.arange(minutes) / 60 % 24
    values = np.where(hours < 7, 2.0, random.gamma(0.7, 300, minutes)).astype(np.float32)
    zone = ZoneTimeline.single("Europe/Berlin")
    state = np.zeros(minutes, dtype=np.uint8)
    epochs = Epochs(START, 60, values, state, zone, "counts", ACTIVITY_COUNTS)
    nights = []
    for day in range(days - 1):
        onset = START + day * DAY_S + 22 * 3600
        stages = [Stage.CORE, Stage.DEEP, Stage.CORE, Stage.REM, Stage.AWAKE] * 2
        segments = tuple(
            SleepSegment(onset + 2700 * k, onset + 2700 * (k + 1), stage, "watch") for k, stage in enumerate(stages)
        )
        nights.append(
            Night(
                date_of_day(onset // DAY_S + 1),
                onset,
                onset + 27000,
                None,
                None,
                None,
                405.0,
                None,
                45.0,
                None,
                90.0,
                2,
                2,
                2.75,
                segments=segments,
            )
        )
    coverage = Coverage(minutes, minutes, 0, 0, days, days)
    provenance = Provenance("benchmark", "none", "0", "Europe/Berlin", "none")
    return Panel(
        epochs.span,
        zone,
        epochs,
        ACTIVITY_COUNTS,
        "",
        coverage,
        "none",
        (),
        (),
        (),
        tuple(nights),
        (),
        None,
        provenance,
    )


def milliseconds(action: Callable[[], object], times: int) -> list[tuple[float, float]]:
    """``(processor, wall)`` of each run: other work on the machine lengthens the second."""
    taken = []
    for _ in range(times):
        busy, begin = time.thread_time(), time.perf_counter()
        action()
        taken.append((1000 * (time.thread_time() - busy), 1000 * (time.perf_counter() - begin)))
    return taken


def told(values: list[tuple[float, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, column in zip(("processor", "wall"), zip(*values, strict=True), strict=True):
        ordered = sorted(column)
        found[f"{name}_p50_ms"] = round(statistics.median(ordered), 1)
        found[f"{name}_p95_ms"] = round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1)
    return found


def main() -> None:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.install(application)
    panel = recording()
    result: dict[str, object] = {"days": DAYS}

    result["actogram_lay_rows"] = told(milliseconds(lambda: prepare(panel), 5))
    data = prepare(panel)
    actogram = ActogramChart()
    actogram.resize(800, 700)
    actogram.show()

    def draw() -> None:
        actogram.show_data(data)
        actogram.grab()

    def whole() -> None:
        actogram.show_data(prepare(panel))
        actogram.grab()

    result["actogram_lay_and_draw"] = told(milliseconds(whole, 10))
    result["actogram_draw"] = told(milliseconds(draw, 10))

    def scroll() -> None:
        actogram._bar.setValue((actogram._bar.value() + 997) % max(1, actogram._bar.maximum()))
        actogram.grab()

    result["actogram_scroll"] = told(milliseconds(scroll, 30))

    timeline = TimelineChart()
    timeline.resize(1200, 500)
    whole = panel.span
    lanes = [
        LaneSpec("a", "Activity", "counts/min", "bars", "activity"),
        LaneSpec("h", "Heart rate", "bpm", "line", "hr"),
    ]
    timeline.set_lanes(lanes, panel.zone, whole)
    timeline.show()

    def load(span: Span) -> None:
        columns = columns_of_epochs(panel.epochs, span, 1080)
        timeline.set_columns("a", columns)
        beats = EpochColumns(
            columns.start,
            columns.stop,
            50 + columns.minimum / 40,
            50 + columns.maximum / 40,
            50 + columns.mean / 40,
            "bpm",
        )
        timeline.set_columns("h", beats)

    for name, length in (("whole", whole.length_s), ("year", 365 * DAY_S), ("week", 7 * DAY_S)):
        window = Span(whole.start + (whole.length_s - length) // 2, whole.start + (whole.length_s + length) // 2)
        timeline.set_window(window)
        load(window)

        def pan() -> None:
            timeline.pan(0.01)
            timeline.grab()

        def zoom() -> None:
            timeline.zoom(0.98)
            timeline.grab()

        result[f"timeline_pan_{name}"] = told(milliseconds(pan, 30))
        result[f"timeline_zoom_{name}"] = told(milliseconds(zoom, 30))

    def hover() -> None:
        timeline.show_cursor(timeline.rect().center().toPointF())
        timeline.grab()

    result["timeline_hover"] = told(milliseconds(hover, 30))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
