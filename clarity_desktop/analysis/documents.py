"""A panel as the JSON document of ``analyze`` and of exports: ISO times with offset, ``null`` beside a reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clarity_desktop.domain.findings import METRICS, Finding, Provenance
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Instant, ZoneTimeline

__all__ = ["night_document", "panel_document"]


def panel_document(panel: Panel, metrics: Iterable[str] | None = None) -> dict[str, Any]:
    """The document of ``analyze``; ``metrics`` narrows the findings to these ids.

    Every metric is a key of its family: ``circadian``, ``sleep`` or ``heart``. One without a value is ``null``, and
    ``insufficient`` of the family says why. ``details`` holds interval, unit, n and provenance of each. No number is
    NaN or infinite.
    """
    wanted = None if metrics is None else set(metrics)
    families: dict[str, dict[str, Any]] = {"circadian": {}, "sleep": {}, "heart": {}}
    reasons: dict[str, dict[str, str]] = {}
    details: dict[str, Any] = {}
    for finding in panel.findings:
        if wanted is not None and finding.metric not in wanted:
            continue
        family = METRICS[finding.metric].family
        families.setdefault(family, {})[finding.metric] = finding.value
        if finding.insufficient is not None:
            reasons.setdefault(family, {})[finding.metric] = finding.insufficient
        details[finding.metric] = _finding(finding)
    for family, values in families.items():
        values["insufficient"] = reasons.get(family, {})
    families["sleep"]["nights"] = [night_document(night, panel.zone) for night in panel.nights]
    families["sleep"]["naps"] = [night_document(nap, panel.zone) for nap in panel.naps]
    zone = panel.provenance.zone
    return {
        "zone": zone,
        "zones": [
            {"from": None if index == 0 else panel.zone.format(period.from_utc), "zone": period.zone}
            for index, period in enumerate(panel.zone.periods)
        ],
        "from": panel.zone.format(panel.span.start),
        "to": panel.zone.format(panel.span.stop),
        "signal": {"kind": panel.signal, "note": panel.signal_note, "epoch_s": panel.epochs.step_s},
        "coverage": _coverage(panel),
        "wear": {
            "rule": panel.wear_rule,
            "bouts": [
                {"from": panel.zone.format(b.span.start), "to": panel.zone.format(b.span.stop), "rule": b.rule}
                for b in panel.wear_bouts
            ],
        },
        **families,
        "findings": details,
        "provenance": _provenance(panel.provenance),
        "simulated": panel.simulated,
        "notes": list(panel.notes),
    }


def _coverage(panel: Panel) -> dict[str, Any]:
    coverage = panel.coverage
    return {
        "epochs": coverage.epochs,
        "worn": coverage.worn,
        "not_worn": coverage.not_worn,
        "missing": coverage.missing,
        "worn_share": coverage.worn_share,
        "days": coverage.days,
        "valid_days": coverage.valid_days,
        "by_day": [
            {
                "date": day.date.isoformat(),
                "worn_min": day.worn_min,
                "not_worn_min": day.not_worn_min,
                "missing_min": day.missing_min,
                "valid": day.valid,
            }
            for day in panel.days
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "value": finding.value,
        "unit": finding.unit,
        "interval": None if finding.interval is None else list(finding.interval),
        "n": finding.n,
        "rests_on": METRICS[finding.metric].rests_on,
        "insufficient": finding.insufficient,
        "provenance": _provenance(finding.provenance),
        **({"details": dict(finding.details)} if finding.details else {}),
    }


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "input_hash": provenance.input_hash,
        "algorithm": provenance.algorithm,
        "version": provenance.version,
        "zone": provenance.zone,
        "wear_rule": provenance.wear_rule,
        "parameters": dict(provenance.parameters),
        "model": provenance.model or None,
    }


def _time(instant: Instant | None, zone: ZoneTimeline) -> str | None:
    return None if instant is None else zone.format(instant)


def night_document(night: Night, zone: ZoneTimeline) -> dict[str, Any]:
    """One night or nap. Absent values are ``null``, and ``insufficient`` says why."""
    missing = {
        name: "No in-bed record."
        for name in ("tib_min", "sol_min", "se_pct")
        if getattr(night, name) is None and night.in_bed is None
    }
    if night.sol_min is None and night.in_bed is not None:
        missing["sol_min"] = "The in-bed record begins after sleep."
    if night.se_pct is None and night.in_bed is not None:
        missing["se_pct"] = "More sleep than time in bed is recorded."
    return {
        "date": night.date.isoformat(),
        "onset": zone.format(night.onset),
        "offset": zone.format(night.offset),
        "in_bed": _time(night.in_bed, zone),
        "out_of_bed": _time(night.out_of_bed, zone),
        "tib_min": night.tib_min,
        "tst_min": night.tst_min,
        "sol_min": night.sol_min,
        "waso_min": night.waso_min,
        "se_pct": night.se_pct,
        "maintenance_pct": night.maintenance_pct,
        "awakenings": night.awakenings,
        "awakenings_5min": night.awakenings_5min,
        "midsleep_h": night.midsleep_h,
        "stages_min": night.stages_min,
        "rem_latency_min": night.rem_latency_min,
        "source": night.source,
        "method": night.method,
        "incomplete": night.incomplete or None,
        "edited": night.edited or None,
        "insufficient": missing,
    }
