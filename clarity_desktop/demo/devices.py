"""What the watch, the phone and the scale of a simulated person write down: records as columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.hypnogram import AWAKE_ASLEEP, CORE, DEEP, REM
from clarity_desktop.demo.signals import SimulatedRecording

__all__ = ["Beats", "Device", "RecordTable", "device_records"]

_Q, _C = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
_SLEEP = "HKCategoryValueSleepAnalysis"


@dataclass(frozen=True, slots=True)
class Device:
    """A source as an export names it."""

    source: str
    name: str
    model: str
    hardware: str
    software: str

    def text(self, pointer: str) -> str:
        """The text of the device attribute; the pointer differs from record to record in real files."""
        if not self.hardware:
            return ""
        return (
            f"<<HKDevice: {pointer}>, name:{self.name}, manufacturer:Apple Inc., model:{self.model}, "
            f"hardware:{self.hardware}, software:{self.software}>"
        )


WATCH = Device("Demo’s Apple\u00a0Watch", "Apple Watch", "Watch", "Watch6,7", "11.3.1")
PHONE = Device("Demo’s iPhone", "iPhone", "iPhone", "iPhone15,4", "18.3.2")
SCALE = Device("Scale & Body", "", "", "", "3.2")


@dataclass(frozen=True, slots=True)
class Beats:
    """Beat lists of the records of one table, laid end to end; arrays of shape (B,)."""

    record: NDArray[np.int64]
    """Row of the record each beat belongs to, ascending."""
    bpm: NDArray[np.int64]
    at: NDArray[np.float64]
    """UTC seconds; an export prints the local clock with hundredths."""


@dataclass(frozen=True, slots=True)
class RecordTable:
    """Records of one kind and source, sorted by start; arrays of shape (N,)."""

    kind: str
    unit: str
    device: Device
    start: NDArray[np.int64]
    length_s: NDArray[np.int64]
    value: NDArray[np.float64]
    """The number, or the index into ``labels``."""
    created: NDArray[np.int64]
    decimals: int = 0
    labels: tuple[str, ...] = ()
    metadata: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Alternatives of (key, value) entries; ``metadata_of`` chooses one for each record."""
    metadata_of: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    beats: Beats | None = None

    def __len__(self) -> int:
        return int(self.start.size)


def device_records(recording: SimulatedRecording) -> tuple[RecordTable, ...]:
    """Everything that watch, phone and scale wrote, in the order of an export (by kind, then source)."""
    writer = _Writer(recording)
    return tuple(
        table
        for table in (
            writer.body_mass(),
            writer.heart_rate(),
            writer.oxygen(),
            *writer.blood_pressure(),
            writer.respiration(),
            *writer.steps_and_distance(),
            writer.basal_energy(),
            writer.active_energy(),
            writer.flights(),
            writer.exercise_time(),
            writer.daylight(),
            writer.resting_rate(),
            writer.walking_rate(),
            writer.wrist_temperature(),
            *writer.sleep(),
            writer.stand_hours(),
            writer.variability(),
        )
        if len(table)
    )


class _Writer:
    """Holds what all kinds share: the recording, its minutes and one random stream."""

    def __init__(self, recording: SimulatedRecording) -> None:
        self.recording = recording
        self.person = recording.person
        self.minutes = recording.minutes
        self.local_day = recording.local_days
        self.worn = recording.worn
        self.random = np.random.default_rng([recording.seed, 7, *recording.person.code.encode()])
        self.metric = recording.person.locale != "en_US"
        episodes = recording.episodes
        row = np.searchsorted(episodes.onset, self.minutes, side="right") - 1
        self.asleep = (row >= 0) & (self.minutes < episodes.offset[np.maximum(row, 0)])

    def table(
        self,
        kind: str,
        unit: str,
        device: Device,
        start: NDArray[np.int64],
        length_s: NDArray[np.int64] | int,
        value: NDArray[np.float64],
        *,
        decimals: int = 0,
        lag_s: float = 240.0,
        labels: tuple[str, ...] = (),
        metadata: tuple[tuple[tuple[str, str], ...], ...] = (),
        metadata_of: NDArray[np.int64] | None = None,
        beats: Beats | None = None,
    ) -> RecordTable:
        start = start.astype(np.int64)
        length = np.broadcast_to(np.asarray(length_s, dtype=np.int64), start.shape)
        created = start + length + 20 + self.random.exponential(lag_s, start.size).astype(np.int64)
        number: NDArray[np.float64] = np.asarray(value, dtype=np.float64).round(decimals)
        chosen = np.zeros(start.size, np.int64) if metadata_of is None else metadata_of
        return RecordTable(
            kind, unit, device, start, length, number, created, decimals, labels, metadata, chosen, beats
        )

    def zone_metadata(
        self, start: NDArray[np.int64]
    ) -> tuple[tuple[tuple[tuple[str, str], ...], ...], NDArray[np.int64]]:
        """HKTimeZone entries for records that carry the zone in force, and which of them each record has."""
        periods = self.recording.zone.periods
        names = list(dict.fromkeys(period.zone for period in periods))
        index = np.searchsorted([period.from_utc for period in periods], start, side="right") - 1
        of_period = np.array([names.index(period.zone) for period in periods], dtype=np.int64)
        return tuple((("HKTimeZone", name),) for name in names), of_period[np.maximum(index, 0)]

    def per_day(
        self, minute_values: NDArray[np.float64], mask: NDArray[np.bool_]
    ) -> list[tuple[int, NDArray[np.float64]]]:
        """(local day, values of its masked minutes) for days that have any."""
        rows = np.flatnonzero(mask)
        days, first = np.unique(self.local_day[rows], return_index=True)
        return list(zip(days.tolist(), np.split(minute_values[rows], first[1:]), strict=True))

    def heart_rate(self) -> RecordTable:
        """Every five minutes or so at rest, every few seconds in a workout, nothing while not worn."""
        span = self.recording.span
        gaps = self.random.integers(210, 391, span.length_s // 270)
        rest = span.start + np.cumsum(gaps)
        rest = rest[rest < span.stop]
        dense = [np.arange(bout.start, bout.stop, 6) for bout in self.recording.workouts]
        moving = self.minutes[(self.recording.steps > 95) & ~self.asleep] + 31
        start = np.unique(np.concatenate([rest, moving, *dense]))
        row = (start - span.start) // 60
        start, row = start[self.worn[row]], row[self.worn[row]]
        value = self.recording.heart_rate[row] + self.random.normal(0.0, 1.2, start.size)
        active = (self.recording.steps[row] > 40).astype(np.int64) + 1
        metadata = tuple((("HKMetadataKeyHeartRateMotionContext", str(context)),) for context in range(3))
        return self.table(_Q + "HeartRate", "count/min", WATCH, start, 0, value, metadata=metadata, metadata_of=active)

    def steps_and_distance(self) -> tuple[RecordTable, ...]:
        """The watch counts whenever worn, the phone when carried: the two overlap, and both lie on whole minutes."""
        steps, size = self.recording.steps, self.minutes.size
        carried = np.repeat(self.random.random(size // 40 + 1) < 0.62, 40)[:size] & ~self.asleep
        noticed = np.round(steps * self.random.normal(0.95, 0.04, size).clip(0.8, 1.05))
        tables = []
        unit, metre = ("km", 1000.0) if self.metric else ("mi", 1609.344)
        for device, seen, block in (
            (WATCH, np.where(self.worn, steps, 0), 9),
            (PHONE, np.where(carried, noticed, 0), 10),
        ):
            start, length, total = _blocks(seen, block)
            at = self.recording.span.start + 60 * start
            tables.append(self.table(_Q + "StepCount", "count", device, at, 60 * length, total))
            tables.append(
                self.table(
                    _Q + "DistanceWalkingRunning", unit, device, at, 60 * length, total * 0.72 / metre, decimals=5
                )
            )
        return tables[0], tables[2], tables[1], tables[3]

    def _energy(self) -> NDArray[np.float64]:
        effort = np.minimum(self.recording.counts, 2200) * 0.0011 + self.recording.steps * 0.028
        return np.where(self.worn & ~self.asleep, effort * self.person.body_mass_kg / 70, 0.0)

    def active_energy(self) -> RecordTable:
        """Five-minute sums while awake and worn."""
        energy = self._energy()[: self.minutes.size // 5 * 5].reshape(-1, 5).sum(axis=1)
        row = np.flatnonzero(energy > 0.25)
        unit = "kcal" if self.metric else "Cal"
        return self.table(
            _Q + "ActiveEnergyBurned", unit, WATCH, self.recording.span.start + 300 * row, 300, energy[row], decimals=3
        )

    def basal_energy(self) -> RecordTable:
        """Quarter-hour sums, worn or not."""
        count = self.minutes.size // 15
        value = self.person.body_mass_kg * 0.235 + self.random.normal(0.0, 0.3, count)
        start = self.recording.span.start + 900 * np.arange(count)
        unit = "kcal" if self.metric else "Cal"
        return self.table(_Q + "BasalEnergyBurned", unit, WATCH, start, 900, value, decimals=3)

    def flights(self) -> RecordTable:
        """Stairs while walking, seen by the phone."""
        row = np.flatnonzero((self.recording.steps > 70) & (self.random.random(self.minutes.size) < 0.05))
        value = self.random.integers(1, 4, row.size).astype(np.float64)
        return self.table(_Q + "FlightsClimbed", "count", PHONE, self.minutes[row], 60, value)

    def exercise_time(self) -> RecordTable:
        """One record for each brisk minute."""
        row = np.flatnonzero((self.recording.steps > 105) & self.worn)
        return self.table(_Q + "AppleExerciseTime", "min", WATCH, self.minutes[row], 60, np.ones(row.size))

    def daylight(self) -> RecordTable:
        """Minutes above 1000 lux by quarter hour."""
        bright = (self.recording.light > 1000) & self.worn & ~self.asleep
        sums = bright[: self.minutes.size // 15 * 15].reshape(-1, 15).sum(axis=1)
        row = np.flatnonzero(sums)
        start = self.recording.span.start + 900 * row
        return self.table(_Q + "TimeInDaylight", "min", WATCH, start, 900, sums[row].astype(np.float64))

    def _spot(self, mask: NDArray[np.bool_], share: float) -> NDArray[np.int64]:
        return np.flatnonzero(mask & self.worn & (self.random.random(self.minutes.size) < share))

    def oxygen(self) -> RecordTable:
        """Spot values, mostly asleep."""
        row = self._spot(self.asleep, 0.014)
        value = (0.965 + self.random.normal(0.0, 0.010, row.size)).clip(0.88, 1.0)
        start = self.minutes[row] + self.random.integers(0, 45, row.size)
        return self.table(_Q + "OxygenSaturation", "%", WATCH, start, 15, value, decimals=2)

    def respiration(self) -> RecordTable:
        """Breaths a minute asleep."""
        row = self._spot(self.asleep, 0.04)
        value = 14.5 + self.random.normal(0.0, 1.0, row.size)
        halves = np.round(value * 2) / 2
        return self.table(_Q + "RespiratoryRate", "count/min", WATCH, self.minutes[row] + 5, 0, halves, decimals=1)

    def resting_rate(self) -> RecordTable:
        """One value a day over the worn part of it."""
        rows = self.per_day(self.recording.heart_rate.astype(np.float64), self.worn & ~self.asleep)
        return self._daily(_Q + "RestingHeartRate", "count/min", [(day, float(np.percentile(v, 4))) for day, v in rows])

    def walking_rate(self) -> RecordTable:
        """Mean heart rate of walking minutes by day."""
        mask = self.worn & (self.recording.steps > 60) & (self.recording.steps < 130)
        rows = self.per_day(self.recording.heart_rate.astype(np.float64), mask)
        return self._daily(
            _Q + "WalkingHeartRateAverage", "count/min", [(day, float(v.mean())) for day, v in rows], decimals=1
        )

    def _daily(self, kind: str, unit: str, values: list[tuple[int, float]], decimals: int = 0) -> RecordTable:
        zone = self.recording.zone
        start = np.array([zone.instant_of_local(day, 8 * 3600) + 17 for day, _ in values], dtype=np.int64)
        stop = np.array([zone.instant_of_local(day, 86_000) + 41 for day, _ in values], dtype=np.int64)
        number = np.array([value for _, value in values], dtype=np.float64)
        return self.table(kind, unit, WATCH, start, stop - start, number, decimals=decimals)

    def wrist_temperature(self) -> RecordTable:
        """One value a recorded night."""
        nights = [night for night in self.recording.nights if night.recorded and not night.is_nap]
        start = np.array([night.onset for night in nights], dtype=np.int64)
        length = np.array([night.offset - night.onset for night in nights], dtype=np.int64)
        value = 34.8 + self.random.normal(0.0, 0.22, start.size)
        unit = "degC" if self.metric else "degF"
        value = value if self.metric else value * 9 / 5 + 32
        metadata = ((("HKAlgorithmVersion", "1"),),)
        return self.table(
            _Q + "AppleSleepingWristTemperature", unit, WATCH, start, length, value, decimals=2, metadata=metadata
        )

    def sleep(self) -> tuple[RecordTable, RecordTable]:
        """Stages by the watch where worn, time in bed by the phone (no naps)."""
        recording, runs = self.recording, self.recording.stage_runs
        whole = {night.onset for night in recording.nights}
        onset = recording.episodes.onset[runs.episode]
        off = np.concatenate([[0], np.cumsum(~self.worn)])
        first = (runs.start - recording.span.start) // 60
        last = -(-(runs.stop - recording.span.start) // 60)
        keep = np.isin(onset, list(whole)) & (off[last] == off[first])
        code = np.array([0, 1, 2, 3, 0], dtype=np.int64)
        code[AWAKE_ASLEEP], code[CORE], code[DEEP], code[REM] = 0, 1, 2, 3
        labels = tuple(_SLEEP + name for name in ("Awake", "AsleepCore", "AsleepDeep", "AsleepREM"))
        start, stop = runs.start[keep], runs.stop[keep]
        metadata, which = self.zone_metadata(recording.episodes.offset[runs.episode[keep]])
        watch = self.table(
            _C + "SleepAnalysis", "", WATCH, start, stop - start, code[runs.code[keep]].astype(np.float64),
            lag_s=900.0, labels=labels, metadata=metadata, metadata_of=which,
        )  # fmt: skip
        nights = [night for night in recording.nights if not night.is_nap]
        begin = np.array([night.in_bed for night in nights], dtype=np.int64)
        length = np.array([night.out_of_bed - night.in_bed for night in nights], dtype=np.int64)
        metadata, which = self.zone_metadata(begin + length)
        phone = self.table(
            _C + "SleepAnalysis", "", PHONE, begin, length, np.zeros(begin.size),
            lag_s=300.0, labels=(_SLEEP + "InBed",), metadata=metadata, metadata_of=which,
        )  # fmt: skip
        return watch, phone

    def stand_hours(self) -> RecordTable:
        """Stood or idle, by whole hours awake."""
        span = self.recording.span
        first = -(-span.start // 3600)
        hours = np.arange(first, span.stop // 3600)
        row = (hours * 3600 - span.start) // 60
        index = row[:, None] + np.arange(60)
        moved = (self.recording.steps[index] > 15).sum(axis=1)
        awake = (self.worn[index] & ~self.asleep[index]).sum(axis=1) >= 30
        labels = ("HKCategoryValueAppleStandHourStood", "HKCategoryValueAppleStandHourIdle")
        value = np.where(moved[awake] >= 2, 0.0, 1.0)
        return self.table(_C + "AppleStandHour", "", WATCH, hours[awake] * 3600, 3600, value, labels=labels, lag_s=30.0)

    def variability(self) -> RecordTable:
        """A minute of beats some times a day, each with its list: the SDNN is that of the list."""
        rested = self.recording.steps < 5
        row = self._spot(self.asleep, 0.006)
        row = np.sort(np.concatenate([row, self._spot(rested & ~self.asleep, 0.0025)]))
        row = row[np.concatenate([[True], np.diff(row) > 4])] if row.size else row
        start = self.minutes[row]
        rate = self.recording.heart_rate[row].astype(np.float64)
        count = np.floor(rate).astype(np.int64)
        record = np.repeat(np.arange(row.size), count)
        place = np.arange(record.size) - np.repeat(np.cumsum(count) - count, count)
        spread = self.person.hrv_ms / 1000 * self.random.normal(1.0, 0.2, row.size).clip(0.4, 1.8)
        breath = np.sin(2 * np.pi * place * (60 / rate[record]) / 4.1 + record)
        gap = 60 / rate[record] + spread[record] * (1.1 * breath + 0.6 * self.random.standard_normal(record.size))
        gap = gap.clip(0.35, 1.9)
        elapsed = np.cumsum(gap)
        begin = np.cumsum(count) - count
        at = start[record] + 0.4 + elapsed - (elapsed - gap)[begin][record]
        mean = np.bincount(record, gap) / count
        sdnn = 1000 * np.sqrt(np.bincount(record, (gap - mean[record]) ** 2) / np.maximum(count - 1, 1))
        beats = Beats(record, np.round(60 / gap).astype(np.int64), at)
        return self.table(_Q + "HeartRateVariabilitySDNN", "ms", WATCH, start, 64, sdnn, decimals=4, beats=beats)

    def _mornings(self, every: int) -> NDArray[np.int64]:
        days = self.recording.days[1::every]
        nine = np.array([self.recording.zone.instant_of_local(day, 9 * 3600) for day in days], dtype=np.int64)
        return nine + self.random.integers(0, 1500, nine.size)

    def blood_pressure(self) -> tuple[RecordTable, RecordTable]:
        """Once a week, systolic and diastolic at the same instant: an export joins each pair in a Correlation."""
        start = self._mornings(7)
        systolic = 112 + self.person.resting_rate / 6 + self.random.normal(0.0, 6.0, start.size)
        diastolic = systolic * 0.63 + self.random.normal(0.0, 3.0, start.size)
        return (
            self.table(_Q + "BloodPressureSystolic", "mmHg", SCALE, start, 0, systolic, lag_s=0.0),
            self.table(_Q + "BloodPressureDiastolic", "mmHg", SCALE, start, 0, diastolic, lag_s=0.0),
        )

    def body_mass(self) -> RecordTable:
        """Every third day, entered by hand."""
        start = self._mornings(3)
        kilogram = self.person.body_mass_kg + self.random.normal(0.0, 0.5, start.size)
        unit, value = ("kg", kilogram) if self.metric else ("lb", kilogram / 0.45359237)
        metadata = ((("HKWasUserEntered", "1"),),)
        return self.table(_Q + "BodyMass", unit, SCALE, start, 0, value, decimals=1, metadata=metadata)


def _blocks(
    seen: NDArray[np.float64] | NDArray[np.int32], block: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Start, length (minutes) and total of the walking runs in ``seen``, cut at multiples of ``block`` minutes."""
    some = seen > 0
    index = np.arange(some.size)
    opens = some & ~np.concatenate([[False], some[:-1] & ((index[1:] % block) != 0)])
    start = np.flatnonzero(opens)
    closes = some & ~np.concatenate([some[1:] & ((index[1:] % block) != 0), [False]])
    stop = np.flatnonzero(closes) + 1
    total = np.concatenate([[0.0], np.cumsum(seen, dtype=np.float64)])
    return start, stop - start, total[stop] - total[start]
