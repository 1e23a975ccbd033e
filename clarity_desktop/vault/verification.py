"""Checking a whole vault: pages, rows, chunks and the audit."""

from __future__ import annotations

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.vault.chunks.codec import digest_of
from clarity_desktop.vault.chunks.layers import hidden_rows
from clarity_desktop.vault.records import AuditVerdict, VerifyReport
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import BlobRow, all_blobs

__all__ = ["verify_store"]


def verify_store(store: Store, problems: list[str]) -> VerifyReport:
    """Check an open store; ``problems`` are those found before."""
    # Each part has a connection of its own, because one that has met a damaged page reads nothing more.
    integrity = _integrity(store)
    verdict = _audit(store)
    chunks, damaged = _check_chunks(store)
    problems = [*problems, *damaged]
    if integrity != "ok":
        problems.append("The database file is damaged.")
    if not verdict.chain_ok:
        problems.append(verdict.reason)
    return VerifyReport(
        ok=not problems,
        integrity=integrity,
        problems=tuple(problems),
        audit_entries=verdict.entries,
        chain_ok=verdict.chain_ok,
        first_bad=verdict.first_bad,
        chunks=chunks,
    )


def _integrity(store: Store) -> str:
    """``ok``, or what the database says of its pages, by number."""
    with store.reading() as connection:
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA cipher_integrity_check")]
    if found:
        return "; ".join(found)
    try:
        with store.reading() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                found.append("rows without their owner")
    except IntegrityError as error:
        found = [error.detail]
    return "; ".join(found) if found else "ok"


def _audit(store: Store) -> AuditVerdict:
    try:
        with store.reading() as connection:
            return store.chain.verify(connection)
    except IntegrityError:
        return AuditVerdict(0, False, 1, "The audit cannot be read.")


def _check_chunks(store: Store) -> tuple[int, list[str]]:
    """Decode every chunk and compare it with what the index says of it."""
    checked = 0
    problems: list[str] = []
    try:
        with store.reading() as connection:
            for row in all_blobs(connection):
                checked += 1
                if not _is_sound(store, row):
                    problems.append(f"Samples of series {row.series_id} in stretch {row.period} differ from before.")
    except IntegrityError:
        problems.append("Stored samples cannot be read to the end.")
    return checked, problems


def _is_sound(store: Store, row: BlobRow) -> bool:
    try:
        columns, rollup = row.opened(store.seal_of(row.patient_id))
    except IntegrityError:
        return False
    shown = len(columns) - hidden_rows(columns)
    return digest_of(columns) == row.digest and shown == row.n == int(rollup.n.sum())
