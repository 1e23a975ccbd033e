"""Samples for a vault, put in through the import sink."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, ImportReport, SampleBatch, ZoneFound
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, SLEEP, STEPS
from clarity_desktop.domain.time import Certainty, ZonePeriod, ZoneTimeline
from clarity_desktop.vault import Vault

_NUMBER = itertools.count(1)
STAGE_LABELS = (
    "HKCategoryValueSleepAnalysisInBed",
    "HKCategoryValueSleepAnalysisAwake",
    "HKCategoryValueSleepAnalysisAsleepCore",
    "HKCategoryValueSleepAnalysisAsleepDeep",
    "HKCategoryValueSleepAnalysisAsleepREM",
)
IN_BED, AWAKE, CORE, DEEP, REM = range(5)
UNITS = {ACTIVITY_COUNTS: "counts", STEPS: "count", HEART_RATE: "count/min", SLEEP: ""}


def batch(
    kind: str, source: str, start: Sequence[int] | np.ndarray, length_s: int | np.ndarray, value: np.ndarray
) -> SampleBatch:
    """A batch of samples of one kind and source."""
    starts = np.asarray(start, dtype=np.int64)
    n = starts.size
    return SampleBatch(
        kind=kind,
        unit=UNITS.get(kind, ""),
        source=source,
        start=starts,
        length_s=np.broadcast_to(np.asarray(length_s, dtype=np.int32), n).copy(),
        value=np.asarray(value, dtype=np.float64),
        flags=np.zeros(n, np.uint8),
        created=np.full(n, NO_INSTANT, np.int64),
        origin=np.zeros(n, np.int32),
        extra=np.full(n, -1, np.int32),
        labels=STAGE_LABELS if kind == SLEEP else (),
    )


def put(vault: Vault, patient_id: str, *batches: SampleBatch, zones: Sequence[tuple[int, str]] = ()) -> None:
    """One finished import of these batches."""
    number = next(_NUMBER)
    sha256 = f"{number:064x}"
    sink = vault.begin_import(patient_id, file=f"file-{number}", format="test", sha256=sha256)
    for one in batches:
        sink.samples(one)
    if zones:
        sink.zones(tuple(ZoneFound(ZonePeriod(at, name, Certainty.STATED, "test"), "test") for at, name in zones))
    first = min(int(one.start.min()) for one in batches)
    last = max(int((one.start + one.length_s).max()) for one in batches)
    sink.finish(
        ImportReport(
            file=f"file-{number}",
            format="test",
            format_version="1",
            outcome=ImportOutcome.OK,
            complete=True,
            bytes=1,
            seconds=0.0,
            sha256=sha256,
            first=first,
            last=last,
        )
    )


def watch_days(zone: ZoneTimeline, first_day: int, days: int, seed: int = 7) -> tuple[SampleBatch, ...]:
    """Steps, heart rate every 5 min, and staged nights 23:00–07:00 local with in-bed records 22:40–07:10."""
    random = np.random.default_rng(seed)
    beats, rates, walk, steps = [], [], [], []
    segments: list[tuple[int, int, int]] = []
    beds: list[tuple[int, int]] = []
    for day in range(first_day, first_day + days):
        midnight, end = zone.day_span(day).start, zone.day_span(day).stop
        at = np.arange(midnight, end, 300)
        hour = zone.local_seconds(at) % 86_400 / 3600
        asleep = (hour >= 23) | (hour < 7)
        beats.append(at)
        rates.append(np.where(asleep, 52.0, 74.0) + random.normal(0, 3, at.size))
        minutes = np.arange(midnight, end, 60)
        clock = zone.local_seconds(minutes) % 86_400 / 3600
        moving = (clock >= 7) & (clock < 23) & (random.random(minutes.size) < 0.35)
        walk.append(minutes[moving])
        steps.append(random.integers(5, 110, int(moving.sum())))
        bed = zone.instant_of_local(day - 1, 22 * 3600 + 40 * 60)
        rise = zone.instant_of_local(day, 7 * 3600 + 10 * 60)
        beds.append((bed, rise))
        onset = zone.instant_of_local(day - 1, 23 * 3600)
        offset = zone.instant_of_local(day, 7 * 3600)
        edges = [*range(onset, offset, 1800), offset]
        cycle = itertools.cycle((CORE, DEEP, CORE, REM, AWAKE, CORE))
        pieces = list(zip(edges[:-1], edges[1:], cycle, strict=False))
        pieces[-1] = (*pieces[-1][:2], CORE)
        segments.extend(pieces)
    rows = np.array(segments, dtype=np.int64)
    bed_rows = np.array(beds, dtype=np.int64)
    return (
        batch(HEART_RATE, "Watch", np.concatenate(beats), 0, np.concatenate(rates)),
        batch(STEPS, "Watch", np.concatenate(walk), 60, np.concatenate(steps)),
        batch(SLEEP, "Watch", rows[:, 0], (rows[:, 1] - rows[:, 0]).astype(np.int32), rows[:, 2]),
        batch(SLEEP, "Phone", bed_rows[:, 0], (bed_rows[:, 1] - bed_rows[:, 0]).astype(np.int32), np.zeros(days)),
    )
