"""Panels with known content for charts, and the theme they are drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.findings import Coverage, Finding, Provenance
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import AverageDay, DayCoverage, Panel, WearBout
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Certainty, Span, ZonePeriod, ZoneTimeline, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QApplication

MINUTE = 60
PROVENANCE = Provenance("test", "test", "1", "Europe/Berlin", "none")


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> Iterator[None]:
    theme.install(qapp, "light")
    yield
    theme.set_theme("light")


def night_of(zone: ZoneTimeline, day: int, *, start_s: int = 23 * 3600, nap: bool = False) -> Night:
    """A night that falls asleep on local day ``day``: 30 min awake in bed, then four stages of 90 min each."""
    in_bed = zone.instant_of_local(day, start_s)
    onset = in_bed + 30 * MINUTE
    stages = (Stage.CORE, Stage.DEEP, Stage.AWAKE, Stage.REM)
    segments = [SleepSegment(in_bed, onset, Stage.AWAKE, "Watch")]
    segments += [
        SleepSegment(onset + 5400 * k, onset + 5400 * (k + 1), stage, "Watch") for k, stage in enumerate(stages)
    ]
    offset = onset + 4 * 5400
    local = int(zone.local_seconds(np.array([(onset + offset) // 2]))[0])
    wake = int(zone.local_days(np.array([offset]))[0])
    minutes = {"core": 90.0, "deep": 90.0, "awake": 90.0, "rem": 90.0}
    return Night(
        date_of_day(wake), onset, offset, in_bed, offset, 390.0, 270.0, 30.0, 90.0, 100 * 270 / 390, 75.0, 1, 1,
        local % 86_400 / 3600, minutes, 270.0, nap, "Watch", "stages", tuple(segments),
    )  # fmt: skip


def panel_of(
    zone: ZoneTimeline,
    first_day: int,
    days: int,
    *,
    not_worn: tuple[tuple[int, int], ...] = (),
    missing: tuple[tuple[int, int], ...] = (),
    findings: dict[str, float] | None = None,
) -> Panel:
    """A panel of whole local days: 100 counts a minute by day, 0 at night; stretches are ``(minute, minutes)``."""
    span = Span(zone.instant_of_local(first_day), zone.instant_of_local(first_day + days))
    n = span.length_s // MINUTE
    times = span.start + MINUTE * np.arange(n, dtype=np.int64)
    hour = zone.local_seconds(times) % 86_400 / 3600
    values = np.where((hour >= 7) & (hour < 23), 100.0, 0.0).astype(np.float32)
    state = np.zeros(n, dtype=np.uint8)
    for start, length in not_worn:
        state[start : start + length] = EpochState.NOT_WORN
    for start, length in missing:
        state[start : start + length] = EpochState.MISSING
        values[start : start + length] = np.nan
    epochs = Epochs(span.start, MINUTE, values, state, zone, "counts", ACTIVITY_COUNTS)
    worn = int((state == EpochState.WORN).sum())
    coverage = Coverage(
        n, worn, int((state == EpochState.NOT_WORN).sum()), int((state == EpochState.MISSING).sum()), days, days
    )
    profile = np.where((np.arange(1440) >= 420) & (np.arange(1440) < 1380), 100.0, 0.0)
    average = AverageDay(profile, profile, profile * 0.5, profile * 1.5, np.full(1440, days, dtype=np.int32))
    nights = tuple(night_of(zone, first_day + k) for k in range(days - 1))
    return Panel(
        span,
        zone,
        epochs,
        ACTIVITY_COUNTS,
        "Counts per minute.",
        coverage,
        "none",
        tuple(WearBout(Span(span.start + 60 * a, span.start + 60 * (a + m)), "test") for a, m in not_worn),
        tuple(DayCoverage(date_of_day(first_day + k), 1440.0, 0.0, 0.0, valid=True) for k in range(days)),
        tuple(
            Finding(metric, value, "", span, coverage, PROVENANCE, n=days) for metric, value in (findings or {}).items()
        ),
        nights,
        (),
        average,
        PROVENANCE,
        simulated=True,
    )


RHYTHM = {
    "l5": 0.0,
    "l5_onset_h": 0.5,
    "m10": 100.0,
    "m10_onset_h": 10.0,
    "mesor": 66.0,
    "amplitude": 60.0,
    "acrophase_h": 15.0,
    "midsleep_h": 2.5,
}


@pytest.fixture
def berlin() -> ZoneTimeline:
    return ZoneTimeline.single("Europe/Berlin", certainty=Certainty.STATED)


@pytest.fixture
def traveller() -> ZoneTimeline:
    """Berlin, then Tokyo from 2025-01-10 12:00 UTC."""
    return ZoneTimeline(
        (
            ZonePeriod(-(2**40), "Europe/Berlin", Certainty.STATED, "test"),
            ZonePeriod(1_736_510_400, "Asia/Tokyo", Certainty.STATED, "test"),
        )
    )


@pytest.fixture
def make_panel() -> Callable[..., Panel]:
    return panel_of


@pytest.fixture
def make_night() -> Callable[..., Night]:
    return night_of


@pytest.fixture
def rhythm() -> dict[str, float]:
    return dict(RHYTHM)
