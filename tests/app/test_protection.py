"""Protection through the services: two sessions for what takes two people, and what a person is given."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from zipfile import ZipFile

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.protection import backup_places, data_class_of
from clarity_desktop.domain.errors import ConflictError, NotFoundError, NotPermittedError, UsageError
from clarity_desktop.domain.importing import Element
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.spreadsheet import neutralise
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault

CHEAP = KdfParameters.for_tests()
OWNER = "seven quiet herons"


@pytest.fixture
def team(tmp_path: Path, table: Path) -> Iterator[tuple[Services, Services, Services, Patient]]:
    """Founder (admin and clinician), another admin, a clinician, and a patient with a recording."""
    home = tmp_path / "home"
    with Vault.create(home / "vault", OWNER, label="Founder", kdf=CHEAP) as vault:
        vault.people.add("Second", "words of the second one", {Role.ADMIN})
        vault.people.add("Doctor", "words of the doctor one", {Role.CLINICIAN})
    with ExitStack() as stack:
        found = []
        for person, words in (("Founder", OWNER), ("Second", "words of the second one"),
                              ("Doctor", "words of the doctor one")):  # fmt: skip
            services = open_services(home)
            services._adopt(Vault.open(home / "vault", words, person=person, kdf_floor=CHEAP))
            stack.callback(services.close)
            found.append(services)
        founder, second, doctor = found
        report = doctor.import_file(table, new_name="=Ada Lovelace", zone="Europe/Berlin")
        assert report.patient_id is not None
        yield founder, second, doctor, doctor.patient(report.patient_id)


def test_v47_one_asks_and_another_one_erases(
    team: tuple[Services, Services, Services, Patient], tmp_path: Path
) -> None:
    founder, second, doctor, patient = team
    with pytest.raises(NotFoundError) as none:
        second.confirm_erasure(patient.id)
    assert none.value.code == "erase.no_request"
    with pytest.raises(NotPermittedError):
        second.request_erasure(patient.id)
    with pytest.raises(NotPermittedError):
        doctor.confirm_erasure(patient.id)
    founder.request_erasure(patient.id)
    with pytest.raises(UsageError) as alone:
        founder.confirm_erasure(patient.id)
    assert alone.value.code == "erase.two_people"
    assert second.erasure_requests() == {patient.id: "Founder"}
    heard: list[tuple[str, ...]] = []
    second.subscribe(lambda changes: heard.append(changes.patients))
    certificate = second.confirm_erasure(second.patient_id(patient.code), backup_places([tmp_path / "away"]))
    assert (certificate.requested_by, certificate.confirmed_by) == ("Founder", "Second")
    assert heard == [(patient.id,)]
    assert doctor.patients() == []
    assert founder.erasures() == [certificate]
    assert second.erasure_requests() == {}


def test_v47_a_request_is_withdrawn_by_who_asked_or_by_an_admin(
    team: tuple[Services, Services, Services, Patient],
) -> None:
    founder, second, doctor, patient = team
    with pytest.raises(NotFoundError) as none:
        doctor.withdraw_erasure_request(patient.id)
    assert none.value.code == "erase.no_request"
    for who in (doctor, second):
        doctor.request_erasure(patient.id)
        asked = doctor.asked_to_erase(patient.id)
        assert asked is not None
        assert asked[0] == doctor.user().name
        assert second.erasure_requests() == {patient.id: doctor.user().name}
        who.withdraw_erasure_request(patient.id)
        assert doctor.asked_to_erase(patient.id) is None
        assert second.erasure_requests() == {}
        with pytest.raises(NotFoundError):
            second.confirm_erasure(patient.id)
    assert [one.who for one in second.audit_entries(limit=None) if one.action.endswith("request.withdrawn")] == [
        second.user().name,
        doctor.user().name,
    ]
    founder.request_erasure(patient.id)
    with pytest.raises(UsageError) as foreign:
        doctor.withdraw_erasure_request(patient.id)
    assert foreign.value.code == "erase.not_yours"
    assert second.erasure_requests() == {patient.id: "Founder"}


def test_v60_a_hold_is_visible_and_blocks(team: tuple[Services, Services, Services, Patient]) -> None:
    _, second, doctor, patient = team
    second.place_hold(patient.id, "Order of the court")
    assert [one.reason for one in doctor.holds(patient.id)] == ["Order of the court"]
    with pytest.raises(ConflictError) as caught:
        doctor.request_erasure(patient.id)
    assert caught.value.code == "patient.on_hold"
    assert second.release_hold(patient.id) == 1
    doctor.request_erasure(patient.id)


def test_v47_a_shorter_time_takes_the_same_wish_of_two_admins(
    team: tuple[Services, Services, Services, Patient],
) -> None:
    founder, second, doctor, _ = team
    raw = data_class_of("raw")
    for _again in range(2):
        with pytest.raises(UsageError):
            founder.set_retention(raw, 700)
    with pytest.raises(UsageError):
        second.set_retention(raw, 600)
    assert second.set_retention(raw, 700).keep_days == 700
    with pytest.raises(UsageError):
        founder.set_retention(raw, 600)  # what second asked for ended with the change
    with pytest.raises(NotPermittedError):
        doctor.set_retention(raw, 900)
    assert next(one for one in doctor.retention_policies() if one.data_class is raw).keep_days == 700
    assert [(one.data_class, one.things) for one in second.retention_preview()] == [(raw, 1)]
    with pytest.raises(ConflictError) as caught:
        founder.execute_retention()
    assert caught.value.code == "retention.breaker"
    assert [one.things for one in second.execute_retention()] == [1]
    with pytest.raises(UsageError):
        data_class_of("everything")


def test_v61_consent_through_the_services(team: tuple[Services, Services, Services, Patient]) -> None:
    founder, second, doctor, patient = team
    consent = doctor.give_consent(
        patient.id, purpose="insight:cloud", text_version="2", language="en", given_by="Ada", witnessed_by="Nurse"
    )
    assert founder.has_consent(patient.id, "insight:cloud")
    with pytest.raises(NotPermittedError):
        second.withdraw_consent(consent.id, withdrawn_by="Ada")
    doctor.withdraw_consent(consent.id, withdrawn_by="Ada")
    assert not founder.has_consent(patient.id, "insight:cloud")


def rows_of(archive: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8"))))


def test_v67_everything_of_a_person_in_open_formats(
    team: tuple[Services, Services, Services, Patient], tmp_path: Path
) -> None:
    founder, _, doctor, patient = team
    vault = doctor.vault
    sink = vault.begin_import(patient.id, file="b.xml", format="healthkit", sha256="2")
    sink.element(Element("Workout", "1", 1_700_000_000, 1_700_000_060, "Watch", '{"a":"=cmd"}'))
    from clarity_desktop.domain.importing import ImportOutcome, ImportReport

    sink.finish(ImportReport("b.xml", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0))
    doctor.give_consent(patient.id, purpose="care", text_version="2", language="en", given_by="Ada")
    content = bytes(range(256)) * 1000
    doctor.add_document(patient.id, io.BytesIO(content), name="letter of Ada.pdf", media_type="application/pdf")
    doctor.report_pdf(patient.id, tmp_path / "r.pdf")
    path = tmp_path / "out" / "ada.zip"
    path.parent.mkdir()
    written = doctor.export_person(patient.id, path)
    assert written.path == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["ada.zip"]
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert archive.read("report.pdf").startswith(b"%PDF-")
        assert json.loads(archive.read("person.json"))["name"] == "=Ada Lovelace"
        index = rows_of(archive, "series.csv")
        (series,) = vault.series.list(patient.id)
        assert [(one["type"], int(one["samples"])) for one in index] == [(series.kind, series.n)]
        samples = rows_of(archive, index[0]["file"])
        stored = vault.series.read(series.id)
        assert len(samples) == series.n == 9 * 1440
        assert [float(one["value"]) for one in samples] == stored.value.tolist()
        assert samples[0]["start"] == "2024-05-05T22:00:00Z"
        assert samples[0]["start_local"] == "2024-05-06T00:00:00+02:00"
        assert {one["source"] for one in samples} == {series.source}
        assert json.loads(archive.read("elements.json"))[0]["payload"] == '{"a":"=cmd"}'
        findings = rows_of(archive, "findings.csv")
        assert {"is", "ra"} <= {one["metric"] for one in findings}
        assert all(one["algorithm"] and one["version"] for one in findings)
        assert [one["purpose"] for one in json.loads(archive.read("consents.json"))] == ["care"]
        sent = json.loads(archive.read("access.json"))["recipients"]
        assert [(one["action"], one["by"]) for one in sent] == [("report.pdf", "Doctor"), ("export.person", "Doctor")]
        assert len(json.loads(archive.read("imports.json"))) == 2
        assert json.loads(archive.read("zones.json"))
        (document,) = [name for name in names if name.startswith("documents/")]
        assert archive.read(document) == content
        readme = archive.read("README.txt").decode()
        schema = json.loads(archive.read("schema.json"))
        assert all(name in readme for name in schema)
        assert set(samples[0]) == set(schema["series/*.csv"])
    with pytest.raises(NotPermittedError):
        team[1].export_person(patient.id, path)
    assert founder.audit_entries(limit=5)
    assert "export.person" in [one.action for one in founder.audit_entries(limit=20)]


def test_v68_the_access_report_names_purposes_recipients_and_retention(
    team: tuple[Services, Services, Services, Patient], tmp_path: Path
) -> None:
    _, _, doctor, patient = team
    doctor.open_patient(patient.id)
    doctor.give_consent(patient.id, purpose="care", text_version="2", language="en", given_by="Ada")
    doctor.report_pdf(patient.id, tmp_path / "r.pdf")
    report = doctor.access_report(patient.id)
    assert [one.action for one in report.disclosures] == ["report.pdf", "report.access"]
    assert report.opened_by == (("Doctor", 1),)
    text = report.as_text()
    for word in ("care", "report.pdf", "Doctor: 1 times", "derived: 3653 days", "raw: until it is erased"):
        assert word in text
    assert dict(report.held)


_NUMBER = re.compile(r"-\d+(\.\d+)?(e-?\d+)?")
"""A number is no formula: -1.5, and what rounding leaves of a zero."""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
def test_v82_cells_that_start_a_formula_are_neutralised(text: str) -> None:
    assert neutralise(text) == "'" + text
    assert neutralise("a" + text) == "a" + text


def test_v82_names_in_the_export_are_neutralised(
    team: tuple[Services, Services, Services, Patient], tmp_path: Path
) -> None:
    import numpy as np

    from clarity_desktop.domain.importing import ImportOutcome, ImportReport, Origin, SampleBatch

    _, _, doctor, patient = team
    zeros = np.zeros(2, np.int32)
    sink = doctor.vault.begin_import(patient.id, file="=b.xml", format="healthkit", sha256="3")
    sink.samples(
        SampleBatch(
            "HKQuantityTypeIdentifierHeartRate", "count/min", "=cmd|' /C calc'!A0", 1_700_000_000 + np.arange(2), zeros,
            np.array([-1.5, 61]), zeros.astype(np.uint8), zeros + 5, zeros, zeros, (Origin("@dev", "+1"),), ("-x",)
        )
    )  # fmt: skip
    sink.finish(ImportReport("=b.xml", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0))
    doctor.export_person(patient.id, tmp_path / "a.zip")
    with ZipFile(tmp_path / "a.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                for row in csv.reader(io.StringIO(archive.read(name).decode())):
                    risky = [cell for cell in row if cell[:1] in "=+-@\t\r\n" and cell]
                    assert [cell for cell in risky if not _NUMBER.fullmatch(cell)] == []
        (name,) = [name for name in archive.namelist() if "HeartRate" in name]
        first = rows_of(archive, name)[0]
        assert (first["device"], first["version"], first["extra"]) == ("'@dev", "'+1", "'-x")
        assert float(first["value"]) == -1.5
        assert first["created"].startswith("1970-01-01")
