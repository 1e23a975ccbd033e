"""Undoing the latest import of a patient, listing what has vanished from the exports, and bringing it back."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection, select, update

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport, VanishedSample
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Accumulation, SampleFlag, Series
from clarity_desktop.domain.time import Span
from clarity_desktop.vault.chunks.codec import pack_chunk
from clarity_desktop.vault.chunks.columns import PERIOD_S, Columns
from clarity_desktop.vault.chunks.layers import rows_among
from clarity_desktop.vault.intake.journal import ImportJournal
from clarity_desktop.vault.intake.replacing import live_chunks, put_chunk, renew_series
from clarity_desktop.vault.intake.state import unpack_state
from clarity_desktop.vault.intake.undo import UNDO_S, roll_back, undoable
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import read_chunk
from clarity_desktop.vault.tables.imports import Imports, open_report, sealed_report
from clarity_desktop.vault.tables.series import SeriesTable

__all__ = ["Reversals"]

_IMPORTS, _VANISHED = schema.imports, schema.vanished


class Reversals:
    """What can be taken back of a vault's imports."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._series = SeriesTable(store)
        self._imports = Imports(store)

    def undoable(self, patient_id: PatientId) -> tuple[int, int] | None:
        """Id of the import that can be undone now, and until when (UTC seconds); ``None`` when there is none."""
        now = int(time.time())
        with self._store.reading() as connection:
            import_id = undoable(connection, patient_id, now)
            if import_id is None:
                return None
            made = select(schema.import_undo.c.made).where(schema.import_undo.c.import_id == import_id)
            return import_id, int(connection.execute(made).scalar_one()) + UNDO_S

    def undo(self, import_id: int) -> ImportReport:
        """Bring everything back to how it was before an import; its report stays and says so.

        Raises
        ------
        NotFoundError
            ``import.unknown``.
        ConflictError
            ``import.not_undoable`` when it is older than 30 days, was undone before, or another import came after it;
            ``import.running`` while an import for the same person runs.
        """
        patient_id = self._imports.owner(import_id)
        seal = self._store.seal_of(patient_id)
        with self._store.writing("import.undo", patient_id) as write:
            connection = write.connection
            if undoable(connection, patient_id, int(time.time())) != import_id:
                raise ConflictError(
                    "import.not_undoable",
                    "This import cannot be undone: it is older than 30 days, was undone before, or another one came "
                    "after it.",
                    remedy="Undo the imports after it first. Later than 30 days it stays.",
                )
            ImportJournal(self._store).forget(connection, patient_id)
            gone = roll_back(connection, seal, import_id)
            row = connection.execute(select(_IMPORTS.c.sealed_report).where(_IMPORTS.c.id == import_id)).scalar_one()
            report = replace(open_report(seal, import_id, row), outcome=ImportOutcome.UNDONE)
            values = {"sealed_report": sealed_report(seal, import_id, report), "outcome": report.outcome.value}
            connection.execute(update(_IMPORTS).where(_IMPORTS.c.id == import_id).values(values))
            write.detail = f"import {import_id}: {gone} samples taken back"
        return report

    def vanished(self, patient_id: PatientId, import_id: int | None = None) -> list[VanishedSample]:
        """Samples and elements that are stored and that a later export no longer held, by import, kind and time.

        What has come back with a still later export is not among them.
        """
        seal = self._store.seal_of(patient_id)
        query = select(_VANISHED).where(_VANISHED.c.patient_id == patient_id)
        if import_id is not None:
            query = query.where(_VANISHED.c.import_id == import_id)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_VANISHED.c.import_id, _VANISHED.c.series_id)).all()
        found: list[VanishedSample] = []
        for row in rows:
            listed = _listed(seal, row.import_id, row.series_id, row.sealed)
            found += self._present(row.import_id, self._series.get(row.series_id), listed)
        return [*found, *self._elements(patient_id, import_id)]

    def bring_back(self, import_id: int) -> int:
        """Let everything that an import had marked as gone count again; answers how many samples and elements.

        A later export that does not hold them either leaves them as they are.
        """
        patient_id = self._imports.owner(import_id)
        seal = self._store.seal_of(patient_id)
        back = 0
        with self._store.writing("import.bring_back", patient_id) as write:
            connection = write.connection
            query = select(_VANISHED).where(_VANISHED.c.import_id == import_id)
            for row in connection.execute(query).all():
                listed = _listed(seal, import_id, row.series_id, row.sealed)
                back += _keep(connection, seal, row.series_id, listed)
            connection.execute(update(_VANISHED).where(_VANISHED.c.import_id == import_id).values(brought_back=1))
            gone = schema.gone_elements
            mine = (gone.c.import_id == import_id) & (gone.c.kept == 0)
            back += connection.execute(update(gone).where(mine).values(kept=1)).rowcount
            write.detail = f"import {import_id}: {back} brought back"
        return back

    def _present(self, import_id: int, series: Series, listed: Columns) -> list[VanishedSample]:
        span = Span(int(listed.start.min()), int((listed.start + listed.length_s).max()) + 1)
        stored = self._series.read(series.id, span, with_hidden=True)
        marked = (stored.flags & np.uint8(SampleFlag.GONE | SampleFlag.KEPT)) != 0
        rows = _as_columns(stored.start[marked], stored.length_s[marked], stored.value[marked], stored.flags[marked])
        rows = rows.take(np.flatnonzero(rows_among(rows, listed)))
        kept = (rows.flags & np.uint8(SampleFlag.KEPT)) != 0
        found = []
        for start, length, value, is_kept in zip(
            rows.start.tolist(), rows.length_s.tolist(), rows.value.tolist(), kept.tolist(), strict=True
        ):
            stated = value == value
            label = series.labels[int(value)] if series.labels and stated else ""
            number = value if stated and not label else None
            found.append(
                VanishedSample(
                    import_id,
                    series.kind,
                    series.source,
                    start,
                    start + length,
                    number,
                    series.unit,
                    label,
                    is_kept,
                )
            )
        return found

    def _elements(self, patient_id: PatientId, import_id: int | None) -> list[VanishedSample]:
        table, gone = schema.elements, schema.gone_elements
        query = select(table.c.kind, table.c.key, table.c.source, table.c.start, table.c.stop, gone).join(
            gone, gone.c.element_id == table.c.id
        )
        query = query.where(table.c.patient_id == patient_id)
        if import_id is not None:
            query = query.where(gone.c.import_id == import_id)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(gone.c.import_id, table.c.kind, table.c.start)).all()
        return [
            VanishedSample(row.import_id, row.kind, row.source, row.start, row.stop, None, "", row.key, bool(row.kept))
            for row in rows
        ]


def _as_columns(start: object, length_s: object, value: object, flags: object) -> Columns:
    """Columns of what tells a sample apart, with empty rest."""
    at = np.asarray(start, np.int64)
    nothing = np.zeros(at.size, np.int32)
    return Columns(
        at,
        np.asarray(length_s, np.int32),
        np.asarray(value, np.float64),
        np.asarray(flags, np.uint8),
        np.zeros(at.size, np.int64),
        nothing,
        nothing - 1,
    )


def _listed(seal: PatientSeal, import_id: int, series_id: int, sealed: bytes) -> Columns:
    kept = unpack_state(seal.open(sealed, _VANISHED.name, import_id, series_id))
    return _as_columns(kept["start"], kept["length_s"], kept["value"], np.zeros(kept["start"].size, np.uint8))


def _keep(connection: Connection, seal: PatientSeal, series_id: int, listed: Columns) -> int:
    series = schema.series
    row = connection.execute(select(series.c.kind, series.c.unit).where(series.c.id == series_id)).one()
    spread = kind_of(row.kind, row.unit).accumulation is Accumulation.SUM
    periods = sorted(set((listed.start // PERIOD_S).tolist()))
    back = 0
    for period, live in live_chunks(connection, series_id, (periods[0], periods[-1])).items():
        columns = read_chunk(connection, seal, live.blob_id) if period in periods else None
        if columns is None:
            continue
        mine = rows_among(columns, listed) & ((columns.flags & np.uint8(SampleFlag.GONE)) != 0)
        if not mine.any():
            continue
        flags = columns.flags.copy()
        flags[mine] &= np.uint8(~SampleFlag.GONE & 0xFF)
        flags[mine] |= np.uint8(SampleFlag.KEPT)
        after = replace(columns, flags=flags)
        put_chunk(connection, seal, series_id, period, after, pack_chunk(after), live=live, spread=spread, undo=None)
        back += int(np.count_nonzero(mine))
    renew_series(connection, series_id)
    return back
