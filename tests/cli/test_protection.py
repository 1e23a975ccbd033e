"""Erasure, export, holds, consent and retention on the command line."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from clarity_desktop.app import open_services
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault
from tests.cli.conftest import PASSPHRASE, CommandLine

CHEAP = KdfParameters.for_tests()


def test_v47_v65_an_erasure_from_request_to_certificate(
    in_vault: CommandLine, clarity: CommandLine, vault_folder: Path, tmp_path: Path
) -> None:
    person = in_vault("patient", "add", "Ada Lovelace").document["patients"][0]
    assert in_vault("patient", "erase", person["code"]).code == 2
    assert in_vault("patient", "erase", person["code"], "--confirm").document["error"]["code"] == "erase.no_request"
    assert in_vault("patient", "erase", "Ada Lovelace", "--request").document["requested"]
    alone = in_vault("patient", "erase", person["code"], "--confirm")
    assert alone.document["error"]["code"] == "erase.two_people"
    with Vault.open(vault_folder, PASSPHRASE, kdf_floor=CHEAP) as vault:
        vault.people.add("Doctor", "words of the doctor one", {Role.CLINICIAN})
    doctor = open_services(tmp_path / "home", vault_folder)
    doctor._adopt(Vault.open(vault_folder, "words of the doctor one", person="Doctor", kdf_floor=CHEAP))
    doctor.request_erasure(person["id"])
    doctor.close()
    assert in_vault("patient", "erase").document["requests"] == [{"patient": person["id"], "requested_by": "Doctor"}]
    paper = tmp_path / "certificate.txt"
    done = in_vault(
        "patient", "erase", person["id"], "--confirm", "--certificate", paper, "--backup", tmp_path / "unplugged"
    )
    assert done.code == 0
    certificate = done.document["certificate"]
    assert (certificate["requested_by"], certificate["pseudonym"]) == ("Doctor", person["id"])
    assert [one["state"] for one in certificate["copies"]] == ["not_reached"]
    assert "Certificate of erasure" in paper.read_text()
    assert "Ada" not in paper.read_text() + done.out
    assert in_vault("patient", "list").document["patients"] == []
    assert in_vault("vault", "verify").document["ok"]


def test_v67_v68_export_and_access_report(in_vault: CommandLine, tmp_path: Path) -> None:
    in_vault("patient", "add", "Ada Lovelace")
    written = in_vault("patient", "export", "Ada Lovelace", tmp_path / "ada.zip").document
    assert written["file"] == str(tmp_path / "ada.zip")
    with ZipFile(tmp_path / "ada.zip") as archive:
        assert {"README.txt", "schema.json", "person.json", "access.json"} <= set(archive.namelist())
    report = in_vault("patient", "access-report", "Ada Lovelace").document
    assert [one["action"] for one in report["recipients"]] == ["export.person", "report.access"]
    nowhere = in_vault("patient", "export", "Ada Lovelace", tmp_path / "no" / "ada.zip")
    assert (nowhere.code, nowhere.document["error"]["code"]) == (3, "export.not_writable")


def test_v60_hold(in_vault: CommandLine) -> None:
    code = in_vault("patient", "add", "Ada").document["patients"][0]["code"]
    assert in_vault("patient", "hold", code).document["holds"] == []
    (hold,) = in_vault("patient", "hold", code, "--reason", "Order of the court").document["holds"]
    assert (hold["reason"], hold["released"]) == ("Order of the court", None)
    refused = in_vault("patient", "erase", code, "--request")
    assert (refused.code, refused.document["error"]["code"]) == (6, "patient.on_hold")
    (hold,) = in_vault("patient", "hold", code, "--release").document["holds"]
    assert hold["released"] is not None
    assert in_vault("patient", "hold", code, "--release").code == 5


def test_v61_consent(in_vault: CommandLine) -> None:
    code = in_vault("patient", "add", "Ada").document["patients"][0]["code"]
    given = in_vault(
        "consent", "give", code, "--purpose", "care", "--text-version", "2", "--language", "de", "--given-by", "Ada",
        "--dated", "2026-01-02", "--expires", "2099-01-02"
    ).document["consents"][0]  # fmt: skip
    assert (given["purpose"], given["dated"], given["expires"]) == ("care", "2026-01-02", "2099-01-02")
    withdrawn = in_vault("consent", "withdraw", given["id"], "--withdrawn-by", "Ada").document["consents"][0]
    assert withdrawn["withdrawn"] is not None
    assert in_vault("consent", "list", code).document["consents"] == [withdrawn]


def test_v59_retention(in_vault: CommandLine) -> None:
    in_vault("patient", "add", "Ada")
    policies = in_vault("retention", "list").document["policies"]
    assert {"class": "raw", "study": "", "keep_days": None} in policies
    shorter = in_vault("retention", "set", "raw", "--days", 700)
    assert (shorter.code, shorter.document["error"]["code"]) == (2, "retention.two_people")
    longer = in_vault("retention", "set", "derived", "--days", 5000).document["policies"]
    assert longer == [{"class": "derived", "study": "", "keep_days": 5000}]
    assert in_vault("retention", "set", "everything").document["error"]["code"] == "retention.class"
    assert in_vault("retention", "preview").document["due"] == []
    assert in_vault("retention", "execute").document["deleted"] == []
