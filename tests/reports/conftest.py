from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np
import pytest

from clarity_desktop.analysis.recording import analyze_epochs
from clarity_desktop.demo.devices import device_records
from clarity_desktop.demo.people import DEMO_SEED, LAST_DAY, PEOPLE, OffWrist
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, SLEEP
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sleep import SleepSegment, Stage

_STAGES = {
    "Awake": Stage.AWAKE,
    "AsleepCore": Stage.CORE,
    "AsleepDeep": Stage.DEEP,
    "AsleepREM": Stage.REM,
    "InBed": Stage.IN_BED,
}


def panel_of(recording: SimulatedRecording, *, sleep: bool = True) -> Panel:
    """The panel of a simulated recording, by the analysis that serves everybody's."""
    size = recording.counts.size
    epochs = Epochs(
        recording.span.start, 60, recording.counts, np.zeros(size, np.uint8), recording.zone, "counts", ACTIVITY_COUNTS
    )
    tables = device_records(recording)
    heart = next(table for table in tables if table.kind == HEART_RATE)
    samples = Samples(
        heart.start, heart.length_s.astype(np.int32), heart.value, np.zeros(len(heart), np.uint8), heart.unit
    )
    segments = [
        SleepSegment(
            int(start),
            int(start + length),
            _STAGES[table.labels[int(value)].removeprefix("HKCategoryValueSleepAnalysis")],
            table.device.source,
        )
        for table in tables
        if table.kind == SLEEP and sleep
        for start, length, value in zip(table.start, table.length_s, table.value, strict=True)
    ]
    segments.sort(key=lambda segment: segment.start)
    return replace(analyze_epochs(epochs, segments=segments, heart_rate=samples), simulated=True)


@lru_cache(maxsize=16)
def _panel(code: str, days: int, last_day: date, sleep: bool) -> Panel:
    person = next(person for person in PEOPLE if person.code == code)
    if days < 10:
        person = replace(person, off_wrist=(OffWrist(1, 9.0, 14.0),), disturbed=())
    return panel_of(simulate(person, DEMO_SEED, days, last_day=last_day), sleep=sleep)


PanelOf = Callable[..., Panel]


@pytest.fixture(scope="session")
def make_panel() -> PanelOf:
    def make(code: str = "D-0001", days: int = 28, last_day: date = LAST_DAY, *, sleep: bool = True) -> Panel:
        return _panel(code, days, last_day, sleep)

    return make


@pytest.fixture(scope="session")
def panel(make_panel: PanelOf) -> Panel:
    return make_panel()


@pytest.fixture
def patient() -> Patient:
    person = PEOPLE[0]
    return Patient("4f1c", person.name, person.code, person.birth_date, person.sex, person.home_zone, simulated=True)
