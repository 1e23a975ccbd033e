"""A panel, or findings alone, as bytes and back: a JSON head and the arrays as they lie in memory; no pickling."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Coverage, Finding, Provenance
from clarity_desktop.domain.panel import AverageDay, DayCoverage, Panel, WearBout
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Certainty, Span, ZonePeriod, ZoneTimeline

__all__ = ["FORMAT_VERSION", "decode_findings", "decode_panel", "encode_findings", "encode_panel"]

FORMAT_VERSION: Final = 4
"""Raised whenever the head's fields change; an entry of another version is computed afresh."""
_MAGIC: Final = b"CLPN"
_HEAD: Final = struct.Struct("<4sHI")
_AVERAGE: Final = ("mean", "median", "lower", "upper", "n")


def encode_panel(panel: Panel) -> bytes:
    """The panel as bytes that :func:`decode_panel` reads; equal panels give equal bytes."""
    arrays: list[NDArray[Any]] = [panel.epochs.values, panel.epochs.state]
    if panel.average_day is not None:
        arrays += [getattr(panel.average_day, name) for name in _AVERAGE]
    head = {
        "span": _span(panel.span),
        "zone": [[p.from_utc, p.zone, p.certainty.value, p.origin] for p in panel.zone.periods],
        "epochs": [panel.epochs.start, panel.epochs.step_s, panel.epochs.unit, panel.epochs.kind],
        "signal": panel.signal,
        "signal_note": panel.signal_note,
        "coverage": _coverage(panel.coverage),
        "wear_rule": panel.wear_rule,
        "wear_bouts": [[*_span(bout.span), bout.rule] for bout in panel.wear_bouts],
        "days": [[d.date.isoformat(), d.worn_min, d.not_worn_min, d.missing_min, d.valid] for d in panel.days],
        **_findings_head(panel.findings),
        "nights": [_night(night) for night in panel.nights],
        "naps": [_night(nap) for nap in panel.naps],
        "average_day": panel.average_day is not None,
        "provenance": _provenance(panel.provenance),
        "simulated": panel.simulated,
        "notes": panel.notes,
        "arrays": [[array.dtype.str, array.size] for array in arrays],
    }
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    body = zlib.compress(text + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays), 1)
    return _HEAD.pack(_MAGIC, FORMAT_VERSION, len(text)) + body


def decode_panel(blob: bytes) -> Panel | None:
    """The panel of :func:`encode_panel`, or ``None`` for bytes of another version or form."""
    if len(blob) < _HEAD.size:
        return None
    magic, version, length = _HEAD.unpack_from(blob)
    if magic != _MAGIC or version != FORMAT_VERSION:
        return None
    try:
        content = zlib.decompress(memoryview(blob)[_HEAD.size :])
    except zlib.error:
        return None
    head: dict[str, Any] = json.loads(content[:length])
    arrays: list[NDArray[Any]] = []
    place = length
    for kind, size in head["arrays"]:
        dtype = np.dtype(kind)
        arrays.append(np.frombuffer(content, dtype, size, place))
        place += dtype.itemsize * size
    zone = ZoneTimeline(tuple(ZonePeriod(at, name, Certainty(sure), why) for at, name, sure, why in head["zone"]))
    start, step_s, unit, kind = head["epochs"]
    return Panel(
        span=Span(*head["span"]),
        zone=zone,
        epochs=Epochs(start, step_s, arrays[0], arrays[1], zone, unit, kind),
        signal=head["signal"],
        signal_note=head["signal_note"],
        coverage=Coverage(*head["coverage"]),
        wear_rule=head["wear_rule"],
        wear_bouts=tuple(WearBout(Span(begin, end), rule) for begin, end, rule in head["wear_bouts"]),
        days=tuple(DayCoverage(date.fromisoformat(day), *rest) for day, *rest in head["days"]),
        findings=_findings_of(head),
        nights=tuple(_as_night(row) for row in head["nights"]),
        naps=tuple(_as_night(row) for row in head["naps"]),
        average_day=AverageDay(*arrays[2:7]) if head["average_day"] else None,
        provenance=_as_provenance(head["provenance"]),
        simulated=head["simulated"],
        notes=tuple(head["notes"]),
    )


def encode_findings(findings: Sequence[Finding]) -> bytes:
    """Findings on their own as bytes that :func:`decode_findings` reads."""
    head = {"version": FORMAT_VERSION, **_findings_head(findings)}
    return json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode_findings(blob: bytes) -> tuple[Finding, ...] | None:
    """The findings of :func:`encode_findings`, or ``None`` for bytes of another version or form."""
    try:
        head = json.loads(blob)
    except ValueError:
        return None
    if not isinstance(head, dict) or head.get("version") != FORMAT_VERSION:
        return None
    return _findings_of(head)


def _findings_head(findings: Sequence[Finding]) -> dict[str, Any]:
    provenances = list(dict.fromkeys(finding.provenance for finding in findings))
    coverages = list(dict.fromkeys(finding.coverage for finding in findings if finding.coverage is not None))
    return {
        "provenances": [_provenance(provenance) for provenance in provenances],
        "coverages": [_coverage(coverage) for coverage in coverages],
        "findings": [
            [
                f.metric,
                f.value,
                f.unit,
                _span(f.span),
                None if f.coverage is None else coverages.index(f.coverage),
                provenances.index(f.provenance),
                f.insufficient,
                f.interval,
                f.n,
                f.details,
            ]
            for f in findings
        ],
    }


def _findings_of(head: dict[str, Any]) -> tuple[Finding, ...]:
    coverages = [Coverage(*row) for row in head["coverages"]]
    provenances = [_as_provenance(row) for row in head["provenances"]]
    return tuple(_finding(row, coverages, provenances) for row in head["findings"])


def _span(span: Span) -> list[int]:
    return [span.start, span.stop]


def _coverage(c: Coverage) -> list[int]:
    return [c.epochs, c.worn, c.not_worn, c.missing, c.days, c.valid_days]


def _provenance(p: Provenance) -> list[Any]:
    return [p.input_hash, p.algorithm, p.version, p.zone, p.wear_rule, p.parameters, p.model]


def _as_provenance(row: list[Any]) -> Provenance:
    digest, algorithm, version, zone, rule, parameters, model = row
    return Provenance(digest, algorithm, version, zone, rule, tuple((key, value) for key, value in parameters), model)


def _finding(row: list[Any], coverages: list[Coverage], provenances: list[Provenance]) -> Finding:
    metric, value, unit, span, coverage, provenance, insufficient, interval, n, details = row
    return Finding(
        metric,
        value,
        unit,
        Span(*span),
        None if coverage is None else coverages[coverage],
        provenances[provenance],
        insufficient,
        None if interval is None else (interval[0], interval[1]),
        n,
        tuple((key, number) for key, number in details),
    )


_NIGHT_FIELDS: Final = tuple(field.name for field in fields(Night) if field.name not in ("date", "segments"))


def _night(night: Night) -> list[Any]:
    sources = list(dict.fromkeys(segment.source for segment in night.segments))
    stages = list(Stage)
    return [
        night.date.isoformat(),
        [getattr(night, name) for name in _NIGHT_FIELDS],
        sources,
        [[s.start, s.stop, stages.index(s.stage), sources.index(s.source)] for s in night.segments],
    ]


def _as_night(row: list[Any]) -> Night:
    day, values, sources, segments = row
    stages = list(Stage)
    return Night(
        date=date.fromisoformat(day),
        segments=tuple(
            SleepSegment(start, stop, stages[stage], sources[source]) for start, stop, stage, source in segments
        ),
        **dict(zip(_NIGHT_FIELDS, values, strict=True)),
    )
