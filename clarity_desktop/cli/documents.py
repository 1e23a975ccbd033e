"""Domain values as the documents of the command line contract; field names here are fixed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.findings import METRICS, Coverage, Finding, Metric
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Instant, ZonePeriod, ZoneTimeline, format_instant

if TYPE_CHECKING:
    from clarity_desktop.vault import VaultInfo

__all__ = [
    "declared_metric",
    "finding_document",
    "import_document",
    "night_document",
    "panel_document",
    "patient_document",
    "series_document",
    "vault_document",
    "zone_document",
]

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
        "first": None if report.first is None else format_instant(report.first),
        "last": None if report.last is None else format_instant(report.last),
        "sha256": report.sha256,
        "import": report.import_id,
        "patient": report.patient_id,
    }


def night_document(night: Night, zone: ZoneTimeline) -> dict[str, Any]:
    """One night."""

    def at(instant: Instant | None) -> str | None:
        return None if instant is None else zone.format(instant)

    return {
        "date": night.date,
        "onset": at(night.onset),
        "offset": at(night.offset),
        "in_bed": at(night.in_bed),
        "out_of_bed": at(night.out_of_bed),
        "tib_min": night.tib_min,
        "tst_min": night.tst_min,
        "sol_min": night.sol_min,
        "waso_min": night.waso_min,
        "se_pct": night.se_pct,
        "maintenance_pct": night.maintenance_pct,
        "awakenings": night.awakenings,
        "awakenings_5min": night.awakenings_5min,
        "midsleep_h": night.midsleep_h,
        "rem_latency_min": night.rem_latency_min,
        "stages_min": dict(night.stages_min),
        "source": night.source,
        "method": night.method,
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {**asdict(coverage), "worn_share": coverage.worn_share}


def declared_metric(metric_id: str) -> Metric | None:
    """The registry entry of a metric, if it has one."""
    if metric_id in METRICS:
        return METRICS[metric_id]
    return None


def finding_document(finding: Finding, zone: ZoneTimeline) -> dict[str, Any]:
    """One finding with all it rests on."""
    declared = declared_metric(finding.metric)
    return {
        "metric": finding.metric,
        "title": declared.title if declared is not None else finding.metric,
        "value": finding.value,
        "unit": finding.unit,
        "interval": finding.interval,
        "from": zone.format(finding.span.start),
        "to": zone.format(finding.span.stop),
        "n": finding.n,
        "insufficient": finding.insufficient,
        "reference": declared.reference if declared is not None else "",
        "details": dict(finding.details),
        "provenance": {**asdict(finding.provenance), "parameters": dict(finding.provenance.parameters)},
    }


def panel_document(panel: Panel, metrics: Collection[str] | None = None) -> dict[str, Any]:
    """The panel. ``metrics`` limits which findings are told; nights always are."""
    zone = panel.zone
    asked = [one for one in panel.findings if metrics is None or one.metric in metrics]
    families: dict[str, dict[str, Any]] = {"circadian": {}, "sleep": {}}
    for finding in asked:
        declared = declared_metric(finding.metric)
        family = "other" if declared is None else declared.family
        families.setdefault(family, {})[finding.metric] = finding.value
    families["sleep"] = {
        "nights": [night_document(night, zone) for night in panel.nights],
        "naps": [night_document(night, zone) for night in panel.naps],
        **families["sleep"],
    }
    return {
        "zone": zone.zone_at(panel.span.start).zone,
        "zones": [zone_document(period) for period in zone.periods],
        "from": zone.format(panel.span.start),
        "to": zone.format(panel.span.stop),
        "signal": panel.signal,
        "signal_note": panel.signal_note,
        "epoch_s": panel.epochs.step_s,
        "simulated": panel.simulated,
        "coverage": _coverage(panel.coverage),
        "wear": {
            "rule": panel.wear_rule,
            "bouts": [
                {"from": zone.format(bout.span.start), "to": zone.format(bout.span.stop), "rule": bout.rule}
                for bout in panel.wear_bouts
            ],
        },
        "days": [asdict(day) for day in panel.days],
        **families,
        "insufficient": {one.metric: one.insufficient for one in asked if one.insufficient is not None},
        "findings": [finding_document(one, zone) for one in asked],
        "notes": list(panel.notes),
        "provenance": {**asdict(panel.provenance), "parameters": dict(panel.provenance.parameters)},
    }
