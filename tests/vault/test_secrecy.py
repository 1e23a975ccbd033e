"""No byte of any file in the vault's folder shows what it holds, at any moment of a session (V-1)."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.importing import (
    Element,
    ImportOutcome,
    ImportReport,
    Origin,
    Problem,
    SampleBatch,
    SetAside,
    ZoneFound,
)
from clarity_desktop.domain.time import Certainty, ZonePeriod
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "canary-passphrase-ütterly secret"
BASE = 1_700_000_000
_PLACES = """
    name code tag source device version label extra element payload
    aside zone evidence finding audit file problem person unit kind
"""
CANARIES = [f"canary{place}" for place in _PLACES.split()]
CANARIES += ["Ada Lovelace", "1815-12-10", "Europe/London", "<<HKDevice>", "HKMetadataKey", "HKQuantityTypeIdentifier"]
CANARIES += [f"canary text {number:02d} of the record" for number in range(24)]


def folder_bytes(directory: Path) -> dict[str, bytes]:
    found = {}
    for path in directory.rglob("*"):
        try:
            if path.is_file():
                found[str(path.relative_to(directory))] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


def seen(directory: Path, needles: list[bytes]) -> list[tuple[str, bytes]]:
    return [
        (name, needle) for name, content in folder_bytes(directory).items() for needle in needles if needle in content
    ]


def needles_of(key: bytes) -> list[bytes]:
    texts = [form for text in CANARIES for form in (text.encode(), text.encode("utf-16-le"))]
    values = np.array([123.456789, 61.0, 987654.0] * 3, "<f8").tobytes()
    secrets = [key, key.hex().encode(), base64.b64encode(key), PASSPHRASE.encode()]
    return [*texts, values, *secrets, b"SQLite format 3\0", b"CREATE TABLE"]


def batch(start: int) -> SampleBatch:
    n = 400
    value = np.tile([123.456789, 61.0, 987654.0, 0.5], n // 4)
    zeros = np.zeros(n, np.int32)
    extras = tuple(json.dumps({"metadata": {"HKMetadataKeyCanary": text}}) for text in CANARIES[20:])
    return SampleBatch(
        "canarykind",
        "canaryunit",
        "canarysource",
        start + 30 * np.arange(n),
        zeros,
        value,
        zeros.astype(np.uint8),
        start + 30 * np.arange(n),
        zeros,
        (np.arange(n) % len(extras)).astype(np.int32),
        (Origin("<<HKDevice>, canarydevice", "canaryversion"),),
        extras,
        (),
    )


def test_v1_no_planted_text_shows_in_any_file_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clarity_desktop.vault.intake.sink._ROWS_IN_MEMORY", 300)
    directory = tmp_path / "vault"
    assert len(CANARIES) >= 50
    vault = Vault.create(directory, PASSPHRASE, label="Owner", kdf=KdfParameters.for_tests())
    needles = needles_of(vault.data_key())
    found: list[tuple[str, bytes]] = []
    looks = 0
    stop = threading.Event()

    def watch() -> None:
        nonlocal looks
        while not stop.wait(0.005):
            found.extend(seen(directory, needles))
            looks += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        session(vault, directory, needles)
    finally:
        stop.set()
        watcher.join()
    assert looks >= 2
    assert found == []
    assert any(name.endswith("-wal") for name in folder_bytes(directory))
    vault.close()
    assert seen(directory, needles) == []
    left = {"vault.db", "vault.keys", "audit.head", "patients.keys", "vault.db-wal", "vault.db-shm"}
    left |= {"vault.tries", "vault.tries.lock"}
    assert set(folder_bytes(directory)) <= left
    assert seen(tmp_path, needles) == []


def session(vault: Vault, directory: Path, needles: list[bytes]) -> None:
    """What a clinician does in a morning, looking at the folder in the middle of each transaction."""

    def look() -> None:
        assert seen(directory, needles) == []

    patient = vault.patients.add(
        "Ada Lovelace",
        birth_date=date(1815, 12, 10),
        home_zone="Europe/London",
        code="canarycode",
        tags=("canarytag", "canaryname"),
    )
    look()
    sink = vault.begin_import(patient.id, file="canaryfile.zip", format="healthkit", sha256="ab")
    for number in range(4):
        sink.samples(batch(BASE + 40_000 * number))
        look()
    sink.element(Element("canaryelement", "canarypayload", 1, 2, "canarysource", json.dumps(CANARIES)))
    sink.set_aside(SetAside("canarykind", 1, "canaryaside", "date.impossible"))
    period = ZonePeriod(0, "Europe/London", Certainty.STATED, "canaryzone")
    sink.zones((ZoneFound(period, "canaryevidence"),))
    problem = Problem("code", 1, "byte 1", "canaryproblem")
    report = ImportReport(
        "canaryfile.zip", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0, problems=(problem,),
        person={"name": "canaryperson"},
    )  # fmt: skip
    sink.finish(report)
    look()
    vault.findings.put("canaryfinding", patient.id, b"canaryfinding")
    vault.audit.append("report.pdf", patient_id=patient.id, detail="canaryaudit")
    with vault._store.writing("look") as write:
        write.connection.exec_driver_sql("CREATE TEMP TABLE sorted AS SELECT * FROM elements ORDER BY payload")
        write.connection.exec_driver_sql("UPDATE patients SET tags = tags || ' canaryname'")
        write.connection.exec_driver_sql("PRAGMA cache_spill = 1")
        look()
    (series,) = vault.series.list(patient.id)
    assert len(vault.series.read(series.id)) == 1600
    assert vault.verify().ok
    look()


def test_errors_name_no_health_data_and_no_secret(
    vault: Vault, batch_of: Callable[..., SampleBatch], passphrase: str
) -> None:
    patient = vault.patients.add("Canary Person", code="CANARY")
    texts = []
    for provoke in (
        lambda: vault.patients.add("Canary Person", code="CANARY"),
        lambda: vault.patients.find("Canary Persona"),
        lambda: vault.series.read(99),
        lambda: vault.findings.put("canary", "nobody", b"canary"),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 (any error may come; its words are what is tested)
            provoke()
        texts.append(f"{caught.value!r} {caught.value} {getattr(caught.value, 'detail', '')}")
    key = vault.data_key().hex()
    for text in texts:
        assert "anary" not in text
        assert key not in text
        assert passphrase not in text
    assert patient.name not in repr(vault)
