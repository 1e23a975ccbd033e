"""Files beside the document: routes, electrocardiograms, clinical documents, in zips and folders, whole or damaged."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.importing import Element, ImportOutcome
from clarity_desktop.importers import pipeline
from clarity_desktop.importers.healthkit.clinical import json_depth, with_resource
from clarity_desktop.importers.healthkit.electrocardiogram import electrocardiogram_of
from clarity_desktop.importers.healthkit.gpx import route_of

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
_PHONE_POINT = (
    '<trkpt lon="{lon}" lat="{lat}"><ele>400.1</ele><time>2021-02-06T09:36:2{n}Z</time><extensions><speed>2.0</speed>'
    "<course>0.5</course><hAcc>3.0</hAcc><vAcc>2.0</vAcc></extensions></trkpt>\n"
)
_CLINICAL = (
    '<HealthData locale="en_US">\n <ClinicalRecord type="HKClinicalTypeIdentifierLabResult" identifier="a1"'
    ' sourceName="Clinic" sourceURL="https://fhir.example/a1" fhirVersion="4.0.1"'
    ' receivedDate="2024-06-10 08:00:00 +0200" resourceFilePath="/clinical-records/Observation-a1.json"/>\n'
    ' <ClinicalRecord type="HKClinicalTypeIdentifierLabResult" identifier="a2" sourceName="Clinic"'
    ' receivedDate="2024-06-10 08:00:00 +0200" resourceFilePath="/clinical-records/Observation-a2.json"/>\n'
    "</HealthData>\n"
)


def _gpx(points: str) -> bytes:
    return f'<?xml version="1.0"?>\n<gpx version="1.1"><trk><trkseg>\n{points}</trkseg></trk></gpx>\n'.encode()


def _of(sink: Any, kind: str) -> list[Element]:
    return [element for element in sink.elements if element.kind == kind]


def test_routes_and_recordings_of_a_sample(keeping_sink: Any) -> None:
    report = pipeline.import_file(DATA / "sample_small.zip", lambda *_: keeping_sink)
    routes = _of(keeping_sink, "WorkoutRoute")
    workouts = {element.key for element in _of(keeping_sink, "Workout")}
    assert len(routes) == 9
    first = json.loads(routes[0].payload)
    assert first["path"] == "workout-routes/route_2021-02-06_10.51am.gpx"
    assert all(json.loads(route.payload)["workout"] in workouts for route in routes)
    assert {len(column) for column in first["columns"].values()} == {first["points"]}
    assert first["columns"]["lat"][:2] == [47.394811, 47.394881]
    assert first["columns"]["time"][1] - first["columns"]["time"][0] == 30
    (recording,) = _of(keeping_sink, "Electrocardiogram")
    document = json.loads(recording.payload)
    assert document["rate_hz"] == 512
    assert document["samples"][:3] == [-18, -17, -16]
    assert {problem.code for problem in report.problems} >= {"content.cda"}
    assert report.outcome is ImportOutcome.OK


def test_a_folder_gives_the_same_elements(keeping_sink: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(DATA / "sample_small.zip") as archive:
        archive.extractall(tmp_path)
    pipeline.import_file(tmp_path, lambda *_: keeping_sink)
    folder = [(element.kind, element.key, element.payload) for element in keeping_sink.elements]
    keeping_sink.elements.clear()
    pipeline.import_file(DATA / "sample_small.zip", lambda *_: keeping_sink)
    assert folder == [(element.kind, element.key, element.payload) for element in keeping_sink.elements]


@pytest.mark.parametrize(
    "point",
    [
        '<trkpt lat="47.5" lon="8.5"><time>2021-02-06T09:36:26Z</time></trkpt>',
        "<trkpt lon='8.5'\n lat='47.5' ><ele>1</ele>\n<time>2021-02-06T10:36:26+01:00</time></trkpt>",
        '<trkpt lon="8.5" lat="47.5"><extensions><gpxtpx:hr>120</gpxtpx:hr></extensions></trkpt>',
        '<trkpt lon="8.5" lat="47.5"/>',
    ],
)
def test_routes_in_another_layout(point: str) -> None:
    element = route_of(_gpx(point), "workout-routes/r.gpx", "", "d")
    assert element is not None
    columns = json.loads(element.payload)["columns"]
    assert columns["lat"] == [47.5]
    assert columns["lon"] == [8.5]
    if "time" in point:
        assert columns["time"] == [1_612_604_186]
    if "hr" in point:
        assert columns["gpxtpx:hr"] == [120]


@given(places=st.lists(st.tuples(st.integers(-90, 90), st.integers(-180, 180)), max_size=9))
@settings(max_examples=50, deadline=None)
def test_both_ways_of_reading_points_agree(places: list[tuple[int, int]]) -> None:
    points = "".join(_PHONE_POINT.format(lat=lat, lon=lon, n=index) for index, (lat, lon) in enumerate(places))
    whole = route_of(_gpx(points), "p", "", "d")
    tolerant = route_of(_gpx(points.replace("<ele>", "\n <ele>")), "p", "", "d")
    assert whole is not None
    assert tolerant is not None
    if places:
        assert json.loads(whole.payload) == json.loads(tolerant.payload)


def test_entities_in_a_route_stay_text() -> None:
    data = b'<!DOCTYPE gpx [<!ENTITY a "1"><!ENTITY b SYSTEM "file:///etc/passwd">]>' + _gpx(
        '<trkpt lat="1" lon="2"><ele>&a;</ele><name>&b;</name></trkpt>'
    )
    element = route_of(data, "p", "", "d")
    assert element is not None
    assert json.loads(element.payload)["columns"]["ele"] == [None]
    assert "root" not in element.payload


def test_a_localized_recording() -> None:
    lines = [
        "Name,Robin Muster",
        "Geburtsdatum,17.05.1984",
        "Aufzeichnungsdatum,2023-04-05 08:30:00 +0200",
        "Klassifizierung,Sinusrhythmus",
        "Symptome,",
        "Softwareversion,2.0",
        'Gerät,"Watch6,7"',
        "Messrate,512 Hertz",
        "",
        "",
        "Ableitung,Ableitung I",
        "Einheit,µV",
        "",
        *["-12,5", "13", "x"] * 512,
    ]
    element = electrocardiogram_of("\n".join(lines).encode(), "electrocardiograms/e.csv", "d")
    assert element is not None
    document = json.loads(element.payload)
    assert document["classification"] == "Sinusrhythmus"
    assert document["rate_hz"] == 512
    assert document["unit"] == "µV"
    assert document["samples"][:3] == [-12.5, 13, None]
    assert element.start == 1_680_676_200
    assert element.stop == element.start + 3


def test_unknown_words_take_the_row_behind_the_time() -> None:
    lines = ["名前,x", "記録日,2023-04-05 08:30:00 +0900", "結果,洞調律", "サンプル,511.5 ヘルツ", "", "1", "2"]
    element = electrocardiogram_of("\n".join(lines).encode(), "p", "d")
    assert element is not None
    document = json.loads(element.payload)
    assert document["classification"] == "洞調律"
    assert document["rate_hz"] == 511.5


def test_clinical_documents_are_joined(keeping_sink: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("e/export.xml", _CLINICAL)
        archive.writestr("e/clinical-records/Observation-a1.json", '{"resourceType":"Observation","id":"a1"}')
        archive.writestr("e/clinical-records/Other.json", "{}")
    report = pipeline.import_file(path, lambda *_: keeping_sink)
    first, second = _of(keeping_sink, "ClinicalRecord")
    assert json.loads(first.payload)["resource"] == {"resourceType": "Observation", "id": "a1"}
    assert "resource" not in json.loads(second.payload)
    codes = {problem.code: problem.count for problem in report.problems}
    assert codes == {"content.clinical_missing": 1, "content.clinical_unnamed": 1}


def test_files_that_cannot_be_read_are_set_aside(keeping_sink: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("e/export.xml", _CLINICAL)
        archive.writestr("e/clinical-records/Observation-a1.json", "[" * 100_000)
        archive.writestr("e/workout-routes/r.gpx", "no track")
        archive.writestr("e/electrocardiograms/e.csv", "Name,x\n")
    report = pipeline.import_file(path, lambda *_: keeping_sink)
    assert report.outcome is ImportOutcome.RECOVERED
    assert sorted(one.kind for one in keeping_sink.aside) == ["ClinicalRecord", "Electrocardiogram", "WorkoutRoute"]
    assert len(_of(keeping_sink, "ClinicalRecord")) == 2


def test_a_large_file_is_left_out_without_reading_it(keeping_sink: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e/export.xml", _CLINICAL)
        archive.writestr("e/workout-routes/r.gpx", b" " * (25 << 20))
    report = pipeline.import_file(path, lambda *_: keeping_sink)
    assert {problem.code: problem.count for problem in report.problems}["content.too_large"] == 1


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_a_companion_fall(data: bytes) -> None:
    route_of(b"<gpx>" + data, "p", "", "d")
    electrocardiogram_of(data, "p", "d")
    with_resource(Element("ClinicalRecord", "k", None, None, "", "{}"), data)


def test_depth_ignores_brackets_in_text() -> None:
    assert json_depth(b'{"a":"[[[[\\"[","b":[1,{}]}') == 3
