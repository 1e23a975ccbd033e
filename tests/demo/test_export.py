from __future__ import annotations

import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from clarity_desktop.demo.actigraph import write_actigraph
from clarity_desktop.demo.devices import RecordTable, device_records
from clarity_desktop.demo.export import export_instant, write_export
from clarity_desktop.demo.health_xml import DatePrinter, beat_times
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.importers.pipeline import inspect_file

CODES = [person.code for person in PEOPLE]
RecordingOf = Callable[[str], SimulatedRecording]


@pytest.fixture(scope="module")
def export_of(recording_of: RecordingOf, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("exports")

    def make(code: str) -> Path:
        path = folder / f"{code}.zip"
        if not path.exists():
            write_export(recording_of(code), path)
        return path

    return make


def _document(path: Path) -> etree._Element:
    with zipfile.ZipFile(path) as archive:
        parser = etree.XMLParser(huge_tree=True, load_dtd=False, resolve_entities=False)
        return etree.fromstring(archive.read("apple_health_export/export.xml"), parser)


def test_equal_recordings_give_equal_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        write_export(simulate(PEOPLE[4], DEMO_SEED, 9), tmp_path / name / "export.zip")
        digests.add(hashlib.sha256((tmp_path / name / "export.zip").read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("code", CODES)
def test_the_importer_reads_every_record_and_it_adds_up(
    code: str, export_of: Callable[[str], Path], recording_of: RecordingOf
) -> None:
    recording = recording_of(code)
    report = inspect_file(export_of(code), home_zone=recording.person.home_zone)
    assert report.outcome is ImportOutcome.OK, report.problems
    assert report.complete
    written: Counter[str] = Counter()
    for table in device_records(recording):
        written[table.kind] += len(table)
    for kind, number in written.items():
        count = report.types[kind]
        assert (count.records, count.unique, count.rejected) == (number, number, 0), kind
    assert report.elements["ActivitySummary"] == len(recording.days)


@pytest.mark.parametrize("code", CODES)
def test_the_zones_found_are_the_zones_lived_in(
    code: str, export_of: Callable[[str], Path], recording_of: RecordingOf
) -> None:
    recording = recording_of(code)
    report = inspect_file(export_of(code), home_zone=recording.person.home_zone)
    found = ZoneTimeline(tuple(zone.period for zone in report.zones))
    minutes = recording.minutes
    equal = found.offsets_s(minutes) == recording.zone.offsets_s(minutes)
    # Between two pieces of evidence the change cannot be placed; a few hours around each journey may differ.
    assert equal.mean() > (0.97 if recording.person.stays else 0.9999)
    names = list(dict.fromkeys(period.zone for period in found.periods))
    assert names == list(dict.fromkeys(period.zone for period in recording.zone.periods))


def test_the_document_is_well_formed_and_printed_in_one_offset(export_of: Callable[[str], Path]) -> None:
    root = _document(export_of("D-0005"))
    assert root.tag == "HealthData"
    assert root.get("locale") == "de_DE"
    assert [child.tag for child in root[:2]] == ["ExportDate", "Me"]
    offsets = Counter(
        element.get(name)[-5:] for element in root.iter("Record", "Workout") for name in ("startDate", "endDate")
    )
    assert set(offsets) == {"+0200"}
    tags = [child.tag for child in root]
    assert tags == sorted(tags, key=["ExportDate", "Me", "Record", "Correlation", "Workout", "ActivitySummary"].index)


def test_nothing_is_written_before_it_ended_or_after_the_export(export_of: Callable[[str], Path]) -> None:
    root = _document(export_of("D-0001"))
    moment = root[0].get("value")
    for record in root.iter("Record"):
        assert record.get("startDate") <= record.get("endDate") <= record.get("creationDate") <= moment


def test_device_pointers_change_and_the_rest_of_the_device_does_not(export_of: Callable[[str], Path]) -> None:
    root = _document(export_of("D-0001"))
    texts = Counter(record.get("device") for record in root.iter("Record") if record.get("device"))
    assert len(texts) > 20
    identities = {re.sub(r"0x[0-9a-f]+", "", text) for text in texts}
    assert len(identities) == 2


def test_beats_follow_the_local_clock_of_the_place(export_of: Callable[[str], Path], recording_of: RecordingOf) -> None:
    recording = recording_of("D-0005")
    root = _document(export_of("D-0005"))
    checked = 0
    for record in root.iter("Record"):
        beat = record.find("HeartRateVariabilityMetadataList/InstantaneousBeatsPerMinute")
        if beat is None:
            continue
        start = np.datetime64(record.get("startDate")[:19].replace(" ", "T"), "s").astype(np.int64) - 2 * 3600
        local = int(recording.zone.local_seconds(np.array([start]))[0]) % 86400
        hour, minute, second = re.split(r"[:,]", beat.get("time"))[:3]
        clock = int(hour) * 3600 + int(minute) * 60 + int(second)
        assert (clock - local) % 86400 < 5
        checked += 1
    assert checked > 50


def test_beat_times_in_the_forms_of_three_locales() -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    at = np.array([1741564800.0 + 0.5, 1741604705.104])  # 10 March 2025, 01:00:00.50 and 12:05:05.10 in Berlin
    assert beat_times(at, zone, "de_DE") == ["01:00:00,50", "12:05:05,10"]
    assert beat_times(at, zone, "en_GB") == ["01:00:00.50", "12:05:05.10"]
    assert beat_times(at, zone, "en_US") == ["1:00:00.50\u202fAM", "12:05:05.10\u202fPM"]


def test_dates_print_with_the_offset_given() -> None:
    assert DatePrinter(7200).one(0) == "1970-01-01 02:00:00 +0200"
    assert DatePrinter(-12600).one(1) == "1969-12-31 20:30:01 -0330"


def test_no_heart_rate_while_the_watch_is_off(recording_of: RecordingOf) -> None:
    recording = recording_of("D-0004")
    table = next(table for table in device_records(recording) if table.kind.endswith("IdentifierHeartRate"))
    row = (table.start - recording.span.start) // 60
    assert recording.worn[row].all()
    assert np.all(np.diff(table.start) > 0)
    assert np.diff(table.start).max() > 29 * 3600  # thirty hours without the watch


def test_watch_and_phone_steps_overlap_and_lie_on_whole_minutes(recording_of: RecordingOf) -> None:
    recording = recording_of("D-0001")
    tables: list[RecordTable] = [
        table for table in device_records(recording) if table.kind.endswith("IdentifierStepCount")
    ]
    assert len(tables) == 2
    for table in tables:
        assert not np.any((table.start - recording.span.start) % 60)
        assert not np.any(table.length_s % 60)
        assert np.all(table.start[1:] >= (table.start + table.length_s)[:-1])
    watch, phone = tables
    inside = np.searchsorted(watch.start, phone.start, side="right") - 1
    overlap = (inside >= 0) & (phone.start < (watch.start + watch.length_s)[np.maximum(inside, 0)])
    assert overlap.mean() > 0.5
    assert watch.value.sum() == recording.steps[recording.worn].sum()


def test_a_cancelled_export_leaves_nothing(tmp_path: Path, recording_of: RecordingOf) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        write_export(recording_of("D-0003"), tmp_path / "export.zip", cancel=token)
    assert list(tmp_path.iterdir()) == []


def test_the_export_is_made_after_the_last_day(recording_of: RecordingOf) -> None:
    recording = recording_of("D-0001")
    assert recording.zone.format(export_instant(recording)) == "2025-04-07T09:41:12+02:00"


def test_the_actigraph_table_holds_counts_and_light_minute_by_minute(tmp_path: Path, recording_of: RecordingOf) -> None:
    recording = recording_of("D-0001")
    write_actigraph(recording, tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "timestamp,counts,light"
    assert len(lines) - 1 == recording.counts.size
    assert sum(line.startswith("2025-03-30") for line in lines) == 23 * 60
    counts = np.array([int(line.split(",")[1]) for line in lines[1:]])
    np.testing.assert_array_equal(counts, recording.counts.astype(int))
    report = inspect_file(tmp_path / "a.csv", home_zone="Europe/Berlin")
    assert report.outcome is ImportOutcome.OK
    assert report.types["ActivityCounts"].unique == report.types["Illuminance"].unique == recording.counts.size
