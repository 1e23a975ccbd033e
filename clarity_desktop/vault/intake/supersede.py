"""Versions of one record: of samples that bear the same sync identifier only the highest version counts in results."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from clarity_desktop.domain.series import SampleFlag, SeriesId
from clarity_desktop.vault.chunks.codec import pack_chunk
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.intake.replacing import LiveChunk, live_chunks, put_chunk, renew_series
from clarity_desktop.vault.intake.stage import stage_lost
from clarity_desktop.vault.intake.undo import UndoRecord
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.tables.chunks import read_chunk

__all__ = ["has_sync_identifier", "supersede", "sync_version"]

_KEY: Final = '"HKMetadataKeySyncIdentifier":"'
_IDENTIFIER: Final = re.compile(r'"HKMetadataKeySyncIdentifier":"((?:[^"\\]|\\.)*)"')
_VERSION: Final = re.compile(r'"HKMetadataKeySyncVersion":"(\d{1,18})"')


def has_sync_identifier(extras: Iterable[str]) -> bool:
    """Whether any of these extras bears a sync identifier."""
    return any(_KEY in text for text in extras)


def sync_version(extra: str) -> tuple[int, int] | None:
    """A 64-bit hash of the sync identifier that an extra bears, and its version (0 when none is stated)."""
    found = _IDENTIFIER.search(extra)
    if found is None or not found[1]:
        return None
    version = _VERSION.search(extra)
    digest = hashlib.blake2b(found[1].encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True), int(version[1]) if version is not None else 0


def supersede(connection: Connection, seal: PatientSeal, series_id: SeriesId, *, spread: bool, undo: UndoRecord) -> int:
    """Mark the samples of a series that a higher version of the same record has replaced; answers how many.

    A sample whose higher version is no longer stored counts again.
    """
    chunks = live_chunks(connection, series_id)
    identifiers, versions, rows = [], [], []
    held: list[tuple[int, LiveChunk]] = sorted(chunks.items())
    for number, (_, live) in enumerate(held):
        columns = _columns(connection, seal, live)
        identifier, version = _versions(columns)
        with_one = np.flatnonzero(version >= 0)
        identifiers.append(identifier[with_one])
        versions.append(version[with_one])
        rows.append(np.stack([np.full(with_one.size, number), with_one], axis=1))
    if not identifiers:
        return 0
    identifier, version, where = np.concatenate(identifiers), np.concatenate(versions), np.concatenate(rows)
    if identifier.size == 0:
        return 0
    order = np.lexsort((version, identifier))
    last = np.concatenate((np.flatnonzero(np.diff(identifier[order])), [order.size - 1]))
    group = np.searchsorted(last, np.arange(order.size))
    lower = version[order] < version[order][last[group]]
    outdated = np.zeros(order.size, np.bool_)
    outdated[order] = lower
    marked = 0
    for number, (period, live) in enumerate(held):
        mine = where[:, 0] == number
        if not mine.any():
            continue
        columns = _columns(connection, seal, live)
        flags = columns.flags.copy()
        at = where[mine, 1]
        flags[at] &= np.uint8(~SampleFlag.SUPERSEDED & 0xFF)
        flags[at[outdated[mine]]] |= np.uint8(SampleFlag.SUPERSEDED)
        new = (flags & ~columns.flags & np.uint8(SampleFlag.SUPERSEDED)) != 0
        marked += int(np.count_nonzero(new))
        if not np.array_equal(flags, columns.flags):
            after = replace(columns, flags=flags)
            put_chunk(
                connection, seal, series_id, period, after, pack_chunk(after), live=live, spread=spread, undo=undo
            )
    renew_series(connection, series_id)
    return marked


def _columns(connection: Connection, seal: PatientSeal, live: LiveChunk) -> Columns:
    columns = read_chunk(connection, seal, live.blob_id)
    if columns is None:
        raise stage_lost()
    return columns


def _versions(columns: Columns) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hash of the sync identifier and version of each row; version -1 where there is none."""
    found = [sync_version(text) for text in columns.extras]
    # The last place answers index -1, "no extra".
    identifiers = np.array([*(0 if one is None else one[0] for one in found), 0], np.int64)
    versions = np.array([*(-1 if one is None else one[1] for one in found), -1], np.int64)
    return identifiers[columns.extra], versions[columns.extra]
