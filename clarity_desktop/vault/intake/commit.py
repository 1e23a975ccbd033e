"""The transaction that ends an import: what was staged is merged with what is stored, marked, and journalled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.importing import ImportReport, Origin, SinkCounts, TypeCount, ZoneFound
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Span
from clarity_desktop.vault.intake.elements import merge_elements, merge_set_aside
from clarity_desktop.vault.intake.merge import SeriesKey, StagedSeries, is_spread, merge_series
from clarity_desktop.vault.intake.stage import clear_stage, stage_lost
from clarity_desktop.vault.intake.stand_ins import name_stand_ins
from clarity_desktop.vault.intake.supersede import supersede
from clarity_desktop.vault.intake.undo import UndoRecord
from clarity_desktop.vault.intake.vanish import latest_export, mark_gone_elements, mark_rest, vanishing_of
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import WriteTransaction
from clarity_desktop.vault.tables.imports import sealed_report
from clarity_desktop.vault.tables.zones import joined_zones, stored_zones, write_zones

__all__ = ["StagedImport", "commit_import"]


@dataclass(slots=True)
class StagedImport:
    """Everything an import has put down beside its blobs."""

    token: str
    patient_id: PatientId
    format: str
    sha256: str
    series: dict[SeriesKey, StagedSeries] = field(default_factory=dict)
    origins: dict[int, Origin] = field(default_factory=dict)
    ranges: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """First start and last end of each kind and source in the file."""
    zones: tuple[ZoneFound, ...] = ()
    blobs: int = 0

    def cover(self, key: SeriesKey, first: int, last: int) -> None:
        """Widen the range of a kind and source."""
        before = self.ranges.get((key.kind, key.source))
        if before is not None:
            first, last = min(first, before[0]), max(last, before[1])
        self.ranges[key.kind, key.source] = (first, last)

    @property
    def span(self) -> Span | None:
        """What all samples of the file cover."""
        if not self.ranges:
            return None
        first = min(first for first, _ in self.ranges.values())
        return Span(first, max(first, *(last for _, last in self.ranges.values())))

    def document(self) -> dict[str, Any]:
        """What cannot be found in the stage, to be noted; the zones come at the file's end only."""
        return {
            "series": [[k.kind, k.unit, k.source, one.labels, one.has_versions] for k, one in self.series.items()],
            "origins": [[key, one.device, one.version] for key, one in self.origins.items()],
            "ranges": [[kind, source, *span] for (kind, source), span in self.ranges.items()],
            "blobs": self.blobs,
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """The reverse of :meth:`document`."""
        for kind, unit, source, labels, has_versions in document["series"]:
            self.series[SeriesKey(kind, unit, source)] = StagedSeries(list(labels), has_versions=has_versions)
        self.origins = {key: Origin(device, version) for key, device, version in document["origins"]}
        self.ranges = {(kind, source): (first, last) for kind, source, first, last in document["ranges"]}
        self.blobs = document["blobs"]


def commit_import(
    write: WriteTransaction, seal: PatientSeal, staged: StagedImport, report: ImportReport
) -> tuple[dict[str, SinkCounts], ImportReport]:
    """Make an import visible within a write transaction; answers counts by kind and the report as it is stored.

    Raises
    ------
    IntegrityError
        ``import.stage_lost`` when another process has cleared what was staged.
    """
    connection, patient_id = write.connection, staged.patient_id
    in_stage = select(func.count()).select_from(schema.stage).where(schema.stage.c.token == staged.token)
    if connection.execute(in_stage).scalar_one() != staged.blobs:
        raise stage_lost()
    known = _known_span(write, patient_id)
    latest = latest_export(connection, seal)
    rule = vanishing_of(connection, seal, staged.format, report, staged.ranges, latest)
    import_id = _journalled(write, staged)
    undo = UndoRecord(connection, seal, import_id)
    _write_origins(write, staged)
    name_stand_ins(connection, patient_id, {key.source for key in staged.series})
    totals: dict[str, tuple[int, int]] = {}
    vanished, returned, superseded = Counter[str](), Counter[str](), Counter[str]()
    for key, series in staged.series.items():
        merged = merge_series(connection, seal, key, series, undo=undo, rule=rule, format=staged.format)
        before = totals.get(key.kind, (0, 0))
        totals[key.kind] = (before[0] + merged.unique, before[1] + merged.new)
        vanished[key.kind] += merged.vanished
        returned[key.kind] += merged.returned
        if series.has_versions and merged.changed:
            spread = is_spread(key)
            superseded[key.kind] += supersede(connection, seal, merged.series_id, spread=spread, undo=undo)
    if rule is not None:
        periods = {(key.kind, key.unit, key.source): frozenset(one.parts) for key, one in staged.series.items()}
        vanished.update(mark_rest(connection, seal, rule, undo, periods))
    samples = sum(unique for unique, _ in totals.values()), sum(new for _, new in totals.values())
    is_latest = report.exported is None or latest is None or report.exported >= latest
    elements = merge_elements(connection, patient_id, import_id, staged.token, is_latest=is_latest)
    totals.update(elements.counts)
    if rule is not None:
        vanished.update(mark_gone_elements(connection, rule, import_id, elements.met))
    returned.update(elements.returned)
    merge_set_aside(connection, import_id, staged.token)
    # The stage is empty of what counts now; cleared here, its pages take the zones that follow.
    clear_stage(connection, staged.token)
    stored = stored_zones(connection, patient_id)
    undo.zones(stored)
    _merge_zones(write, staged, known, stored)
    undo.write(rule.noted if rule is not None else {})
    counts = {kind: SinkCounts(unique, new) for kind, (unique, new) in totals.items()}
    kept = replace(
        _completed(report, staged, counts, import_id),
        vanished=_present(vanished),
        returned=_present(returned),
        superseded=_present(superseded),
    )
    outcome = report.outcome.value
    sealed = sealed_report(seal, import_id, kept)
    connection.execute(
        update(schema.imports).where(schema.imports.c.id == import_id).values(sealed_report=sealed, outcome=outcome)
    )
    write.outcome = outcome
    write.detail = f"import {import_id}: {samples[1]} new of {samples[0]} samples, {len(counts)} kinds"
    gone = sum(vanished.values())
    if gone:
        write.detail += f", {gone} no longer in the export"
    return counts, kept


def _present(counted: Counter[str]) -> dict[str, int]:
    return {kind: n for kind, n in counted.items() if n}


def _journalled(write: WriteTransaction, staged: StagedImport) -> int:
    done = write.connection.execute(
        insert(schema.imports).values(
            patient_id=staged.patient_id,
            format=staged.format,
            sha256=staged.sha256,
            finished=int(time.time()),
            outcome="",
            sealed_report=b"",
        )
    )
    (import_id,) = done.inserted_primary_key or (None,)
    return int(import_id or 0)


def _write_origins(write: WriteTransaction, staged: StagedImport) -> None:
    if staged.origins:
        rows = [{"id": key, "device": o.device, "version": o.version} for key, o in staged.origins.items()]
        write.connection.execute(upsert(schema.origins).on_conflict_do_nothing(), rows)


def _completed(
    report: ImportReport, staged: StagedImport, counts: dict[str, SinkCounts], import_id: int
) -> ImportReport:
    types = dict(report.types)
    for kind, count in types.items():
        found = counts.get(kind, SinkCounts(0, 0))
        new = found.stored_new or 0
        duplicates = count.records - count.rejected - new
        types[kind] = TypeCount(count.records, found.unique, duplicates, count.rejected, new)
    span = staged.span
    return replace(
        report,
        types=types,
        import_id=import_id,
        patient_id=staged.patient_id,
        sha256=report.sha256 or staged.sha256,
        first=report.first if report.first is not None or span is None else span.start,
        last=report.last if report.last is not None or span is None else span.stop,
    )


def _known_span(write: WriteTransaction, patient_id: PatientId) -> Span | None:
    table = schema.series
    query = select(func.min(table.c.first), func.max(table.c.last)).where(table.c.patient_id == patient_id)
    first, last = write.connection.execute(query).one()
    return None if first is None else Span(first, max(first, last))


def _merge_zones(
    write: WriteTransaction, staged: StagedImport, known: Span | None, stored: tuple[ZoneFound, ...]
) -> None:
    span = staged.span
    after = (stored or staged.zones) if span is None else joined_zones(stored, staged.zones, span, known)
    if after != stored:
        write_zones(write.connection, staged.patient_id, after)
