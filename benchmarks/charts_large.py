"""Pan and zoom over ten million samples in a vault: real frames, offscreen, with the reading going on beside them.

A made-up heart rate every second for 116 days is put into a new encrypted vault. A lane of it is panned at six lengths
of the window and zoomed from everything to ten minutes. A frame is the move, what arrives meanwhile, and the painting.
Each is told in processor time of the window's thread and in wall time, which other work on the machine lengthens.
Run ``QT_QPA_PLATFORM=offscreen python benchmarks/charts_large.py [--samples 10000000]``. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from clarity_desktop.analysis.timeline import TimelineColumns, timeline_at_hand, timeline_columns
from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, ImportReport, SampleBatch
from clarity_desktop.domain.kinds import HEART_RATE
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import LaneSpec, TimelineChart
from clarity_desktop.ui.jobs import Operation, board, run_query, shut_down
from clarity_desktop.ui.qt import QApplication
from clarity_desktop.vault import KdfParameters, Vault

START = 1_704_067_200
BATCH = 1_000_000
TARGET_MS = 16.0
WINDOWS = (
    ("all", None),
    ("30_days", 30 * DAY_S),
    ("7_days", 7 * DAY_S),
    ("1_day", DAY_S),
    ("1_hour", 3600),
    ("10_min", 600),
)


def fill(vault: Vault, patient: str, samples: int) -> None:
    """One series of a heart rate every second, with a daily rhythm, noise, and a gap now and then."""
    random = np.random.default_rng(11)
    sink = vault.begin_import(patient, file="made-up", format="benchmark", sha256="0" * 64)
    for first in range(0, samples, BATCH):
        n = min(BATCH, samples - first)
        at = START + first + np.arange(n)
        value = np.rint(64 + 12 * np.sin(2 * np.pi * at / DAY_S) + random.normal(0, 4, n))
        kept = (at // 600) % 37 != 0
        m = int(kept.sum())
        sink.samples(
            SampleBatch(
                kind=HEART_RATE,
                unit="count/min",
                source="Strap",
                start=at[kept],
                length_s=np.zeros(m, np.int32),
                value=value[kept],
                flags=np.zeros(m, np.uint8),
                created=np.full(m, NO_INSTANT, np.int64),
                origin=np.zeros(m, np.int32),
                extra=np.full(m, -1, np.int32),
                labels=(),
            )
        )
    sink.finish(
        ImportReport(
            file="made-up",
            format="benchmark",
            format_version="1",
            outcome=ImportOutcome.OK,
            complete=True,
            bytes=1,
            seconds=0.0,
            sha256="0" * 64,
            first=START,
            last=START + samples,
        )
    )


class Viewer:
    """A chart whose columns are read off its thread, as the timeline page reads them."""

    def __init__(self, vault: Vault, patient: str, whole: Span, application: QApplication) -> None:
        self.chart = TimelineChart()
        self.chart.resize(1200, 460)
        self._vault, self._patient, self._whole, self._application = vault, patient, whole, application
        self._reading: Operation[TimelineColumns] | None = None
        self._glancing: Operation[TimelineColumns | None] | None = None
        self.arrived = self.glanced = 0.0
        lane = LaneSpec("hr", "Heart rate", "bpm", "line", "hr", limits=(40.0, 160.0))
        self.chart.set_lanes([lane], ZoneTimeline.single("Europe/Berlin"), whole)
        self.chart.set_window(whole)
        self.chart.window_changed.connect(self._read)
        self.chart.show()

    def _read(self, span: Span, columns: int) -> None:
        if self._reading is not None:
            self._reading.cancel()
        margin = span.length_s // 2
        wider = Span(max(self._whole.start, span.start - margin), min(self._whole.stop, span.stop + margin))
        wanted = max(1, min(round(columns * wider.length_s / span.length_s), wider.length_s))
        vault, patient = self._vault, self._patient
        if self._glancing is not None:
            self._glancing.cancel()
        if not self.chart.holds("hr", wider):
            self._glancing = run_query(
                self.chart, lambda: timeline_at_hand(vault, patient, HEART_RATE, wider, wanted), self._glance
            )
        self._reading = run_query(
            self.chart, lambda: timeline_columns(vault, patient, HEART_RATE, wider, wanted), self._show
        )

    def _glance(self, columns: TimelineColumns | None) -> None:
        if columns is not None:
            self.chart.set_columns("hr", columns)
            self.glanced = time.perf_counter()

    def _show(self, columns: TimelineColumns) -> None:
        if self._glancing is not None:
            self._glancing.cancel()
        self.chart.set_columns("hr", columns)
        self.arrived = time.perf_counter()

    def frame(self, window: Span) -> tuple[float, float]:
        """Move the window and paint; ``(processor, wall)`` milliseconds."""
        busy, wall = time.thread_time(), time.perf_counter()
        self.chart.set_window(window)
        self._application.processEvents()
        self.chart.repaint()
        return 1000 * (time.thread_time() - busy), 1000 * (time.perf_counter() - wall)

    def settle(self) -> float:
        """Wait until nothing is read any more; milliseconds from now to the last columns."""
        begin = time.perf_counter()
        quiet = begin
        while time.perf_counter() - quiet < 0.25:
            self._application.processEvents()
            if board().is_busy:
                quiet = time.perf_counter()
            time.sleep(0.002)
        self.chart.repaint()
        return 1000 * (self.arrived - begin) if self.arrived > begin else 0.0


def told(frames: list[tuple[float, float]]) -> dict[str, float]:
    """Median, 95th percentile and greatest of both clocks."""
    found: dict[str, float] = {"frames": len(frames)}
    for name, values in zip(("processor", "wall"), zip(*frames, strict=True), strict=True):
        ordered = sorted(values)
        found[f"{name}_p50_ms"] = round(statistics.median(ordered), 1)
        found[f"{name}_p95_ms"] = round(ordered[int(0.95 * (len(ordered) - 1))], 1)
        found[f"{name}_most_ms"] = round(ordered[-1], 1)
    return found


def first_close_looks(viewer: Viewer, vault: Vault, whole: Span, application: QApplication) -> dict[str, object]:
    """Leap to an hour whose samples are not in memory: first picture, sharp picture, longest standstill."""
    rough, sharp, still = [], [], []
    for number in range(6):
        viewer.settle()
        vault.levels.forget()
        viewer.arrived = viewer.glanced = 0.0
        start = whole.start + (2 * number + 1) * whole.length_s // 13
        begin = time.perf_counter()
        viewer.frame(Span(start, start + 3600))
        longest = time.perf_counter() - begin
        while not viewer.arrived:
            turn = time.perf_counter()
            application.processEvents()
            viewer.chart.repaint()
            longest = max(longest, time.perf_counter() - turn)
            time.sleep(0.001)
        sharp.append(1000 * (viewer.arrived - begin))
        rough.append(1000 * (viewer.glanced - begin) if viewer.glanced else sharp[-1])
        still.append(1000 * longest)
    return {
        "first_picture_ms": [round(one, 1) for one in sorted(rough)],
        "sharp_ms": [round(one, 1) for one in sorted(sharp)],
        "longest_standstill_ms": round(max(still), 1),
    }


def measure(vault: Vault, patient: str, whole: Span) -> dict[str, object]:
    """All windows and the long zoom."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.install(application)
    viewer = Viewer(vault, patient, whole, application)
    viewer.frame(whole)
    viewer.settle()
    result: dict[str, object] = {}
    every: list[tuple[float, float]] = []
    for name, length in WINDOWS:
        length = min(length or whole.length_s, whole.length_s)
        start = whole.start + (whole.length_s - length) // 2
        begin = time.perf_counter()
        viewer.frame(Span(start, start + length))
        viewer.settle()
        opened = max(0.0, 1000 * (viewer.arrived - begin))
        step = max(1, length // 50)
        frames = []
        for number in range(80):
            place = start + step * (number if number < 40 else 80 - number)
            place = min(max(place, whole.start), whole.stop - length)
            frames.append(viewer.frame(Span(place, place + length)))
        every += frames
        result[name] = {
            **told(frames),
            "first_columns_ms": round(opened, 1),
            "sharp_after_ms": round(viewer.settle(), 1),
        }
    middle = (whole.start + whole.stop) // 2
    shares = np.concatenate((np.geomspace(1, 600 / whole.length_s, 150), np.geomspace(600 / whole.length_s, 1, 150)))
    frames = []
    for share in shares.tolist():
        half = max(300, int(share * whole.length_s / 2))
        frames.append(viewer.frame(Span(max(whole.start, middle - half), min(whole.stop, middle + half))))
    every += frames
    result["zoom_all_to_10_min_and_back"] = told(frames)
    result["all_frames"] = {**told(every), "target_p95_ms": TARGET_MS}
    result["first_close_look"] = first_close_looks(viewer, vault, whole, application)
    viewer.settle()
    shut_down()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000_000)
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as folder:
        with Vault.create(Path(folder), "ten million made-up beats", kdf=KdfParameters.for_tests()) as vault:
            patient = vault.patients.add("Made up", home_zone="Europe/Berlin").id
            fill(vault, patient, samples)
            begin = time.perf_counter()
            made = vault.levels.prepare(patient)
            prepared = time.perf_counter() - begin
            vault.levels.forget()
            whole = Span(START, START + samples)
            result: dict[str, object] = {
                "samples": samples,
                "levels": made,
                "prepare_s": round(prepared, 2),
                **measure(vault, patient, whole),
            }
        result["vault_with_levels_mb"] = round((Path(folder) / "vault.db").stat().st_size / 1e6, 1)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
