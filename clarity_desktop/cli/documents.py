"""Domain values as the documents of the command line contract; field names here are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.time import Instant, ZonePeriod, ZoneTimeline, format_instant

if TYPE_CHECKING:
    from clarity_desktop.vault import VaultInfo

__all__ = ["import_document", "patient_document", "series_document", "vault_document", "zone_document"]

_EARLIEST = -62_135_596_800
"""Start of the year 1, the first instant that ISO 8601 as printed here can name."""


def _since(instant: Instant) -> str | None:
    return format_instant(instant) if instant >= _EARLIEST else None


def patient_document(patient: Patient) -> dict[str, Any]:
    """One person."""
    return {
        "id": patient.id,
        "name": patient.name,
        "code": patient.code,
        "birth_date": patient.birth_date,
        "sex": patient.sex,
        "home_zone": patient.home_zone,
        "simulated": patient.simulated,
        "tags": list(patient.tags),
        "created": format_instant(patient.created),
    }


def series_document(series: Series, zone: ZoneTimeline) -> dict[str, Any]:
    """One series; times by the person's clock."""
    return {
        "id": series.id,
        "type": series.kind,
        "unit": series.unit,
        "source": series.source,
        "device": series.device,
        "n": series.n,
        "first": None if series.first is None else zone.format(series.first),
        "last": None if series.last is None else zone.format(series.last),
        "labels": list(series.labels),
    }


def vault_document(info: VaultInfo) -> dict[str, Any]:
    """What a vault is made of."""
    return {
        "vault": info.vault,
        "cipher": info.cipher,
        "schema": info.schema,
        "page_size": info.page_size,
        "slots": [{"id": slot.id, "kind": slot.kind, "label": slot.label} for slot in info.slots],
    }


def zone_document(period: ZonePeriod) -> dict[str, Any]:
    """One stretch of a zone timeline; ``from`` is null when it reaches back for ever."""
    return {
        "from": _since(period.from_utc),
        "zone": period.zone,
        "certainty": period.certainty,
        "evidence": period.origin,
    }


def import_document(report: ImportReport, path: str, *, stored: bool) -> dict[str, Any]:
    """An import report. ``ok`` is false for an incomplete file: what is whole is in, but it is no plain success."""
    types: dict[str, dict[str, Any]] = {}
    for name, count in sorted(report.types.items()):
        types[name] = {
            "records": count.records,
            "unique": count.unique,
            "duplicates": count.duplicates,
            "rejected": count.rejected,
        }
        if stored:
            types[name]["stored_new"] = count.stored_new
    return {
        "ok": report.outcome is not ImportOutcome.INCOMPLETE,
        "outcome": report.outcome,
        "file": path,
        "format": report.format,
        "format_version": report.format_version,
        "complete": report.complete,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "types": types,
        "elements": dict(sorted(report.elements.items())),
        "problems": [
            {"code": one.code, "count": one.count, "first_at": one.first_at, "message": one.message}
            for one in report.problems
        ],
        "zones": [
            {**zone_document(found.period), "evidence": found.evidence, "count": found.count} for found in report.zones
        ],
        "exported": None if report.exported is None else format_instant(report.exported),
        "vanished": report.vanished,
        "returned": report.returned,
        "superseded": report.superseded,
        "resumed_at": report.resumed_at,
        "first": None if report.first is None else format_instant(report.first),
        "last": None if report.last is None else format_instant(report.last),
        "sha256": report.sha256,
        "import": report.import_id,
        "patient": report.patient_id,
    }
