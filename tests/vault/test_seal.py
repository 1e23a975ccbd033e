"""What is stored of a patient is sealed with the patient's own key, bound to its row (V-62, V-63, V-74)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.importing import Element, ImportReport, SampleBatch, SetAside
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.seal.keyring import PatientKeys, read_wrapped, remove_wrapped, rewrap
from clarity_desktop.vault.store import schema

FIXTURE = Path(__file__).parent.parent / "data" / "vault" / "revision-0001"
CANARIES = (b"canary element", b"canary aside", b"canary extra", b"canary finding", b"Ada Lovelace.xml")
BASE = 1_700_000_000


def stored_bytes(vault: Vault, *tables: str) -> bytes:
    """Every stored value of some tables, as the database holds them once its pages are decrypted."""
    found: list[bytes] = []
    with vault._store.reading() as connection:
        for name in tables or tuple(schema.metadata.tables):
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}"):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(found)


@pytest.fixture
def old_vault(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    directory = tmp_path / "old"
    shutil.copytree(FIXTURE, directory)
    return directory, json.loads((FIXTURE / "expected.json").read_text())


def test_v74_a_vault_of_revision_0001_is_sealed_and_says_the_same(
    old_vault: tuple[Path, dict[str, Any]], passphrase: str
) -> None:
    directory, expected = old_vault
    with Vault.open(directory, passphrase, kdf_floor=KdfParameters.for_tests()) as vault:
        for patient in vault.patients.list():
            was = expected[patient.code]
            assert (patient.id, patient.name) == (was["id"], was["name"])
            assert vault.content_hash(patient.id) == was["content_hash"]
            series = vault.series.list(patient.id)
            assert [[one.kind, one.n] for one in series] == was["series"]
            assert [float(vault.series.read(one.id).value.sum()) for one in series] == was["sums"]
            assert [element.payload for element in vault.elements.list(patient.id)] == was["elements"]
            assert [record.text for record in vault.imports.set_aside(was["import_id"])] == was["aside"]
            (report,) = vault.imports.list(patient.id)
            assert report.file == f"{patient.name}.xml"
            assert vault.imports.find(patient.id, patient.name) == report
            assert vault.findings.get(f"key {patient.name}") == b"canary finding"
            heart = next(one for one in series if one.n == 900)
            assert len(vault.series.read_extras(heart.id)) == 900
            assert int(vault.series.rollup(heart.id).n.sum()) == 900
        assert vault.verify().ok
        held = stored_bytes(vault)
    assert [canary for canary in CANARIES if canary in held] == []
    (backup,) = directory.with_name("old-backups").glob("*.claritybackup")
    assert (backup / "vault.db").exists()
    with Vault.open(directory, passphrase, kdf_floor=KdfParameters.for_tests()) as again:
        assert len(again.patients.list()) == 2
        assert again.verify().ok


def test_v63_without_the_patients_key_nothing_of_the_patient_opens(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    report_of: Callable[..., ImportReport],
) -> None:
    patient, other = vault.patients.add("Ada"), vault.patients.add("Bob")
    for person in (patient, other):
        sink = vault.begin_import(person.id, file="secret name.xml", format="healthkit", sha256="1")
        sink.samples(batch_of([(BASE, 0, 60.0, '{"note":"canary extra"}')]))
        sink.element(Element("Workout", "1", BASE, BASE + 9, "Watch", '{"what":"canary element"}'))
        sink.set_aside(SetAside("x", 3, "<canary aside/>", "date.impossible"))
        sink.finish(report_of())
        vault.findings.put(f"k{person.code}", person.id, b"canary finding")
    held = stored_bytes(vault)
    assert [word for word in (*CANARIES, b"secret name") if word in held] == []
    (series,), (report,) = vault.series.list(patient.id), vault.imports.list(patient.id)
    with vault._store.staging():
        vault._store.keys.destroy(patient.id)
    attempts: list[Callable[[], object]] = [
        lambda: vault.series.read(series.id),
        lambda: vault.series.rollup(series.id),
        lambda: vault.series.read_extras(series.id),
        lambda: vault.elements.list(patient.id),
        lambda: vault.imports.list(patient.id),
        lambda: vault.imports.set_aside(report.import_id or 0),
        lambda: vault.findings.get(f"k{patient.code}"),
        lambda: vault.begin_import(patient.id, file="f", format="healthkit", sha256="2"),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError) as caught:
            attempt()
        assert caught.value.code == "vault.patient_key"
    assert not vault.verify().ok
    assert len(vault.elements.list(other.id)) == 1


def test_a_blob_put_in_another_place_is_refused(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., object]
) -> None:
    patient, other = vault.patients.add("Ada"), vault.patients.add("Bob")
    bring_in(vault, patient.id, batch_of([(BASE, 0, 60.0, None)]), batch_of([(BASE, 0, 61.0, None)], source="Other"))
    bring_in(vault, other.id, batch_of([(BASE, 0, 62.0, None)]))
    with vault._store.staging() as connection:
        connection.exec_driver_sql("UPDATE blobs SET core = (SELECT core FROM blobs WHERE id = 2) WHERE id = 1")
        connection.exec_driver_sql("UPDATE blobs SET rollup = (SELECT rest FROM blobs WHERE id = 2) WHERE id = 2")
        connection.exec_driver_sql("UPDATE blobs SET core = (SELECT core FROM blobs WHERE id = 1) WHERE id = 3")
    second, first = vault.series.list(patient.id)
    (third,) = vault.series.list(other.id)
    for read in (
        lambda: vault.series.read(first.id),
        lambda: vault.series.rollup(second.id),
        lambda: vault.series.read(third.id),
    ):
        with pytest.raises(IntegrityError) as caught:
            read()
        assert caught.value.code == "vault.seal"


def test_sealing_never_uses_a_nonce_twice_and_finds_every_change() -> None:
    seal = PatientSeal("p", bytes(32))
    sealed = [seal.seal(b"same", "t", 1) for _ in range(2000)]
    assert len({one[1:13] for one in sealed}) == len(sealed)
    one = sealed[0]
    assert seal.open(one, "t", 1) == b"same"
    for at in range(len(one)):
        changed = bytearray(one)
        changed[at] ^= 1
        with pytest.raises(IntegrityError):
            seal.open(bytes(changed), "t", 1)
    for cut in range(len(one)):
        with pytest.raises(IntegrityError):
            seal.open(one[:cut], "t", 1)
    for wrong in (("t", 2), ("u", 1), ("t", "1"), ("t", 1, 1)):
        with pytest.raises(IntegrityError):
            seal.open(one, *wrong)


def test_a_removed_key_leaves_no_byte_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "patients.keys"
    keys = PatientKeys(path, bytes(32))
    keys.create(["a", "b"])
    before = read_wrapped(path)
    with path.open("rb") as held_open:
        assert remove_wrapped(path, "a") is not None
        old = held_open.read()
    assert read_wrapped(path) == {"b": before["b"]}
    assert b'"a"' not in old
    assert b'"b"' not in old
    assert remove_wrapped(path, "a") is None


def test_keys_are_wrapped_anew_for_another_data_key(tmp_path: Path) -> None:
    path = tmp_path / "patients.keys"
    keys = PatientKeys(path, bytes(32))
    keys.create(["a"])
    sealed = keys.seal_of("a").seal(b"text", "t")
    new = bytes([1]) * 32
    rewrap(path, bytes(32), new)
    rewrap(path, bytes(32), new)
    assert PatientKeys(path, new).seal_of("a").open(sealed, "t") == b"text"
    with pytest.raises(IntegrityError):
        PatientKeys(path, bytes(32)).seal_of("a")
