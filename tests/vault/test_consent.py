"""Consents are added and never changed; a withdrawal holds at once (V-61)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError as RowConflict

from clarity_desktop.domain.errors import ClarityError, ConflictError, NotFoundError
from clarity_desktop.vault import Vault
from clarity_desktop.vault.consent.records import Consent

RESEARCH = "research:STUDY-1"


def agree(vault: Vault, patient_id: str, **changes: object) -> Consent:
    words: dict[str, object] = {
        "purpose": RESEARCH,
        "text_version": "3.1",
        "language": "de",
        "given_by": "Ada Canary",
        "witnessed_by": "Nurse Canary",
        "method": "paper",
        "dated": date(2026, 1, 2),
    }
    return vault.consents.give(patient_id, **{**words, **changes})  # type: ignore[arg-type]


def test_v61_a_record_holds_everything_and_its_withdrawal_holds_at_once(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    with pytest.raises(ConflictError) as caught:
        vault.consents.require(patient.id, RESEARCH)
    assert caught.value.code == "consent.missing"
    consent = agree(vault, patient.id, expires=date(2099, 12, 31))
    assert (consent.purpose, consent.text_version, consent.language, consent.method) == (RESEARCH, "3.1", "de", "paper")
    assert (consent.given_by, consent.witnessed_by) == ("Ada Canary", "Nurse Canary")
    assert (consent.dated, consent.expires) == (date(2026, 1, 2), date(2099, 12, 31))
    assert consent.recorded_by == vault.who
    vault.consents.require(patient.id, RESEARCH)
    assert not vault.consents.is_given(patient.id, "treatment")
    with Vault.open_with_key(vault.directory, vault.job_key()) as elsewhere:
        withdrawn = elsewhere.consents.withdraw(consent.id, withdrawn_by="Ada Canary")
    assert withdrawn.withdrawn is not None
    assert not vault.consents.is_given(patient.id, RESEARCH)
    with pytest.raises(ConflictError):
        vault.consents.withdraw(consent.id, withdrawn_by="Ada")
    assert vault.consents.list(patient.id) == [withdrawn]
    agree(vault, patient.id)
    assert vault.consents.is_given(patient.id, RESEARCH)
    actions = [entry.action for entry in vault.audit.entries(limit=None)]
    assert (actions.count("consent.give"), actions.count("consent.withdraw")) == (2, 1)
    assert "Canary" not in str(vault.audit.entries(limit=None))


def test_v61_a_consent_ends_after_its_last_day_and_begins_on_its_first(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    agree(vault, patient.id, expires=date(2026, 3, 1))
    given = {day: vault.consents.is_given(patient.id, RESEARCH, on=day) for day in (
        date(2026, 1, 1), date(2026, 1, 2), date(2026, 3, 1), date(2026, 3, 2))}  # fmt: skip
    assert list(given.values()) == [False, True, True, False]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": " "}, "consent.incomplete"),
        ({"text_version": ""}, "consent.incomplete"),
        ({"language": ""}, "consent.incomplete"),
        ({"given_by": ""}, "consent.incomplete"),
        ({"method": "telepathy"}, "consent.method"),
        ({"dated": datetime.now(UTC).date() + timedelta(days=2)}, "consent.dates"),
        ({"expires": date(2025, 1, 1)}, "consent.dates"),
    ],
)
def test_v61_an_incomplete_record_is_refused(vault: Vault, changes: dict[str, object], code: str) -> None:
    patient = vault.patients.add("Ada")
    with pytest.raises(ClarityError) as caught:
        agree(vault, patient.id, **changes)
    assert caught.value.code == code
    assert vault.consents.list(patient.id) == []


@pytest.mark.parametrize("statement", ["DELETE FROM consents", "UPDATE consents SET purpose = 'other'"])
def test_v35_the_database_itself_refuses_to_change_a_consent(vault: Vault, statement: str) -> None:
    patient = vault.patients.add("Ada")
    consent = agree(vault, patient.id)
    with pytest.raises(RowConflict, match="only ever added"), vault._store.staging() as connection:
        connection.exec_driver_sql(statement)
    assert vault.consents.list(patient.id) == [consent]


def test_v61_after_an_erasure_the_record_stays_without_names(vault: Vault, tmp_path: Path) -> None:
    patient = vault.patients.add("Ada")
    consent = agree(vault, patient.id)
    vault.erase(patient.id, requested_by="A", confirmed_by="B")
    (kept,) = vault.consents.list(patient.id)
    assert (kept.purpose, kept.dated, kept.given_by, kept.witnessed_by) == (RESEARCH, consent.dated, "", "")
    with pytest.raises(NotFoundError):
        vault.consents.get(99)
