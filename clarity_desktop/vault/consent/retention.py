"""Retention: how long each class of data is kept, in general and by study; what is due is shown before it goes."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import ConflictError, InputError, UsageError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import DAY_S, Instant
from clarity_desktop.vault.attachments.attachments import remove_attachments
from clarity_desktop.vault.erasure.holds import held_patients
from clarity_desktop.vault.intake.replacing import renew_series
from clarity_desktop.vault.intake.stage import origin_counts
from clarity_desktop.vault.intake.undo import forget_undo
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction
from clarity_desktop.vault.tables.chunks import read_chunk
from clarity_desktop.vault.tables.exchange_records import forget_entries

__all__ = ["DEFAULTS", "LEAST_DAYS", "DataClass", "Due", "Policy", "Retention"]

_TABLE = schema.retention


class DataClass(StrEnum):
    """Classes of data that are kept for a time of their own."""

    RAW = "raw"
    """Recorded samples."""
    ELEMENTS = "elements"
    """Workouts, summaries and other things that are kept whole."""
    SET_ASIDE = "set_aside"
    """Records that could not be read."""
    DERIVED = "derived"
    """Computed findings."""
    DOCUMENTS = "documents"
    DIARY = "diary"
    """Annotations, sleep diary and work days, with their earlier versions."""
    CONSENT = "consent"
    AUDIT = "audit"


LEAST_DAYS: Final = {DataClass.AUDIT: 2192, DataClass.CONSENT: 2192}
"""Six years (45 CFR 164.316(b)(2)(i)); shorter takes a second person and a reason."""
DEFAULTS: Final[Mapping[DataClass, int | None]] = {
    DataClass.RAW: None,
    DataClass.ELEMENTS: None,
    DataClass.SET_ASIDE: None,
    DataClass.DERIVED: 3653,
    DataClass.DOCUMENTS: None,
    DataClass.DIARY: None,
    DataClass.CONSENT: None,
    DataClass.AUDIT: None,
}
"""Days; ``None`` keeps for good."""
_MANY_PATIENTS: Final = 5
_MANY_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a class of data is kept."""

    data_class: DataClass
    study: str
    """Tag of the patients it is for; empty for everyone without a study's own policy."""
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """What would go of one patient and class."""

    patient_id: PatientId
    data_class: DataClass
    things: int
    """Stretches of 30 days for samples, else rows."""


class Retention:
    """The policies of a vault and their execution."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def policies(self) -> list[Policy]:
        """The policies in force, defaults included, by class and study."""
        with self._store.reading() as connection:
            stored = _stored(connection)
        found = {(data_class, ""): days for data_class, days in DEFAULTS.items()} | stored
        return [Policy(data_class, study, days) for (data_class, study), days in sorted(found.items())]

    def set(
        self, data_class: DataClass, keep_days: int | None, *, study: str = "", confirmed_by: str = "", reason: str = ""
    ) -> Policy:
        """Change a policy.

        Raises
        ------
        InputError
            ``retention.days`` for less than a day; ``retention.least`` for less than the law asks without a reason.
        UsageError
            ``retention.two_people`` when the time becomes shorter and no second person confirms it (V-47).
        """
        if keep_days is not None and keep_days < 1:
            raise InputError("retention.days", "Data is kept for at least one day.", remedy="Give a number of days.")
        least = LEAST_DAYS.get(data_class)
        if least is not None and keep_days is not None and keep_days < least and not reason.strip():
            raise InputError(
                "retention.least",
                "These records are kept for at least six years.",
                remedy="Give the reason for a shorter time; it becomes part of the audit.",
            )
        with self._store.writing("retention.set") as write:
            stored = _stored(write.connection)
            before = stored.get((data_class, study), stored.get((data_class, ""), DEFAULTS[data_class]))
            shorter = keep_days is not None and (before is None or keep_days < before)
            if shorter:
                self._require_second(confirmed_by, "retention.two_people", "Keeping data for a shorter time")
            row = {"data_class": data_class.value, "study": study, "keep_days": keep_days}
            statement = insert(_TABLE).values(row)
            write.connection.execute(
                statement.on_conflict_do_update(index_elements=["data_class", "study"], set_={"keep_days": keep_days})
            )
            confirmed = f", confirmed by {confirmed_by.strip()}" if shorter else ""
            because = f", reason: {reason.strip()}" if reason.strip() else ""
            write.detail = f"{data_class.value} {study}: {before} to {keep_days} days{confirmed}{because}"
        return Policy(data_class, study, keep_days)

    def preview(self, *, now: Instant | None = None) -> list[Due]:
        """What would go now, by patient and class. Patients on legal hold lose nothing."""
        with self._store.reading() as connection:
            return _due(connection, int(time.time()) if now is None else now)

    def execute(self, *, confirmed_by: str = "", now: Instant | None = None) -> list[Due]:
        """Delete what is due, with an audit entry a patient; answers what went.

        Raises
        ------
        ConflictError
            ``retention.breaker`` when more than 5 patients, or more than a fifth of all samples, would be touched and
            no second person confirms it. Nothing is deleted then.
        """
        moment = int(time.time()) if now is None else now
        with self._store.reading() as connection:
            due = _due(connection, moment)
            whole = connection.execute(select(func.count()).select_from(schema.chunks)).scalar_one()
        patients = list(dict.fromkeys(one.patient_id for one in due))
        raw = sum(one.things for one in due if one.data_class is DataClass.RAW)
        if (len(patients) > _MANY_PATIENTS or raw > _MANY_SHARE * whole) and not self._is_second(confirmed_by):
            raise ConflictError(
                "retention.breaker",
                "Much would be deleted at once, so a second person has to confirm it.",
                remedy="Look at the preview, and let a second authorised person confirm it.",
                detail=f"{len(patients)} patients, {raw} of {whole} stretches",
            )
        gone: list[Due] = []
        for patient_id in patients:
            with self._store.writing("retention.execute", patient_id) as write:
                # Holds and policies may have changed since the preview.
                mine = [one for one in _due(write.connection, moment) if one.patient_id == patient_id]
                if mine:
                    # An import that is undone later must not bring back what is deleted here.
                    forget_undo(write.connection, patient_id)
                for one in mine:
                    self._delete(write, one, _cutoff(write.connection, patient_id, one.data_class, moment))
                write.detail = ", ".join(f"{one.data_class.value}: {one.things}" for one in mine) or "nothing"
                gone += mine
        return gone

    def _delete(self, write: WriteTransaction, due: Due, cutoff: Instant) -> None:
        connection, patient_id = write.connection, due.patient_id
        if due.data_class is DataClass.RAW:
            self._delete_chunks(connection, patient_id, cutoff)
        elif due.data_class is DataClass.DOCUMENTS:
            table = schema.attachments
            query = select(table.c.id).where(table.c.patient_id == patient_id, table.c.added < cutoff)
            remove_attachments(connection, list(connection.execute(query).scalars()))
        elif due.data_class is DataClass.DIARY:
            forget_entries(connection, patient_id, cutoff)
            for kept in (schema.diary_entries, schema.diary_history):
                connection.execute(delete(kept).where(kept.c.patient_id == patient_id, kept.c.stop < cutoff))
        elif due.data_class is DataClass.ELEMENTS:
            elements = schema.elements
            connection.execute(delete(elements).where(elements.c.patient_id == patient_id, elements.c.stop < cutoff))
        elif due.data_class is DataClass.DERIVED:
            findings = schema.findings
            connection.execute(
                delete(findings).where(findings.c.patient_id == patient_id, findings.c.stored < cutoff * 10**9)
            )
            weeks = schema.pat_embeddings
            connection.execute(delete(weeks).where(weeks.c.patient_id == patient_id, weeks.c.stored < cutoff * 10**9))
            texts, sends, views = schema.insights, schema.insight_sends, schema.insight_feedback
            old = select(texts.c.id).where(texts.c.patient_id == patient_id, texts.c.made < cutoff)
            connection.execute(delete(views).where(views.c.insight_id.in_(old)))
            connection.execute(delete(texts).where(texts.c.patient_id == patient_id, texts.c.made < cutoff))
            connection.execute(delete(sends).where(sends.c.patient_id == patient_id, sends.c.at < cutoff))
        elif due.data_class is DataClass.SET_ASIDE:
            imports = schema.imports
            old = select(imports.c.id).where(imports.c.patient_id == patient_id, imports.c.finished < cutoff)
            connection.execute(delete(schema.set_aside).where(schema.set_aside.c.import_id.in_(old)))

    def _delete_chunks(self, connection: Connection, patient_id: PatientId, cutoff: Instant) -> None:
        chunks, series, seal = schema.chunks, schema.series, self._store.seal_of(patient_id)
        query = select(chunks.c.series_id, chunks.c.period, chunks.c.blob_id)
        query = query.join(series, series.c.id == chunks.c.series_id)
        query = query.where(series.c.patient_id == patient_id, chunks.c.stop < cutoff)
        by_series: dict[int, Counter[int]] = {}
        for row in connection.execute(query).all():
            origins = by_series.setdefault(row.series_id, Counter())
            columns = read_chunk(connection, seal, row.blob_id)
            if columns is not None:
                origins.subtract(dict(origin_counts(columns)))
            connection.execute(delete(chunks).where(chunks.c.series_id == row.series_id, chunks.c.period == row.period))
            connection.execute(delete(schema.blobs).where(schema.blobs.c.id == row.blob_id))
        for series_id, origins in by_series.items():
            renew_series(connection, series_id, origins)

    def _is_second(self, confirmed_by: str) -> bool:
        second = confirmed_by.strip().casefold()
        return bool(second) and second != self._store.who.strip().casefold()

    def _require_second(self, confirmed_by: str, code: str, what: str) -> None:
        if not self._is_second(confirmed_by):
            raise UsageError(
                code, f"{what} needs a second person.", remedy="Let a second authorised person confirm it."
            )


def _stored(connection: Connection) -> dict[tuple[DataClass, str], int | None]:
    rows = connection.execute(select(_TABLE)).all()
    return {(DataClass(row.data_class), row.study): row.keep_days for row in rows}


def _cutoff(connection: Connection, patient_id: PatientId, data_class: DataClass, now: Instant) -> Instant:
    """Data that ended before this goes; far in the past when everything is kept.

    Of several studies of one patient, the one that keeps longest counts.
    """
    stored = _stored(connection)
    table = schema.patients
    tags = connection.execute(select(table.c.tags).where(table.c.id == patient_id)).scalar_one()
    of_studies = [stored[data_class, tag] for tag in json.loads(tags) if tag and (data_class, tag) in stored]
    general = stored.get((data_class, ""), DEFAULTS[data_class])
    if any(days is None for days in of_studies) or (not of_studies and general is None):
        return -(2**62)
    days = max(days for days in of_studies if days is not None) if of_studies else general
    return now - (days or 0) * DAY_S


def _due(connection: Connection, now: Instant) -> list[Due]:
    held = held_patients(connection)
    due: list[Due] = []
    for patient_id in connection.execute(select(schema.patients.c.id).order_by(schema.patients.c.code)).scalars().all():
        if patient_id in held:
            continue
        for data_class in DataClass:
            cutoff = _cutoff(connection, patient_id, data_class, now)
            things = _count(connection, patient_id, data_class, cutoff)
            if things:
                due.append(Due(patient_id, data_class, things))
    return due


_COUNTS: Final = {
    DataClass.RAW: (
        "SELECT count(*) FROM chunks JOIN series ON series.id = series_id WHERE patient_id = ? AND stop < ?"
    ),
    DataClass.ELEMENTS: "SELECT count(*) FROM elements WHERE patient_id = ? AND stop < ?",
    DataClass.SET_ASIDE: (
        "SELECT count(*) FROM set_aside JOIN imports ON imports.id = import_id WHERE patient_id = ? AND finished < ?"
    ),
    DataClass.DERIVED: (
        "SELECT count(*) FROM (SELECT patient_id, stored FROM findings UNION ALL SELECT patient_id, stored "
        "FROM pat_embeddings UNION ALL SELECT patient_id, made * 1000000000 FROM insights UNION ALL "
        "SELECT patient_id, at * 1000000000 FROM insight_sends) WHERE patient_id = ? AND stored / 1000000000 < ?"
    ),
    DataClass.DOCUMENTS: "SELECT count(*) FROM attachments WHERE patient_id = ? AND added < ?",
    # The history holds each entry at least once, and those that were removed.
    DataClass.DIARY: "SELECT count(*) FROM diary_history WHERE patient_id = ? AND stop < ?",
}
"""Audit and consent are not here: entries of the audit go by segments, and consents never."""


def _count(connection: Connection, patient_id: PatientId, data_class: DataClass, cutoff: Instant) -> int:
    statement = _COUNTS.get(data_class)
    if statement is None:
        return 0
    return int(connection.exec_driver_sql(statement, (patient_id, cutoff)).scalar_one())
