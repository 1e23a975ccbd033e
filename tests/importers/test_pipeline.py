"""The way of a file into a sink: counting, cancelling, abandoning, progress, memory, and the real vault."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import (
    CancelledError,
    ConflictError,
    InputError,
    IntegrityError,
    UsageError,
)
from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, SampleBatch
from clarity_desktop.domain.work import CancelToken, Progress
from clarity_desktop.importers import pipeline, registry
from clarity_desktop.importers.counting import CountingSink, sample_hashes

HEAD = b'<?xml version="1.0"?>\n<HealthData locale="en_US">\n'
RECORD = (
    b' <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="s" unit="count/min"'
    b' startDate="2024-06-10 08:00:00 +0200" endDate="2024-06-10 08:00:00 +0200" value="60"/>\n'
)


def test_formats_are_told_by_content_not_by_name(healthkit_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    path.write_bytes((healthkit_data / "trap_steps.xml").read_bytes())
    assert registry.sniff(path).id == "healthkit"
    path.write_text("timestamp,counts\n2024-06-10T08:00:00Z,4\n")
    assert registry.sniff(path).id == "csv"


def test_asking_for_a_format_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("x")
    with pytest.raises(UsageError) as caught:
        registry.sniff(path, format="fax")
    assert caught.value.code == "import.no_such_format"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        pipeline.inspect_file(tmp_path / "none.zip")
    assert caught.value.code == "import.not_found"


def test_the_sink_is_made_with_format_hash_and_name(healthkit_data: Path, keeping_sink: Any) -> None:
    told: list[tuple[str, str, str]] = []

    def factory(format_id: str, sha256: str, name: str) -> Any:
        told.append((format_id, sha256, name))
        return keeping_sink

    path = healthkit_data / "bad_nested_folder.zip"
    report = pipeline.import_file(path, factory)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert told == [("healthkit", sha256, "bad_nested_folder.zip")]
    assert report.sha256 == sha256
    assert keeping_sink.finished
    assert not keeping_sink.abandoned


def test_what_the_factory_raises_is_passed_on(healthkit_data: Path) -> None:
    def factory(*_: str) -> Any:
        raise IntegrityError("x.y", "no")

    with pytest.raises(IntegrityError):
        pipeline.import_file(healthkit_data / "trap_steps.xml", factory)


def test_cancelling_abandons_the_sink(sample_xml: bytes, tmp_path: Path, keeping_sink: Any) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(sample_xml)
    token = CancelToken()

    def listener(progress: Progress) -> None:
        if progress.step == "Reading records":
            token.cancel()

    with pytest.raises(CancelledError):
        pipeline.import_file(path, lambda *_: keeping_sink, progress=listener, cancel=token)
    assert keeping_sink.abandoned
    assert not keeping_sink.finished


def test_an_error_of_the_sink_abandons_it(healthkit_data: Path, keeping_sink: Any, monkeypatch: Any) -> None:
    def full(_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(keeping_sink, "samples", full)
    with pytest.raises(OSError, match="disk full"):
        pipeline.import_file(healthkit_data / "trap_steps.xml", lambda *_: keeping_sink)
    assert keeping_sink.abandoned


def test_progress_counts_bytes_up_to_the_whole(sample_xml: bytes, tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(sample_xml)
    told: list[Progress] = []
    pipeline.inspect_file(path, progress=told.append)
    reading = [one for one in told if one.step == "Reading records"]
    assert [one.done for one in reading] == sorted(one.done for one in reading)
    assert (reading[-1].done, reading[-1].total) == (len(sample_xml), len(sample_xml))


def test_nothing_is_written_outside(healthkit_data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in ("bad_zip_slip.zip", "bad_zip_in_zip.zip", "bad_entities.xml", "sample_small.zip"):
        pipeline.inspect_file(healthkit_data / name)
    assert list(tmp_path.rglob("*")) == []


def _packed(path: Path, parts: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a/export.xml", "w") as member:
        for part in parts:
            member.write(part)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "before", "filler", "behind", "records"),
    [
        ("blanks", b"", b" ", b"", 2),
        ("comment", b"<!-- ", b"x", b"-->\n", 2),
        ("attribute", b' <Record note="', b"x", b'"/>\n', 3),
        ("text", b"", b"x", b"\n", 2),
        ("less-than", b"", b"<", b"\n", 2),
        ("children", b' <Record type="a">\n', b"  <MetadataEntry key='a' value='b'/>\n", b" </Record>\n", 3),
    ],
)
def test_memory_stays_flat_whatever_is_packed(
    name: str, before: bytes, filler: bytes, behind: bytes, records: int, tmp_path: Path
) -> None:
    block = filler * ((1 << 20) // len(filler))
    parts = [HEAD, RECORD, before, *[block] * 60, behind, RECORD, b"</HealthData>"]
    path = _packed(tmp_path / f"{name}.zip", parts)
    code = (
        "import sys, resource, json; from pathlib import Path; from clarity_desktop.importers import pipeline;"
        "r = pipeline.inspect_file(Path(sys.argv[1]));"
        "peak = int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]) // 1024;"
        "print(json.dumps([peak, sum(c.records for c in r.types.values()), sum(c.unique for c in r.types.values())]))"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    peak_mb, found, unique = json.loads(run.stdout)
    assert peak_mb < 260
    assert unique == 1
    assert found >= 2
    assert found <= records


def test_archives_above_four_gigabytes_are_described_in_zip64(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("a/export.xml", "w", force_zip64=True) as member:
        member.write(HEAD + RECORD + b"</HealthData>")
    assert pipeline.inspect_file(path).outcome is ImportOutcome.OK


def test_stored_members_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/export.xml", HEAD + RECORD + b"</HealthData>")
    assert pipeline.inspect_file(path).outcome is ImportOutcome.OK
    data = path.read_bytes().replace(b'value="60"', b'value="61"')
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        pipeline.inspect_file(path)
    assert caught.value.code == "import.archive_damaged"


def test_exports_of_different_people_in_one_archive_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    me = b' <Me HKCharacteristicTypeIdentifierDateOfBirth="%s"/>\n'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, born in (("a", b"1980-01-01"), ("b", b"1990-01-01")):
            archive.writestr(f"{folder}/export.xml", HEAD + me % born + RECORD + b"</HealthData>")
    with pytest.raises(ConflictError, match=r"a/export\.xml, b/export\.xml") as caught:
        pipeline.inspect_file(path)
    assert caught.value.code == "import.ask_two_exports"


def test_a_long_document_type_does_not_hide_the_person(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    dtd = b"<!DOCTYPE HealthData [\n" + b"<!ATTLIST Record type CDATA #REQUIRED>\n" * 400 + b"]>\n"
    me = b' <Me HKCharacteristicTypeIdentifierDateOfBirth="1980-01-01"/>\n'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in ("a", "b"):
            archive.writestr(f"{folder}/export.xml", dtd + HEAD + me + RECORD + b"</HealthData>")
    report = pipeline.inspect_file(path)
    (count,) = report.types.values()
    assert (count.records, count.unique) == (2, 1)
    assert [problem.code for problem in report.problems] == ["archive.two_exports"]


def test_exports_that_do_not_say_whose_they_are_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in ("a", "b"):
            archive.writestr(f"{folder}/export.xml", HEAD + RECORD + b"</HealthData>")
    with pytest.raises(ConflictError) as caught:
        pipeline.inspect_file(path)
    assert caught.value.code == "import.ask_two_exports"


_ROWS = st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 9), st.sampled_from([0.0, -0.0, 1.0, 71.5])))


def _batch(rows: list[tuple[int, int, float]], labels: tuple[str, ...] = ()) -> SampleBatch:
    start, length, value = ([row[column] for row in rows] for column in range(3))
    n = len(rows)
    return SampleBatch(
        "K", "u", "s", np.array(start, np.int64), np.array(length, np.int32), np.array(value, np.float64),
        np.zeros(n, np.uint8), np.full(n, NO_INSTANT, np.int64), np.zeros(n, np.int32), np.full(n, -1, np.int32),
        labels=labels,
    )  # fmt: skip


@given(rows=_ROWS, cut=st.integers(0, 20))
def test_the_counting_sink_counts_what_a_set_counts(rows: list[tuple[int, int, float]], cut: int) -> None:
    sink = CountingSink()
    sink.samples(_batch(rows[:cut]))
    sink.samples(_batch(rows[cut:]))
    counts = sink.finish(None)  # type: ignore[arg-type]
    assert counts["K"].unique == len(set(rows))
    assert counts["K"].stored_new is None


def test_labels_count_by_their_text() -> None:
    one = sample_hashes(_batch([(0, 0, 0.0), (0, 0, 1.0)], ("Awake", "AsleepREM")))
    other = sample_hashes(_batch([(0, 0, 1.0), (0, 0, 0.0)], ("AsleepREM", "Awake")))
    assert one.tolist() == other.tolist()
    assert one[0] != one[1]


def test_importing_twice_into_the_vault_changes_nothing(healthkit_data: Path, tmp_path: Path) -> None:
    from clarity_desktop.vault import KdfParameters, Vault

    truth = json.loads((healthkit_data / "sample_small.truth.json").read_text(encoding="utf-8"))
    later = json.loads((healthkit_data / "sample_later.truth.json").read_text(encoding="utf-8"))
    kdf = KdfParameters.for_tests()
    with Vault.create(tmp_path / "vault", "a passphrase of some length", kdf=kdf) as vault:
        patient = vault.patients.add("Søren")

        def bring(name: str) -> Any:
            return pipeline.import_file(
                healthkit_data / name,
                lambda form, sha256, file: vault.begin_import(patient.id, file=file, format=form, sha256=sha256),
            )

        first = bring("sample_small.zip")
        assert {kind: count.stored_new for kind, count in first.types.items()} == {
            kind: count["unique"] for kind, count in truth["types"].items()
        }
        before = vault.content_hash(patient.id)
        again = bring("sample_small.zip")
        assert {count.stored_new for count in again.types.values()} == {0}
        assert vault.content_hash(patient.id) == before
        more = bring("sample_later.zip")
        for kind, change in later["vs_base"].items():
            assert more.types[kind].stored_new == change["added"], kind
        for report in (first, again, more):
            for count in report.types.values():
                assert count.stored_new is not None
                assert count.records == count.stored_new + count.duplicates + count.rejected


def test_a_type_of_which_nothing_could_be_kept_adds_up(healthkit_data: Path, keeping_sink: Any) -> None:
    steps = "HKQuantityTypeIdentifierStepCount"
    stored = pipeline.import_file(healthkit_data / "bad_dates.xml", lambda *_: keeping_sink).types[steps]
    assert (stored.records, stored.rejected, stored.stored_new, stored.duplicates) == (1, 1, 0, 0)
    inspected = pipeline.inspect_file(healthkit_data / "bad_dates.xml").types[steps]
    assert (inspected.rejected, inspected.stored_new) == (1, None)


def test_progress_names_the_kinds_as_they_appear(healthkit_data: Path) -> None:
    notes: list[str] = []
    pipeline.inspect_file(healthkit_data / "sample_small.zip", progress=lambda progress: notes.append(progress.note))
    assert any(" records, " in note and " a second: " in note for note in notes)
    assert "more kinds" in notes[-2]


def test_the_place_of_the_first_unlisted_type_is_told(healthkit_data: Path) -> None:
    report = pipeline.inspect_file(healthkit_data / "bad_values.xml")
    (problem,) = [problem for problem in report.problems if problem.code == "type.unlisted"]
    at = int(problem.first_at.removeprefix("byte "))
    text = (healthkit_data / "bad_values.xml").read_bytes()[at:]
    assert text.startswith(b"<Record ")
    assert text.split(b'type="')[1].split(b'"')[0].decode() in problem.message


def _export_of(born: str) -> bytes:
    return (
        f'<HealthData locale="en_US">\n <Me HKCharacteristicTypeIdentifierDateOfBirth="{born}"/>\n'
        ' <Record type="HKQuantityTypeIdentifierStepCount" sourceName="s" unit="count" value="5"'
        ' startDate="2024-06-10 08:00:00 +0200" endDate="2024-06-10 08:00:00 +0200"/>\n</HealthData>\n'
    ).encode()


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_of_several_people_is_asked_about(packed: bool, tmp_path: Path) -> None:
    for name, born in (("ada", "1980-01-01"), ("ben", "1990-02-02")):
        (tmp_path / name).mkdir()
        if packed:
            with zipfile.ZipFile(tmp_path / name / "export.zip", "w") as archive:
                archive.writestr("apple_health_export/export.xml", _export_of(born))
        else:
            (tmp_path / name / "export.xml").write_bytes(_export_of(born))
    with pytest.raises(ConflictError) as caught:
        pipeline.inspect_file(tmp_path)
    assert caught.value.code == "import.ask_which"
    assert "ada/export" in caught.value.message
    assert "ben/export" in caught.value.message


def test_a_folder_with_its_own_archive_beside_is_one_export(tmp_path: Path) -> None:
    (tmp_path / "apple_health_export").mkdir()
    (tmp_path / "apple_health_export" / "export.xml").write_bytes(_export_of("1980-01-01"))
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("apple_health_export/export.xml", _export_of("1980-01-01"))
    assert sum(count.records for count in pipeline.inspect_file(tmp_path).types.values()) == 1
