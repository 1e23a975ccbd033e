"""What a later export no longer holds: found within the ranges it covers, marked, listed, and never deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Accumulation, SampleFlag, SeriesId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.chunks.codec import pack_chunk
from clarity_desktop.vault.chunks.columns import PERIOD_S, Columns
from clarity_desktop.vault.chunks.layers import LAYERS, rows_among
from clarity_desktop.vault.intake.elements import MetElement
from clarity_desktop.vault.intake.replacing import ChangeRecord, live_chunks, put_chunk, renew_series
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.tables.chunks import read_chunk
from clarity_desktop.vault.tables.imports import open_report

__all__ = ["Vanishing", "latest_export", "layered", "mark_gone_elements", "mark_rest", "vanishing_of"]

_MARKING_FORMAT: Final = "healthkit"
"""Only an Apple Health export is a full copy of what the phone holds; other files are parts of it."""
_WHOLE_ELEMENTS: Final = frozenset({"Workout", "Correlation", "Audiogram", "VisionPrescription", "ClinicalRecord"})
_NO_ROWS: Final[NDArray[np.int64]] = np.empty(0, np.int64)


@dataclass(slots=True)
class Vanishing:
    """Where samples count as gone, and which were found to be."""

    patient_id: PatientId
    ranges: Mapping[tuple[str, str], tuple[int, int]]
    """First start and last end of each kind and source in the new file."""
    formats: Mapping[SeriesId, frozenset[str]]
    """Formats that have given samples to each stored series."""
    noted: dict[SeriesId, list[Columns]] = field(default_factory=dict)

    def range_of(self, series_id: SeriesId, kind: str, source: str) -> tuple[int, int] | None:
        """The range in which samples of a series count as gone, ``None`` for none.

        An export holds all of the phone's history, so a kind and source that it has is covered as far as the file
        reaches. What lies before or after that, as on a phone that was set up anew, is left as it is.
        """
        if self.formats.get(series_id, frozenset()) - {_MARKING_FORMAT} or (kind, source) not in self.ranges:
            return None
        return min(first for first, _ in self.ranges.values()), max(last for _, last in self.ranges.values())

    def note(self, series_id: SeriesId, rows: Columns) -> None:
        """Note rows that were marked."""
        self.noted.setdefault(series_id, []).append(rows)


def latest_export(connection: Connection, seal: PatientSeal) -> Instant | None:
    """When the latest whole Apple Health export of the patient says it was made."""
    table = schema.imports
    query = select(table.c.id, table.c.sealed_report).where(
        table.c.patient_id == seal.patient_id,
        table.c.format == _MARKING_FORMAT,
        table.c.outcome != ImportOutcome.UNDONE.value,
        table.c.outcome != "",
    )
    reports = (open_report(seal, row.id, row.sealed_report) for row in connection.execute(query).all())
    stated = [one.exported for one in reports if one.complete and one.exported is not None]
    return max(stated, default=None)


def vanishing_of(
    connection: Connection,
    seal: PatientSeal,
    format: str,  # noqa: A002 (the word of the interface)
    report: ImportReport,
    ranges: Mapping[tuple[str, str], tuple[int, int]],
    latest: Instant | None,
) -> Vanishing | None:
    """The rule for a new file, ``None`` when it may mark nothing as gone.

    Nothing is marked by a file that is incomplete, that does not say when it was made, or that is older than the
    latest one.
    """
    exported = report.exported
    if format != _MARKING_FORMAT or not report.complete or exported is None or latest is None or exported < latest:
        return None
    table, series = schema.series_formats, schema.series
    query = select(table.c.series_id, table.c.format).join(series, series.c.id == table.c.series_id)
    formats: dict[SeriesId, set[str]] = {}
    for row in connection.execute(query.where(series.c.patient_id == seal.patient_id)):
        formats.setdefault(row.series_id, set()).add(row.format)
    return Vanishing(seal.patient_id, ranges, {key: frozenset(found) for key, found in formats.items()})


def layered(
    merged: Columns, file: Columns | None, covered: tuple[int, int] | None
) -> tuple[Columns, int, NDArray[np.int64]]:
    """Rows with their marks brought up to a file: ``(rows, how many came back, positions that are gone now)``.

    Parameters
    ----------
    merged:
        Stored rows and those of the file, without repeats.
    file:
        Rows of the file in the same stretch, ``None`` for none.
    covered:
        First start and last end of what the file covers, ``None`` when it may mark nothing.
    """
    n = len(merged)
    if file is None:
        among = np.zeros(n, np.bool_)
    else:
        among = np.ones(n, np.bool_) if len(file) == n else rows_among(merged, file)
    back = among & ((merged.flags & np.uint8(SampleFlag.GONE)) != 0)
    clear = among & ((merged.flags & np.uint8(SampleFlag.GONE | SampleFlag.KEPT)) != 0)
    gone = _NO_ROWS
    if covered is not None:
        within = (merged.start >= covered[0]) & (merged.start + merged.length_s <= covered[1])
        gone = np.flatnonzero(~among & within & ((merged.flags & LAYERS) == 0))
    if not clear.any() and not gone.size:
        return merged, 0, _NO_ROWS
    flags = merged.flags.copy()
    flags[clear] &= np.uint8(~(SampleFlag.GONE | SampleFlag.KEPT) & 0xFF)
    flags[gone] |= np.uint8(SampleFlag.GONE)
    return replace(merged, flags=flags), int(np.count_nonzero(back)), gone


def mark_rest(
    connection: Connection,
    seal: PatientSeal,
    rule: Vanishing,
    undo: ChangeRecord,
    staged: Mapping[tuple[str, str, str], frozenset[int]],
) -> Counter[str]:
    """Mark what lies in stretches of which the file holds no sample; answers how many by kind.

    Parameters
    ----------
    staged:
        Periods of which the file holds samples, by kind, unit and source.
    """
    table = schema.series
    query = select(table.c.id, table.c.kind, table.c.unit, table.c.source).where(table.c.patient_id == rule.patient_id)
    counted: Counter[str] = Counter()
    for row in connection.execute(query).all():
        covered = rule.range_of(row.id, row.kind, row.source)
        if covered is None:
            continue
        held = staged.get((row.kind, row.unit, row.source), frozenset())
        spread = kind_of(row.kind, row.unit).accumulation is Accumulation.SUM
        changed = False
        for period, live in live_chunks(connection, row.id, (covered[0] // PERIOD_S, covered[1] // PERIOD_S)).items():
            columns = None if period in held else read_chunk(connection, seal, live.blob_id)
            if columns is None:
                continue
            after, _, gone = layered(columns, None, covered)
            if gone.size:
                packed = pack_chunk(after)
                put_chunk(connection, seal, row.id, period, after, packed, live=live, spread=spread, undo=undo)
                rule.note(row.id, after.take(gone))
                counted[row.kind] += int(gone.size)
                changed = True
        if changed:
            renew_series(connection, row.id)
    return counted


def mark_gone_elements(
    connection: Connection, rule: Vanishing, import_id: int, met: Mapping[tuple[str, str], MetElement]
) -> Counter[str]:
    """Mark stored workouts and other whole elements that the file no longer holds; answers how many by kind."""
    ranges: dict[tuple[str, str], tuple[int, int]] = {}
    for (kind, _), one in met.items():
        if kind not in _WHOLE_ELEMENTS or one.start is None:
            continue
        stop = one.start if one.stop is None else one.stop
        first, last = ranges.get((kind, one.source), (one.start, stop))
        ranges[kind, one.source] = (min(first, one.start), max(last, stop))
    if not ranges:
        return Counter()
    table, gone = schema.elements, schema.gone_elements
    query = select(table.c.id, table.c.kind, table.c.key, table.c.source, table.c.start, table.c.stop)
    query = query.outerjoin(gone, gone.c.element_id == table.c.id).where(
        table.c.patient_id == rule.patient_id,
        table.c.kind.in_({kind for kind, _ in ranges}),
        gone.c.element_id.is_(None),
        table.c.start.is_not(None),
    )
    rows: list[dict[str, int]] = []
    counted: Counter[str] = Counter()
    for row in connection.execute(query):
        covered = ranges.get((row.kind, row.source))
        if covered is None or (row.kind, row.key) in met:
            continue
        if row.start >= covered[0] and (row.stop if row.stop is not None else row.start) <= covered[1]:
            rows.append({"element_id": row.id, "import_id": import_id, "kept": 0})
            counted[row.kind] += 1
    if rows:
        connection.execute(insert(gone), rows)
    return counted
