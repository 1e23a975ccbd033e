"""The import journal: what each file came to, and the records that were set aside."""

from __future__ import annotations

import builtins
import json
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import select

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport, Problem, SetAside, TypeCount, ZoneFound
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Certainty, ZonePeriod
from clarity_desktop.vault.chunks.codec import compress, decompress
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Imports", "open_report", "report_from_text", "report_text", "sealed_report", "sealed_text"]

_TABLE, _ASIDE = schema.imports, schema.set_aside


class Imports:
    """The imports of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, patient_id: PatientId) -> list[ImportReport]:
        """A patient's imports, oldest first."""
        query = select(_TABLE.c.id, _TABLE.c.sealed_report).where(_TABLE.c.patient_id == patient_id)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.id)).all()
        return [self._report(patient_id, row.id, row.sealed_report) for row in rows]

    def owner(self, import_id: int) -> PatientId:
        """Whose import it is; raises :class:`NotFoundError` (``import.unknown``)."""
        with self._store.reading() as connection:
            query = select(_TABLE.c.patient_id).where(_TABLE.c.id == import_id)
            found: PatientId | None = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise NotFoundError("import.unknown", "The vault has no such import.", remedy="List the imports first.")
        return found

    def find(self, patient_id: PatientId, sha256: str) -> ImportReport | None:
        """The latest import of a file into a patient, or ``None``."""
        query = (
            select(_TABLE.c.id, _TABLE.c.sealed_report)
            .where(_TABLE.c.patient_id == patient_id, _TABLE.c.sha256 == sha256, _TABLE.c.outcome != "undone")
            .order_by(_TABLE.c.id.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._report(patient_id, row.id, row.sealed_report)

    def set_aside(self, import_id: int) -> builtins.list[SetAside]:
        """The records of an import that could not be read, in file order."""
        query = select(_ASIDE, _TABLE.c.patient_id, _TABLE.c.sha256).join(_TABLE, _TABLE.c.id == _ASIDE.c.import_id)
        query = query.where(_ASIDE.c.import_id == import_id).order_by(_ASIDE.c.offset, _ASIDE.c.id)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        found = []
        for row in rows:
            raw = self._store.seal_of(row.patient_id).open(
                row.sealed_text, _ASIDE.name, row.sha256, row.kind, row.offset, row.code
            )
            found.append(SetAside(row.kind, row.offset, raw.decode("utf-8", "surrogatepass"), row.code))
        return found

    def _report(self, patient_id: PatientId, import_id: int, sealed: bytes) -> ImportReport:
        return open_report(self._store.seal_of(patient_id), import_id, sealed)


def sealed_report(seal: PatientSeal, import_id: int, report: ImportReport) -> bytes:
    """A report as the journal holds it, compressed; the file's name is in it and nowhere else."""
    packed = compress(report_text(report).encode("utf-8", "surrogatepass"))
    return seal.seal(packed, _TABLE.name, import_id)


def open_report(seal: PatientSeal, import_id: int, sealed: bytes) -> ImportReport:
    """The reverse of :func:`sealed_report`; reports of earlier programs are not compressed."""
    raw = seal.open(sealed, _TABLE.name, import_id)
    text = raw if raw[:1] == b"{" else decompress(raw)
    return report_from_text(text.decode("utf-8", "surrogatepass"))


def sealed_text(seal: PatientSeal, sha256: str, record: SetAside) -> bytes:
    """The text of a set-aside record as it is stored, bound to the file and the place where it stood."""
    raw = record.text.encode("utf-8", "surrogatepass")
    return seal.seal(raw, _ASIDE.name, sha256, record.kind, record.offset, record.code)


def report_text(report: ImportReport) -> str:
    """A report as JSON."""
    document = asdict(replace(report, zones=()))
    # A traveller's timeline may have thousands of stretches, which asdict would copy value by value.
    document["zones"] = [_zone_document(stretch) for stretch in report.zones]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def report_from_text(text: str) -> ImportReport:
    """The reverse of :func:`report_text`; unknown fields of later programs are left out."""
    document: dict[str, Any] = json.loads(text)
    known = {field.name for field in fields(ImportReport)}
    document = {name: value for name, value in document.items() if name in known}
    document["outcome"] = ImportOutcome(document["outcome"])
    document["types"] = {kind: TypeCount(**count) for kind, count in document["types"].items()}
    document["problems"] = tuple(Problem(**problem) for problem in document["problems"])
    document["zones"] = tuple(_zone(stretch) for stretch in document["zones"])
    document["sources"] = tuple(document.get("sources", ()))
    return ImportReport(**document)


def _zone_document(found: ZoneFound) -> dict[str, Any]:
    period = found.period
    return {
        "period": {
            "from_utc": period.from_utc,
            "zone": period.zone,
            "certainty": period.certainty.value,
            "origin": period.origin,
        },
        "evidence": found.evidence,
        "count": found.count,
    }


def _zone(document: dict[str, Any]) -> ZoneFound:
    period = document["period"]
    return ZoneFound(
        ZonePeriod(period["from_utc"], period["zone"], Certainty(period["certainty"]), period["origin"]),
        document["evidence"],
        document["count"],
    )
