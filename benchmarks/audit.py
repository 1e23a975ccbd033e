"""Time verifying and filtering an audit of a million entries (V-33), and what the audit adds to one write.

Run with ``python benchmarks/audit.py [--entries N] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.vault import AuditQuery, KdfParameters, Vault
from clarity_desktop.vault.store.anchors import Head
from clarity_desktop.vault.store.chain import _COLUMNS, _hash

_ACTIONS = (
    ("patient.open", 60),
    ("report.pdf", 10),
    ("export.table", 10),
    ("import", 10),
    ("vault.open", 9),
    ("access.refused", 1),
)
_START = 1_600_000_000
_A_TRANSACTION = 20_000


def fill(vault: Vault, entries: int) -> None:
    """Entries of six years by eight people about 500 patients, hashed and signed as the vault does, in batches."""
    chance = random.Random(1)
    names = [f"Clinician {number}" for number in range(8)]
    patients = [f"patient-{number:04d}" for number in range(500)]
    actions = [name for name, share in _ACTIONS for _ in range(share)]
    chain, store = vault._store.chain, vault._store
    newest = vault.audit.entries(1)[0].seq
    with store.reading() as connection:
        found = connection.exec_driver_sql("SELECT hash FROM audit WHERE seq = ?", (newest,)).scalar_one()
    before = bytes(found)
    for first in range(newest + 1, entries + 1, _A_TRANSACTION):
        rows = []
        for seq in range(first, min(first + _A_TRANSACTION, entries + 1)):
            action = chance.choice(actions)
            fields = (
                seq,
                _START + seq * 6 * 365 * DAY_S // entries,
                chance.choice(names),
                action,
                chance.choice(patients),
                "refused" if action == "access.refused" else "ok",
                "",
                "clinician",
                "UI",
                f"{seq // 20:x}",
                seq,
            )
            before = _hash(before, fields)
            rows.append((*fields, before, chain._mac(before)))
        with store.staging() as connection:
            connection.exec_driver_sql(f"INSERT INTO audit ({_COLUMNS}) VALUES ({', '.join('?' * 13)})", rows)
        chain.anchor(Head(rows[-1][0], before))


def queries(entries: int) -> dict[str, AuditQuery]:
    """What a security officer asks for."""
    year = Span(_START + 3 * 365 * DAY_S, _START + 3 * 365 * DAY_S + 30 * DAY_S)
    return {
        "latest": AuditQuery(),
        "patient": AuditQuery(patient_id="patient-0007"),
        "action": AuditQuery(action="export"),
        "who_and_action": AuditQuery(who="Clinician 3", action="patient.open"),
        "refused": AuditQuery(outcome="refused"),
        "month": AuditQuery(span=year),
        "month_who_refused": AuditQuery(span=year, who="Clinician 3", outcome="refused"),
        "patient_who_action": AuditQuery(patient_id="patient-0007", who="Clinician 1", action="report.pdf"),
        "together": AuditQuery(correlation=f"{entries // 40:x}"),
        "nobody": AuditQuery(who="Nobody", action="patient.open"),
        "none_of_an_action": AuditQuery(origin="CLI", action="patient.open"),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault.create(Path(folder) / "vault", "a long passphrase", kdf=KdfParameters.for_tests())
        fill(vault, given.entries)
        began = time.perf_counter()
        verdict = vault.audit.verify()
        result: dict[str, object] = {
            "entries": verdict.entries,
            "chain_ok": verdict.chain_ok,
            "verify_s": round(time.perf_counter() - began, 2),
        }
        for name, query in queries(given.entries).items():
            times = []
            for _ in range(5):
                began = time.perf_counter()
                vault.audit.find(query)
                times.append(time.perf_counter() - began)
            result[f"filter_{name}_ms"] = round(1000 * statistics.median(times), 1)
        times = []
        for _ in range(200):
            began = time.perf_counter()
            vault.audit.append("report.pdf")
            times.append(time.perf_counter() - began)
        result["append_ms"] = round(1000 * statistics.median(times), 2)
        vault.close()
    print(json.dumps(result) if given.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 0 if verdict.chain_ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
