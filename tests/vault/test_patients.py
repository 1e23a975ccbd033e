"""Patients, zones, findings and the audit entries that they leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError
from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.time import Certainty, Span, ZonePeriod
from clarity_desktop.vault import Vault
from clarity_desktop.vault.tables.zones import joined_zones


def test_a_patient_comes_back_as_added(vault: Vault) -> None:
    added = vault.patients.add(
        "Zoë Müller",
        birth_date=date(1980, 2, 29),
        sex=Sex.FEMALE,
        home_zone="Europe/Berlin",
        tags=("study a", "sleep"),
    )
    assert added.code == "P-0001"
    assert vault.patients.get(added.id) == added
    assert vault.patients.list() == [added]


def test_codes_count_on_and_are_unique(vault: Vault) -> None:
    codes = [vault.patients.add(name, simulated=simulated).code for name, simulated in (("A", 0), ("B", 1), ("C", 0))]
    assert codes == ["P-0001", "D-0001", "P-0002"]
    vault.patients.add("D", code="P-0100")
    assert vault.patients.add("E").code == "P-0101"
    with pytest.raises(ConflictError) as caught:
        vault.patients.add("F", code="P-0002")
    assert caught.value.code == "patient.code_taken"
    assert len(vault.patients.list()) == 5


def test_find_takes_id_code_or_exact_name(vault: Vault) -> None:
    ada, other = vault.patients.add("Ada"), vault.patients.add("Grace")
    assert vault.patients.find(ada.id) == ada
    assert vault.patients.find("p-0002") == other
    assert vault.patients.find("Ada") == ada
    with pytest.raises(NotFoundError):
        vault.patients.find("Ad")
    vault.patients.add("Ada")
    with pytest.raises(ConflictError) as caught:
        vault.patients.find("Ada")
    assert caught.value.code == "patient.ambiguous"


def test_updates_are_kept_and_checked(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    vault.patients.update(replace(patient, name="Ada L.", home_zone="Europe/London"))
    assert vault.patients.get(patient.id).home_zone == "Europe/London"
    with pytest.raises(InputError):
        vault.patients.update(replace(patient, name=" "))
    with pytest.raises(InputError):
        vault.patients.update(replace(patient, home_zone="Moon/Crater"))
    with pytest.raises(NotFoundError):
        vault.patients.update(replace(patient, id="nobody"))
    assert vault.patients.get(patient.id).name == "Ada L."


def test_every_write_and_every_opened_patient_is_an_entry(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    vault.patients.update(replace(patient, name="Ada L."))
    vault.patients.open(patient.id)
    vault.zones.put(patient.id, (stretch(0, "Europe/Berlin"),))
    vault.findings.put("key", patient.id, b"blob")
    vault.audit.append("report.pdf", patient_id=patient.id, detail="2 pages")
    entries = vault.audit.entries(patient_id=patient.id)
    actions = [entry.action for entry in reversed(entries)]
    assert actions == [
        "patient.add",
        "patient.update",
        "patient.open",
        "zones.put",
        "findings.store",
        "report.pdf",
    ]
    assert {entry.who for entry in entries} == {"Owner"}
    assert {entry.outcome for entry in entries} == {"ok"}
    assert vault.audit.entries(limit=1)[0].detail == "2 pages"
    assert len(vault.audit.entries(limit=None)) == 7
    with pytest.raises(NotFoundError):
        vault.patients.open("nobody")
    assert len(vault.audit.entries(limit=None)) == 7


def test_findings_are_kept_by_key_and_the_oldest_go(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    assert vault.findings.get("a") is None
    vault.findings.put("a", patient.id, b"1")
    vault.findings.put("a", patient.id, b"2")
    assert vault.findings.get("a") == b"2"
    for number in range(256):
        vault.findings.put(f"n{number}", patient.id, b"x")
    assert vault.findings.get("a") is None
    assert vault.findings.get("n0") == b"x"


def stretch(start: int, zone: str, certainty: Certainty = Certainty.DERIVED) -> ZoneFound:
    return ZoneFound(ZonePeriod(start, zone, certainty, "test"), "12 workouts", 12)


def test_a_zone_timeline_comes_back(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    assert vault.zones.get(patient.id) is None
    found = (stretch(-(2**40), "Europe/Berlin"), stretch(1_700_000_000, "Asia/Tokyo", Certainty.STATED))
    before = vault.content_hash(patient.id)
    vault.zones.put(patient.id, found)
    assert vault.zones.found(patient.id) == found
    timeline = vault.zones.get(patient.id)
    assert timeline is not None
    assert [period.zone for period in timeline.periods] == ["Europe/Berlin", "Asia/Tokyo"]
    assert vault.content_hash(patient.id) != before
    with pytest.raises(ValueError, match="ordered"):
        vault.zones.put(patient.id, found[::-1])
    assert vault.zones.found(patient.id) == found


def zones(found: tuple[ZoneFound, ...]) -> list[tuple[int, str]]:
    return [(one.period.from_utc, one.period.zone) for one in found]


def test_zones_of_a_second_file_hold_over_its_own_span() -> None:
    stored = (stretch(-(2**40), "Europe/Berlin"), stretch(500, "Asia/Tokyo"))
    known = Span(0, 1000)
    later = (stretch(-(2**40), "America/New_York"),)
    assert zones(joined_zones(stored, later, Span(1000, 2000), known)) == [
        (-(2**40), "Europe/Berlin"),
        (500, "Asia/Tokyo"),
        (1000, "America/New_York"),
        (2000, "Asia/Tokyo"),
    ]
    # A later export of the same person holds all of the earlier one and more.
    assert joined_zones(stored, later, Span(0, 2000), known) == later
    assert joined_zones(stored, (), Span(0, 2000), known) == stored
    assert joined_zones((), later, Span(0, 2000), None) == later


def test_a_file_without_evidence_never_overrides_evidence() -> None:
    stored = (stretch(-(2**40), "Europe/Berlin"),)
    guess = (stretch(-(2**40), "Europe/London", Certainty.ASSUMED),)
    unknown = (stretch(-(2**40), "unknown", Certainty.STATED),)
    span = Span(0, 2000)
    assert joined_zones(stored, guess, span, Span(0, 100)) == stored
    assert joined_zones(stored, unknown, span, Span(0, 100)) == stored
    assert joined_zones(guess, stored, Span(50, 60), Span(0, 100)) == stored


def test_v69_a_correction_is_kept_for_the_record_and_gone_from_views(vault: Vault) -> None:
    patient = vault.patients.add("Ada Byron", birth_date=date(1815, 12, 11))
    vault.patients.update(replace(patient, name="Ada Lovelace", birth_date=date(1815, 12, 10)))
    vault.patients.update(replace(vault.patients.get(patient.id), tags=("study",)))
    kept = vault.patients.corrections(patient.id)
    assert [(one.field, one.before, one.who) for one in kept] == [
        ("name", "Ada Byron", vault.who),
        ("birth_date", "1815-12-11", vault.who),
    ]
    assert vault.patients.get(patient.id).name == "Ada Lovelace"
    with pytest.raises(NotFoundError):
        vault.patients.find("Ada Byron")
    entries = vault.audit.entries(limit=None)
    assert [entry.detail for entry in entries if entry.action == "patient.update"] == ["", "name, birth_date"]
    assert "patient.corrections" in [entry.action for entry in entries]
    assert "Byron" not in str(entries)
    with vault._store.reading() as connection:
        held = str([tuple(row) for row in connection.exec_driver_sql("SELECT * FROM corrections")])
    assert "Byron" not in held
