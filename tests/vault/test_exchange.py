"""What the vault keeps of other devices: sealed, erased with the patient, within retention, and part of the export."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ConflictError, IntegrityError
from clarity_desktop.domain.exchange import (
    RECORDS_KIND,
    Conflict,
    ExchangeRecord,
    RecordClass,
    Side,
    Stamp,
    new_version,
)
from clarity_desktop.reports.disclosure.export import write_personal_export
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.consent.retention import DataClass
from clarity_desktop.vault.tables.exchange_local import LocalRecords
from clarity_desktop.vault.tables.exchange_records import HeldRecord

ACCOUNT = "https://a.invalid/user"
CANARY = "Canary words of a note"
TABLES = ("exchange_people", "exchange_pieces", "exchange_records", "exchange_conflicts")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()) as opened:
        yield opened


def filled(vault: Vault, name: str = "Ada Lovelace") -> str:
    """A patient with one record, one conflict and one number."""
    patient = vault.patients.add(name).id
    vault.exchange.remote_id(patient, ACCOUNT)
    stored = vault.diary.save_annotation(patient, Annotation(AnnotationKind.NOTE, 1_000_000_000, title=CANARY))
    fields = {"title": CANARY}
    entity = f"annotation/{stored.id}"
    record = ExchangeRecord(RecordClass.NOTE, entity, (new_version(Stamp(1, "aa"), fields),))
    side = Side(CANARY, "Ada", 1, "here")
    conflict = Conflict("", patient, RecordClass.NOTE, entity, "title", side, side)
    vault.records.put(patient, [HeldRecord(record, fields)], lambda write: int(vault.conflicts.put(write, conflict)))
    return patient


def test_the_number_is_random_and_made_once(vault: Vault) -> None:
    first, second = vault.patients.add("Ada").id, vault.patients.add("Ada").id
    number = vault.exchange.remote_id(first, ACCOUNT)
    assert number == vault.exchange.remote_id(first, ACCOUNT)
    others = {vault.exchange.remote_id(second, ACCOUNT), vault.exchange.remote_id(first, "https://b.invalid/user")}
    assert number not in others
    assert len(others) == 2
    assert first.replace("-", "") not in number
    with pytest.raises(ConflictError) as caught:
        vault.exchange.link(ACCOUNT, number, second)
    assert caught.value.code == "sync.linked"


def test_what_travels_is_sealed_with_the_patients_key(vault: Vault, tmp_path: Path) -> None:
    filled(vault)
    with vault._store.reading() as connection:
        for table in ("exchange_records", "exchange_conflicts"):
            (sealed,) = connection.exec_driver_sql(f"SELECT sealed FROM {table}").scalars()
            assert CANARY.encode() not in sealed


def test_an_erasure_takes_everything_of_one_and_nothing_of_another(vault: Vault) -> None:
    gone, stays = filled(vault), filled(vault, "Grace Hopper")
    vault.erase(gone, requested_by="Ada", confirmed_by="Grace")
    with vault._store.reading() as connection:
        for table in TABLES:
            held = set(connection.exec_driver_sql(f"SELECT patient_id FROM {table}").scalars())
            assert held <= {stays}
    assert len(vault.records.state(stays)) == 1
    assert len(vault.conflicts.list()) == 1


def test_retention_of_the_diary_takes_versions_and_conflicts_too(vault: Vault) -> None:
    patient = filled(vault)
    vault.retention.set(DataClass.DIARY, 30, confirmed_by="Grace", reason="test")
    vault.retention.execute(confirmed_by="Grace")
    assert vault.records.state(patient) == {}
    assert vault.conflicts.list(patient) == []


def test_the_export_holds_what_other_devices_wrote(vault: Vault, tmp_path: Path) -> None:
    patient = filled(vault)
    write_personal_export(tmp_path / "all.zip", vault, patient, None, generated=int(time.time()))
    with ZipFile(tmp_path / "all.zip") as archive:
        document = json.loads(archive.read("other_devices.json"))
    assert document["records"][0]["versions"][0]["fields"] == {"title": CANARY}
    assert document["conflicts"][0]["here"]["value"] == CANARY
    assert list(document["numbers"]) == [ACCOUNT]


def test_a_kept_resolution_is_final_after_a_sync(vault: Vault) -> None:
    patient = filled(vault)
    (conflict,) = vault.conflicts.list(patient)
    with vault.records.transaction(patient, "sync.resolve") as write:
        vault.conflicts.resolve(write, conflict, "here", {})
    assert [one.resolved for one in vault.conflicts.list(patient)] == ["here"]
    assert vault.conflicts.list(patient, with_resolved=False) == []
    assert vault.conflicts.finish() == 1
    assert vault.conflicts.list(patient) == []
    assert vault.conflicts.finish() == 0


def test_y1_an_entry_and_its_operation_are_one_transaction(vault: Vault) -> None:
    patient = vault.patients.add("Ada").id
    vault.outbox.enable(patient, ACCOUNT, {RECORDS_KIND: "activity_level"})
    vault.diary.save_annotation(patient, Annotation(AnnotationKind.NOTE, 1_000_000_000, title="Not named by a consent"))
    assert vault.outbox.operations(ACCOUNT) == []
    vault.exchange.carry_records(patient, ACCOUNT, True)
    vault._store.chain.append, kept = None, vault._store.chain.append  # type: ignore[method-assign,assignment]
    with pytest.raises(TypeError):
        vault.diary.save_annotation(patient, Annotation(AnnotationKind.NOTE, 1_000_000_000, title="Fails at the end"))
    vault._store.chain.append = kept  # type: ignore[method-assign]
    assert vault.outbox.operations(ACCOUNT) == [], "neither without the other"
    assert len(vault.diary.annotations(patient)) == 1
    vault.diary.save_annotation(patient, Annotation(AnnotationKind.NOTE, 1_000_000_000, title="Named"))
    (one,) = vault.outbox.operations(ACCOUNT)
    assert one.is_records
    assert one.metric_type == "activity_level"
    assert vault.exchange.with_records(patient, ACCOUNT)


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ((RecordClass.NOTE, "annotation/no-number"), {"kind": "note", "start": 1}),
        ((RecordClass.NOTE, "annotation/0d6f7f0a-5a2f-4a2c-9a43-8a0c9f6a1b55"), {"kind": "no kind", "start": 1}),
        ((RecordClass.NOTE, "night/2025-13-01"), {}),
        ((RecordClass.NOTE, "elsewhere/x"), {}),
        ((RecordClass.NOTE, "week/pattern"), {"weekdays": [9]}),
        ((RecordClass.DEMOGRAPHICS, "birth_date"), {"value": "yesterday"}),
        ((RecordClass.DEMOGRAPHICS, "code"), {"value": "P-1"}),
        ((RecordClass.CONSENT, "sync:a"), {"held": True}),
    ],
)
def test_fields_that_say_nothing_stand_nowhere(vault: Vault, key: tuple[RecordClass, str], fields: object) -> None:
    patient = vault.patients.add("Ada").id
    local = LocalRecords(vault.patients, vault.diary, vault.consents, vault.source_orders)
    before = local.read(patient)
    with pytest.raises(IntegrityError):
        local.write(patient, key, fields)  # type: ignore[arg-type]
    assert local.read(patient) == before
