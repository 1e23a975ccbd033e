"""Checking a whole vault: pages, rows, chunks and the audit."""

from __future__ import annotations

from sqlalchemy import Connection

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.vault.chunks.codec import decode_chunk, digest_of
from clarity_desktop.vault.chunks.rollup import decode_rollup
from clarity_desktop.vault.records import VerifyReport
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import all_blobs

__all__ = ["verify_store"]


def verify_store(store: Store, problems: list[str]) -> VerifyReport:
    """Check an open store; ``problems`` are those found before."""
    with store.reading() as connection:
        integrity = _integrity(connection)
        verdict = store.chain.verify(connection)
        chunks, damaged = _check_chunks(connection)
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


def _integrity(connection: Connection) -> str:
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA cipher_integrity_check")]
    found += [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        found.append(f"{len(orphans)} rows without their owner")
    return "; ".join(found) if found else "ok"


def _check_chunks(connection: Connection) -> tuple[int, list[str]]:
    """Decode every chunk and compare it with what the index says of it."""
    checked, problems = 0, []
    for row in all_blobs(connection):
        checked += 1
        try:
            columns = decode_chunk(row.core, row.rest)
            sound = digest_of(columns) == row.digest and len(columns) == row.n
            rollup = decode_rollup(row.rollup)
            sound &= int(rollup.n.sum()) == row.n
        except IntegrityError:
            sound = False
        if not sound:
            problems.append(f"Samples of series {row.series_id} in stretch {row.period} differ from what was written.")
    return checked, problems
