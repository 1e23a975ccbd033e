"""Last seen, search of the audit, its sealed export, and restoring over a vault with several admins."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.audit_export import check_export, write_export
from clarity_desktop.domain.errors import ClarityError, InputError, IntegrityError, NotFoundError, UsageError
from clarity_desktop.domain.time import Span
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import AuditEntry, KdfParameters, Vault
from tests.app.conftest import PASSPHRASE

CHEAP = KdfParameters.for_tests()


@pytest.fixture
def admin(services: Services) -> Services:
    """The services with the keys of an admin, which only their own way in brings."""
    services._adopt(Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
    return services


def test_who_was_seen_last(admin: Services) -> None:
    admin.add_user("Ben", "own words of ben here", {Role.ADMIN})
    seen = admin.last_seen()
    assert set(seen) == {"Owner"}
    assert abs(seen["Owner"] - time.time()) < 60


def test_the_audit_is_searched_by_all_conditions(services: Services) -> None:
    patient = services.add_patient("Ida Falk")
    services.note_export(patient.id, "export.table", "1 series")
    services.note_export(patient.id, "print.report", "1 page")
    assert [one.action for one in services.search_audit(left_machine=True)] == ["print.report", "export.table"]
    assert len(services.search_audit(left_machine=True, limit=1)) == 1
    assert services.search_audit(action="patient", patient_id=patient.id)
    assert services.search_audit(who="Nobody") == []
    assert services.search_audit(span=Span(0, 1)) == []


@pytest.mark.parametrize("place", ["entries", "made", "sha256", "seal"])
def test_an_export_tells_every_change(tmp_path: Path, place: str) -> None:
    entries = [AuditEntry(2, 20, "Ada", "vault.open", None, "ok", ""), AuditEntry(1, 10, "Ada", "x", None, "ok", "ü")]
    path = tmp_path / "audit.json"
    digest = write_export(path, entries, b"k" * 32, made=30, by="Ada")
    text = path.read_text("utf-8")
    assert len(check_export(path, b"k" * 32)) == 2
    assert text.index('"seq": 1') < text.index('"seq": 2')
    with pytest.raises(IntegrityError):
        check_export(path, b"other" * 8)
    old, new = {"entries": ("Ada", "Eve"), "made": ("1970", "1971"), "sha256": (digest[:8], "0" * 8)}.get(
        place, ('"seal": "', '"seal": "0')
    )
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(IntegrityError) as caught:
        check_export(path, b"k" * 32)
    assert caught.value.code == "audit.export_altered"


def test_an_export_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ClarityError) as caught:
        write_export(tmp_path / "absent" / "audit.json", [], b"k" * 32, made=0, by="Ada")
    assert caught.value.code == "audit.not_written"
    (tmp_path / "other.json").write_text("[]", "utf-8")
    with pytest.raises(InputError):
        check_export(tmp_path / "other.json", b"k" * 32)
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_v14_only_what_happened_is_reviewed_and_with_a_note(admin: Services) -> None:
    assert admin.emergency_uses() == []
    with pytest.raises(NotFoundError):
        admin.review_emergency(1, "Nothing")
    pending = admin.new_emergency_code()
    groups = pending.text.split("-")
    admin.keep_emergency_code(pending, {number: groups[number - 1] for number in pending.asked})
    for reason in ("First night call", "Second night call"):
        with Vault.open_with_emergency_code(admin.vault_directory, pending.text, reason) as vault:
            vault.audit.append("print.report")
    latest, first = admin.emergency_uses()
    assert (first.reason, latest.reason) == ("First night call", "Second night call")
    assert first.actions >= 2
    with pytest.raises(InputError):
        admin.review_emergency(first.seq, " ")
    admin.review_emergency(first.seq, "As agreed")
    latest, first = admin.emergency_uses()
    assert (first.note, first.reviewed_by, latest.reviewed) == ("As agreed", "Owner", None)


def test_v47_restoring_over_waits_for_another_admin(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault", "seven quiet herons", kdf=CHEAP) as vault:
        vault.people.add("Ben", "own words of ben here", {Role.ADMIN}, kdf=CHEAP)
    services = open_services(tmp_path)
    services._adopt(Vault.open(tmp_path / "vault", "seven quiet herons", person="Owner", kdf_floor=CHEAP))
    backup = services.back_up()
    path = services.backup_folder() / backup.name
    for _ in range(2):
        with pytest.raises(UsageError) as caught:
            services.restore_over(path)
        assert caught.value.code == "restore.two_people"
    assert services.restore_requests() == {backup.name: "Owner"}
    assert not services.ask_restore(backup.name)
    services.close()
    other = open_services(tmp_path)
    other._adopt(Vault.open(tmp_path / "vault", "own words of ben here", person="Ben", kdf_floor=CHEAP))
    assert other.ask_restore(backup.name)
    assert other.restore_over(path).manifest.name == backup.name
    other.close()
