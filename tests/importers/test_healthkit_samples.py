"""Every sample export gives what its description says: outcome, counts, problems, zones, elements."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.errors import ClarityError, InputError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.domain.time import Certainty, ZoneTimeline
from clarity_desktop.importers import pipeline

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
READABLE = {name: want for name, want in EXPECTED.items() if want["outcome"] != "error" and want["outcome"] != "ask"}
ERRORS = {
    "bad_empty.xml": "import.empty_file",
    "bad_not_health.xml": "import.not_health_export",
    "bad_text.xml": "import.unknown_format",
    "bad_cda_only.zip": "import.no_export_inside",
    "bad_zip_crc.zip": "import.archive_damaged",
    "bad_zip_password.zip": "import.archive_password",
}
# The problems that must be named, with their counts.
PROBLEMS = {
    "bad_dtd12.xml": {"dtd.broken": 1},
    "bad_vt.xml": {"text.control": 3},
    "bad_attrdup.xml": {"markup.repeated_attribute": 2},
    "bad_rawlt.xml": {"markup.raw_less_than": 1, "markup.raw_ampersand": 1},
    "bad_trunc_record.xml": {"element.lost": 1, "file.cut": 1},
    "bad_trunc_clean.xml": {"file.cut": 1},
    "bad_trunc_children.xml": {"element.lost": 1, "file.cut": 1},
    "bad_zip_slip.zip": {"archive.outside_name": 1},
    "bad_entities.xml": {"dtd.entities": 5, "text.entity": 2},
    "bad_utf8.xml": {"text.utf8": 1},
    "bad_dates.xml": {"date.impossible": 3, "date.missing": 1, "date.reversed": 1, "date.twelve_hour": 2},
    "bad_values.xml": {
        "value.not_a_number": 3,
        "value.decimal_comma": 1,
        "value.implausible": 1,
        "unit.missing": 1,
        "sleep.unlisted": 1,
        "type.unlisted": 2,
    },
    "bad_layout.xml": {"element.unlisted": 1},
    "bad_trailing.xml": {"markup.trailing": 1},
    "bad_ios8.xml": {"format.old": 2},
    "trap_workout.xml": {"content.route_missing": 1},
}


def _types(report: ImportReport) -> dict[str, dict[str, int]]:
    return {kind: {"records": count.records, "unique": count.unique} for kind, count in report.types.items()}


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("name", [name for name in READABLE if name != "bad_utf16.xml"])
def test_outcome_and_counts(name: str) -> None:
    want = EXPECTED[name]
    report = pipeline.inspect_file(DATA / name)
    assert report.outcome == want["outcome"]
    assert _types(report) == want.get("types", {})
    assert sum(count.rejected for count in report.types.values()) == want.get("quarantined", 0)
    assert report.complete is (want["outcome"] != "incomplete")
    for count in report.types.values():
        assert count.records == count.unique + count.duplicates + count.rejected
    assert report.elements.items() >= want.get("elements", {}).items()


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_named_and_counted(name: str) -> None:
    problems = {problem.code: problem.count for problem in pipeline.inspect_file(DATA / name).problems}
    assert problems == PROBLEMS[name]


@pytest.mark.parametrize("name", [name for name, want in EXPECTED.items() if want["outcome"] == "ok"])
def test_sound_files_need_no_repair(name: str) -> None:
    assert pipeline.inspect_file(DATA / name).outcome is ImportOutcome.OK


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_a_code_and_a_remedy(name: str, keeping_sink: Any) -> None:
    with pytest.raises(InputError) as caught:
        pipeline.import_file(DATA / name, lambda *_: keeping_sink)
    assert caught.value.code == ERRORS[name]
    assert caught.value.remedy
    assert not keeping_sink.finished


def test_every_file_of_the_table_is_tested() -> None:
    assert {name for name, want in EXPECTED.items() if want["outcome"] == "error"} - set(ERRORS) == {
        "bad_utf16.xml",
        "bad_zip_cut.zip",
    }


def test_utf16_is_read() -> None:
    report = pipeline.inspect_file(DATA / "bad_utf16.xml")
    assert report.outcome is ImportOutcome.OK
    assert sum(count.unique for count in report.types.values()) == 5


def test_two_exports_of_one_person_are_both_read() -> None:
    report = pipeline.inspect_file(DATA / "bad_two_exports.zip")
    assert _types(report) == EXPECTED["bad_two_exports.zip"]["types"]
    assert report.outcome is ImportOutcome.RECOVERED
    (problem,) = report.problems
    assert problem.code == "archive.two_exports"
    assert "a/export.xml" in problem.message
    assert "b/export.xml" in problem.message


@pytest.mark.parametrize("name", ["sample_small", "sample_later"])
def test_samples_agree_with_their_truth(name: str) -> None:
    truth = json.loads((DATA / f"{name}.truth.json").read_text(encoding="utf-8"))
    report = pipeline.inspect_file(DATA / f"{name}.zip")
    assert _types(report) == truth["types"]
    assert report.elements == truth["elements"]
    assert report.bytes == truth["export"]["bytes"]
    assert report.outcome is ImportOutcome.OK
    assert report.format_version == "14"
    assert report.person == {"date_of_birth": "1984-05-17"}


@pytest.mark.parametrize("name", ["sample_small", "sample_later"])
@pytest.mark.parametrize("home", [None, "Europe/Berlin"])
def test_zone_timeline_agrees_with_the_truth(name: str, home: str | None) -> None:
    truth = json.loads((DATA / f"{name}.truth.json").read_text(encoding="utf-8"))
    report = pipeline.inspect_file(DATA / f"{name}.zip", home_zone=home)
    timeline = ZoneTimeline(tuple(found.period for found in report.zones))
    ambiguous = {datetime.fromisoformat(day).date() for day in truth["ambiguous_days"]}
    stops = [_at(entry[0]) for entry in truth["zones"][1:]] + [_at(truth["export"]["instant"])]
    checked = 0
    for (begin, zone), stop in zip(truth["zones"], stops, strict=True):
        for instant in range(_at(begin), stop, 7200):
            found = timeline.zone_at(instant)
            day = datetime.fromtimestamp(instant, UTC).date()
            if day in ambiguous:
                continue
            checked += 1
            assert found.zone == zone
            assert found.certainty is not Certainty.UNCERTAIN
    assert checked > 900
    assert {period.certainty for period in timeline.periods} >= {Certainty.UNCERTAIN}


def test_workouts_of_a_sample_agree_with_the_truth(keeping_sink: Any) -> None:
    truth = json.loads((DATA / "sample_small.truth.json").read_text(encoding="utf-8"))
    pipeline.import_file(DATA / "sample_small.zip", lambda *_: keeping_sink)
    workouts = {element.start: element for element in keeping_sink.elements if element.kind == "Workout"}
    assert len(workouts) == len(truth["workouts"])
    for want in truth["workouts"]:
        element = workouts[_at(want["start"].rstrip("Z"))]
        totals = json.loads(element.payload)["totals"]
        assert element.stop == _at(want["end"].rstrip("Z"))
        assert totals.get("energy", 0) == pytest.approx(want["energy"], rel=1e-3)
        assert totals.get("distance", 0) == pytest.approx(want["distance"], rel=1e-3)
        assert totals.get("hr_avg", 0) == pytest.approx(want["hr_avg"], rel=1e-3)
        assert totals["duration"] == pytest.approx(want["duration_min"], abs=1e-3)
        assert totals["zone"] == want["zone"]


def test_trap_timezone(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "trap_timezone.xml", lambda *_: keeping_sink, home_zone="Europe/Berlin")
    timeline = ZoneTimeline(tuple(found.period for found in keeping_sink.found))
    (sleep,) = keeping_sink.all_rows("HKCategoryTypeIdentifierSleepAnalysis")
    (hrv,) = keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRateVariabilitySDNN")
    rates = sorted(row[0] for row in keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRate"))
    assert timeline.format(sleep[0]) == "2024-01-15T23:00:00+09:00"
    assert timeline.format(sleep[0] + sleep[1]) == "2024-01-16T05:00:00+09:00"
    assert timeline.format(hrv[0]) == "2024-01-16T10:30:00+09:00"
    assert timeline.format(rates[1]) == "2024-01-16T07:30:00+09:00"
    assert timeline.format(rates[0]) == "2023-12-19T23:30:00+01:00"


def test_trap_correlation_keeps_the_pairing(keeping_sink: Any) -> None:
    report = pipeline.import_file(DATA / "trap_correlation.xml", lambda *_: keeping_sink)
    (element,) = keeping_sink.elements[1:]
    document = json.loads(element.payload)
    assert element.kind == "Correlation"
    assert [child["value"] for child in document["children"]["Record"]] == ["122", "79"]
    assert report.elements == {"Correlation": 1, "CorrelationRecord": 2}


def test_trap_workout_statistics_first_attributes_as_fallback(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "trap_workout.xml", lambda *_: keeping_sink)
    old, new = (json.loads(element.payload) for element in keeping_sink.elements if element.kind == "Workout")
    assert old["totals"]["distance"] == 4.1
    assert old["totals"]["duration"] == 25
    assert len(old["children"]["WorkoutEvent"]) == 2
    assert new["totals"] == {
        "distance": 5.2,
        "distance_unit": "km",
        "duration": 30,
        "duration_unit": "min",
        "hr_avg": 140.5,
        "hr_max": 171,
        "hr_min": 101,
        "zone": "Europe/Berlin",
    }
    (route,) = new["children"]["WorkoutRoute"]
    assert route["children"]["FileReference"] == [{"path": "/workout-routes/missing.gpx"}]


def test_second_start_date_is_the_end(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "bad_attrdup.xml", lambda *_: keeping_sink)
    (steps,) = keeping_sink.all_rows("HKQuantityTypeIdentifierStepCount")
    assert steps[:2] == (_at("2024-06-10T09:00:00"), 300)
    (workout,) = (element for element in keeping_sink.elements if element.kind == "Workout")
    assert json.loads(workout.payload)["totals"]["energy"] == 300.5


def test_set_aside_records_keep_text_and_place(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "bad_dates.xml", lambda *_: keeping_sink)
    data = (DATA / "bad_dates.xml").read_bytes()
    assert len(keeping_sink.aside) == 5
    for record in keeping_sink.aside:
        assert data[record.offset :].startswith(record.text.encode())
        assert record.text.startswith("<Record ")
        assert record.text.endswith("/>")


def test_twelve_hour_times_and_other_offsets(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "bad_dates.xml", lambda *_: keeping_sink)
    starts = {row[2]: row[0] for row in keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRate")}
    assert starts[64] == _at("2024-06-10T05:05:00")
    assert starts[65] == _at("2024-06-10T17:06:00")
    assert starts[66] == _at("2024-06-10T02:15:00")
    assert starts[67] == -10
    assert starts[69] == _at("2024-03-31T00:30:00")


def test_flags(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "bad_values.xml", lambda *_: keeping_sink)
    flags = {row[2]: row[3] for row in keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRate")}
    assert flags[1000] & SampleFlag.IMPLAUSIBLE
    assert flags[70] & SampleFlag.UNIT_MISSING
    assert set(flags) == {71.5, 1000, 70}
    assert not flags[71.5] & SampleFlag.IMPLAUSIBLE


def test_sources_are_resolved_and_normalized(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "bad_rawlt.xml", lambda *_: keeping_sink)
    assert {key[2] for key in keeping_sink.series} == {"Robin’s Apple\u00a0Watch", "Scale & Body"}
    origins = {row[5].device for row in keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRate")}
    assert origins == {"", "name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,7, software:10.6"}


def test_an_unpacked_folder_is_read(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(DATA / "sample_small.zip") as archive:
        archive.extractall(tmp_path)
    report = pipeline.inspect_file(tmp_path)
    zipped = pipeline.inspect_file(DATA / "sample_small.zip")
    assert report.types == zipped.types
    assert {problem.code for problem in report.problems} == {problem.code for problem in zipped.problems}


def test_any_damage_to_an_archive_is_an_error_or_a_whole_reading(tmp_path: Path) -> None:
    """A byte changed anywhere in the packed data must never pass as a complete reading of other content."""
    import random

    source = (DATA / "bad_nested_folder.zip").read_bytes()
    whole = _types(pipeline.inspect_file(DATA / "bad_nested_folder.zip"))
    chance = random.Random(4)
    for _ in range(60):
        damaged = bytearray(source)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path = tmp_path / "damaged.zip"
        path.write_bytes(damaged)
        try:
            report = pipeline.inspect_file(path)
        except ClarityError:
            continue
        assert _types(report) == whole


def test_a_cut_export_reads_to_the_last_whole_element(keeping_sink: Any, tmp_path: Path, sample_xml: bytes) -> None:
    path = tmp_path / "cut.xml"
    path.write_bytes(sample_xml[: len(sample_xml) // 3])
    report = pipeline.import_file(path, lambda *_: keeping_sink)
    assert report.outcome is ImportOutcome.INCOMPLETE
    kept = sum(count.records for count in report.types.values())
    assert kept == sample_xml[: len(sample_xml) // 3].count(b"\n <Record ") - 1


def test_a_cut_archive_keeps_what_is_whole(tmp_path: Path, keeping_sink: Any) -> None:
    source = (DATA / "sample_small.zip").read_bytes()
    whole = {kind: one["records"] for kind, one in _types(pipeline.inspect_file(DATA / "sample_small.zip")).items()}
    path = tmp_path / "cut.zip"
    path.write_bytes(source[: len(source) // 2])
    report = pipeline.import_file(path, lambda *_: keeping_sink)
    assert report.outcome is ImportOutcome.INCOMPLETE
    assert not report.complete
    assert {problem.code for problem in report.problems} >= {"archive.cut", "file.cut"}
    kept = {kind: one["records"] for kind, one in _types(report).items()}
    assert 0 < sum(kept.values()) < sum(whole.values())
    assert all(count <= whole[kind] for kind, count in kept.items())


def test_an_archive_that_lacks_only_its_directory_is_incomplete(tmp_path: Path) -> None:
    source = (DATA / "sample_small.zip").read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(source[: source.index(b"PK\x01\x02")])
    report = pipeline.inspect_file(path)
    assert _types(report) == _types(pipeline.inspect_file(DATA / "sample_small.zip"))
    assert report.outcome is ImportOutcome.INCOMPLETE
    assert "file.cut" not in {problem.code for problem in report.problems}


def test_the_cut_archive_of_the_table() -> None:
    assert pipeline.inspect_file(DATA / "bad_zip_cut.zip").outcome is ImportOutcome.INCOMPLETE
