"""A simulated person with years of recordings, for benchmarks and for judging charts over long time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clarity_desktop.demo.export import write_export
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE, SimulatedPerson
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

__all__ = ["LARGE_DAYS", "LARGE_PERSON", "write_large_export"]

LARGE_DAYS = 3 * 365 + 1
LARGE_PERSON: SimulatedPerson = replace(
    PEOPLE[0], name="Demo · Three years", code="D-1000", disturbed=(), off_wrist=(), actigraph=False
)


def write_large_export(
    path: Path,
    *,
    days: int = LARGE_DAYS,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> SimulatedRecording:
    """Write an export of some 0.5 MB of XML a day, and answer the recording it was made from."""
    recording = simulate(LARGE_PERSON, DEMO_SEED, days)
    write_export(recording, path, progress=progress, cancel=cancel)
    return recording
