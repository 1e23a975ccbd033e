"""Weigh the vault against the same schema on plain SQLite: importing, the audit's share, a year of heart rate, unlock.

Run with ``python benchmarks/vault_cost.py [--samples N] [--rounds N] [--json]``. The peer is the same program over the
same tables in a plain SQLite file, without sealing; both take turns in one run.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool
from vault_chunks import batches

from clarity_desktop.domain.importing import ImportOutcome, ImportReport, SampleBatch
from clarity_desktop.domain.kinds import HEART_RATE
from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.keys import kdf
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store.anchors import Head
from clarity_desktop.vault.store.chain import AuditChain

_PASSPHRASE = "benchmark passphrase"
_REPORT = ImportReport("export.xml", "healthkit", "1", ImportOutcome.OK, True, 0, 0.0)


def plain_engine(path: Path, key: bytes, driver: object = None) -> Engine:
    """The vault's engine without a cipher: the same pragmas but for the key."""
    del key, driver

    def connect() -> Any:
        connection = sqlite3.connect(str(path), check_same_thread=False, timeout=15, isolation_level=None)
        for pragma in (
            "temp_store = MEMORY",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "cache_size = -16000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine("sqlite://", module=sqlite3, creator=connect, poolclass=QueuePool, pool_size=4)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


@contextmanager
def plain() -> Iterator[None]:
    """No cipher and no sealing."""
    with ExitStack() as stack:
        for place in (
            "clarity_desktop.vault.open_vault.open_engine",
            "clarity_desktop.vault.store.migrate.open_engine",
        ):
            stack.enter_context(patch(place, plain_engine))
        stack.enter_context(patch.object(PatientSeal, "seal", lambda self, plain, *_: bytes(plain)))
        stack.enter_context(patch.object(PatientSeal, "open", lambda self, sealed, *_: sealed))
        yield


@contextmanager
def unaudited() -> Iterator[None]:
    """No entry is hashed, stored or anchored."""
    nothing = Head(1, bytes(32))
    with (
        patch.object(AuditChain, "append", lambda self, connection, entry: nothing),
        patch.object(AuditChain, "anchor", lambda self, head, **_: None),
    ):
        yield


@contextmanager
def as_is() -> Iterator[None]:
    """The vault."""
    yield


def imported(way: Callable[[], Any], made: list[SampleBatch]) -> tuple[float, float]:
    """Wall and processor seconds of one import into a new vault."""
    with tempfile.TemporaryDirectory() as folder, way():
        vault = Vault.create(Path(folder) / "vault", _PASSPHRASE, kdf=KdfParameters.for_tests())
        patient = vault.patients.add("Benchmark")
        began, worked = time.perf_counter(), time.process_time()
        sink = vault.begin_import(patient.id, file="export.xml", format="healthkit", sha256="0")
        for batch in made:
            sink.samples(batch)
        sink.finish(_REPORT)
        seconds = time.perf_counter() - began, time.process_time() - worked
        vault.close()
    return seconds


def reading(made: list[SampleBatch]) -> dict[str, float]:
    """Milliseconds of reading a year of heart rate and of unlocking, Argon2id apart."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "vault"
        cheap = KdfParameters.for_tests()
        vault = Vault.create(directory, _PASSPHRASE, kdf=cheap)
        patient = vault.patients.add("Benchmark")
        sink = vault.begin_import(patient.id, file="export.xml", format="healthkit", sha256="0")
        for batch in made:
            sink.samples(batch)
        sink.finish(_REPORT)
        (heart,) = [one for one in vault.series.list(patient.id) if one.kind == HEART_RATE]
        start = int(heart.first or 0) + 400 * DAY_S
        year = Span(start, start + 365 * DAY_S)
        samples = len(vault.series.read(heart.id, year))
        read_s = _times(lambda: vault.series.read(heart.id, year), 21)
        vault.close()
        spent: list[float] = []
        derive = kdf.derive_key

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return derive(*arguments)
            finally:
                spent.append(time.perf_counter() - began)

        unlocks = []
        with patch("clarity_desktop.vault.people.ways_in.derive_key", timed):
            for _ in range(11):
                spent.clear()
                began = time.perf_counter()
                vault = Vault.open(directory, _PASSPHRASE, kdf_floor=cheap)
                unlocks.append(time.perf_counter() - began - sum(spent))
                vault.close()
    return {
        "year_samples": samples,
        "read_year_ms": 1000 * statistics.median(read_s),
        "read_year_least_ms": 1000 * min(read_s),
        "unlock_ms": 1000 * statistics.median(unlocks),
        "unlock_least_ms": 1000 * min(unlocks),
    }


def _times(work: Callable[[], object], repeats: int) -> list[float]:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_070_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made = batches(given.samples)
    ways = {"vault": as_is, "plain": plain, "unaudited": unaudited}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    work: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            seconds = imported(way, made)
            wall[name].append(seconds[0])
            work[name].append(seconds[1])
    result: dict[str, float] = {"samples": sum(map(len, made))}
    for kind, times in (("wall", wall), ("cpu", work)):
        medians = {name: statistics.median(found) for name, found in times.items()}
        result |= {f"import_{name}_{kind}_s": value for name, value in medians.items()}
        result[f"vault_to_plain_{kind}"] = medians["vault"] / medians["plain"]
        result[f"audit_share_{kind}_pct"] = 100 * (medians["vault"] / medians["unaudited"] - 1)
    result |= reading(made)
    if given.json:
        json.dump(result, sys.stdout)
    else:
        for name, value in result.items():
            print(f"{name:26} {value:12.3f}")


if __name__ == "__main__":
    main()
