"""Writes what a simulated person's phone would export: a real ``export.zip`` with ``export.xml`` inside."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.devices import SCALE, WATCH, RecordTable, device_records
from clarity_desktop.demo.health_xml import (
    DOCUMENT_TYPE,
    DatePrinter,
    attribute,
    local_date_text,
    minutes_text,
    record_batches,
)
from clarity_desktop.demo.signals import SimulatedRecording
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress

__all__ = ["export_instant", "export_lines", "write_export"]

_FOLDER = "apple_health_export"
_EXPORT_AFTER_S = 9 * 3600 + 41 * 60 + 12
_COMPRESSION_LEVEL = 3
_SEX = {Sex.FEMALE: "HKBiologicalSexFemale", Sex.MALE: "HKBiologicalSexMale", Sex.OTHER: "HKBiologicalSexOther"}
_CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
 <title>Health Data Export (simulated person)</title>
</ClinicalDocument>
"""


def export_instant(recording: SimulatedRecording) -> Instant:
    """When the phone exported: the morning after the last day."""
    return recording.span.stop + _EXPORT_AFTER_S


def write_export(
    recording: SimulatedRecording,
    path: Path,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write the export as a zip, streaming; equal recordings give equal bytes.

    The file appears under its name only when it is whole.

    Raises
    ------
    CancelledError
        When ``cancel`` was raised; nothing is left behind.
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=export_instant(recording))
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second // 2 * 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
            main = _member(f"{_FOLDER}/export.xml", stamp)
            with archive.open(main, "w", force_zip64=True) as stream:
                written = 0
                for text in export_lines(recording):
                    if cancel is not None:
                        cancel.check()
                    written += stream.write(text.encode())
                    progress(Progress("Writing the export", written, None, "bytes"))
            archive.writestr(_member(f"{_FOLDER}/export_cda.xml", stamp), _CDA)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _member(name: str, stamp: tuple[int, int, int, int, int, int]) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, stamp)
    member.compress_type = zipfile.ZIP_DEFLATED
    member._compresslevel = _COMPRESSION_LEVEL  # type: ignore[attr-defined]
    member.external_attr = 0o644 << 16
    member.create_system = 3
    return member


def export_lines(recording: SimulatedRecording) -> Iterator[str]:
    """The text of ``export.xml`` in pieces of some hundred kilobytes."""
    person, zone, export = recording.person, recording.zone, export_instant(recording)
    printer = DatePrinter(int(zone.offsets_s(np.array([export]))[0]))
    sex = _SEX.get(person.sex, "HKBiologicalSexNotSet")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCUMENT_TYPE}<HealthData locale="{person.locale}">\n'
    yield f' <ExportDate value="{printer.one(export)}"/>\n'
    yield (
        f' <Me HKCharacteristicTypeIdentifierDateOfBirth="{person.birth_date.isoformat()}"'
        f' HKCharacteristicTypeIdentifierBiologicalSex="{sex}"'
        ' HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet"'
        ' HKCharacteristicTypeIdentifierFitzpatrickSkinType="HKFitzpatrickSkinTypeNotSet"'
        ' HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse="None"/>\n'
    )
    tables = device_records(recording)
    random = np.random.default_rng([recording.seed, 11, *person.code.encode()])
    pointers = np.array([f"0x{value:x}0" for value in random.integers(0x30000000, 0x33FFFFFF, 61)], dtype=object)
    for table in tables:
        yield from record_batches(table, printer, zone, person.locale, pointers, export)
    yield from _correlations(tables, printer)
    yield from _workouts(recording, tables, printer, str(pointers[0]))
    yield from _activity_summaries(recording, tables)
    yield "</HealthData>\n"


def _table(tables: tuple[RecordTable, ...], kind: str, source: str) -> RecordTable | None:
    for table in tables:
        if table.kind == kind and table.device.source == source:
            return table
    return None


def _correlations(tables: tuple[RecordTable, ...], printer: DatePrinter) -> Iterator[str]:
    """Blood pressure: each pair again, joined; the same records stand at top level too."""
    systolic = _table(tables, "HKQuantityTypeIdentifierBloodPressureSystolic", SCALE.source)
    diastolic = _table(tables, "HKQuantityTypeIdentifierBloodPressureDiastolic", SCALE.source)
    if systolic is None or diastolic is None:
        return
    head = f'sourceName="{attribute(SCALE.source)}" sourceVersion="{SCALE.software}"'
    for row in range(len(systolic)):
        at, written = printer.one(int(systolic.start[row])), printer.one(int(systolic.created[row]))
        dates = f'creationDate="{written}" startDate="{at}" endDate="{at}"'
        pairs = "".join(
            f'  <Record type="{table.kind}" {head} unit="{table.unit}" {dates} value="{int(table.value[row])}"/>\n'
            for table in (systolic, diastolic)
        )
        yield (
            f' <Correlation type="HKCorrelationTypeIdentifierBloodPressure" {head} {dates}>\n'
            f'  <MetadataEntry key="HKWasUserEntered" value="1"/>\n{pairs} </Correlation>\n'
        )


def _workouts(
    recording: SimulatedRecording, tables: tuple[RecordTable, ...], printer: DatePrinter, pointer: str
) -> Iterator[str]:
    """Workouts with their statistics and the zone they happened in."""
    person = recording.person
    energy = _table(tables, "HKQuantityTypeIdentifierActiveEnergyBurned", WATCH.source)
    distance = _table(tables, "HKQuantityTypeIdentifierDistanceWalkingRunning", WATCH.source)
    for bout in recording.workouts:
        begin, stop = (bout.start - recording.span.start) // 60, (bout.stop - recording.span.start) // 60
        if not recording.worn[begin:stop].all():
            continue
        rate = recording.heart_rate[begin:stop]
        dates = f'startDate="{printer.one(bout.start)}" endDate="{printer.one(bout.stop)}"'
        spread = f'minimum="{int(rate.min())}" maximum="{int(rate.max())}"'
        statistics = [f'average="{float(rate.mean()):.4f}" {spread} unit="count/min"/>']
        kinds = ["HKQuantityTypeIdentifierHeartRate"]
        on_foot = person.workout != "Cycling"
        for table in (energy, distance if on_foot else None):
            if table is not None:
                kinds.append(table.kind)
                statistics.append(f'sum="{_within(table, bout.start, bout.stop):.4f}" unit="{table.unit}"/>')
        lines = "".join(
            f'  <WorkoutStatistics type="{kind}" {dates} {values}\n'
            for kind, values in zip(kinds, statistics, strict=True)
        )
        length = minutes_text(timedelta(seconds=bout.stop - bout.start))
        yield (
            f' <Workout workoutActivityType="HKWorkoutActivityType{person.workout}" duration="{length}"'
            f' durationUnit="min" sourceName="{attribute(WATCH.source)}" sourceVersion="{WATCH.software}"'
            f' device="{attribute(WATCH.text(pointer))}" creationDate="{printer.one(bout.stop + 40)}" {dates}>\n'
            f'  <MetadataEntry key="HKIndoorWorkout" value="{int(bout.indoor)}"/>\n'
            f'  <MetadataEntry key="HKTimeZone" value="{recording.zone.zone_at(bout.start).zone}"/>\n'
            f"{lines} </Workout>\n"
        )


def _within(table: RecordTable, start: Instant, stop: Instant) -> float:
    """The amount of a table between two instants, spread over each record's interval."""
    ends = table.start + table.length_s
    covered = np.minimum(ends, stop) - np.maximum(table.start, start)
    share = np.clip(covered, 0, None) / np.maximum(table.length_s, 1)
    return float((table.value * share).sum())


def _activity_summaries(recording: SimulatedRecording, tables: tuple[RecordTable, ...]) -> Iterator[str]:
    """One element a local day, with the day's sums of the watch."""
    zone, days = recording.zone, recording.days

    def sums(kind: str, keep: float | None = None) -> NDArray[np.float64]:
        table = _table(tables, kind, WATCH.source)
        if table is None:
            return np.zeros(len(days))
        row = zone.local_days(table.start) - days[0]
        amount = table.value if keep is None else (table.value == keep).astype(np.float64)
        return np.asarray(np.bincount(row, amount, minlength=len(days)), dtype=np.float64)

    energy = sums("HKQuantityTypeIdentifierActiveEnergyBurned")
    exercise = sums("HKQuantityTypeIdentifierAppleExerciseTime")
    stood = sums("HKCategoryTypeIdentifierAppleStandHour", keep=0.0)
    unit = "kcal" if recording.person.locale != "en_US" else "Cal"
    for row, day in enumerate(days):
        yield (
            f' <ActivitySummary dateComponents="{local_date_text(day)}" activeEnergyBurned="{energy[row]:.3f}"'
            f' activeEnergyBurnedGoal="520" activeEnergyBurnedUnit="{unit}" appleMoveTime="0" appleMoveTimeGoal="0"'
            f' appleExerciseTime="{int(exercise[row])}" appleExerciseTimeGoal="30"'
            f' appleStandHours="{int(stood[row])}" appleStandHoursGoal="12"/>\n'
        )
