"""Metrics as they travel: packed channels of a stretch with the typed values that their carrier demands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import numpy as np

from clarity_desktop.cloud.dto import HealthDataUpload, HealthMetric
from clarity_desktop.cloud.sync.carriers import METRIC_TYPES, Carrier, carrier_of, typed_block
from clarity_desktop.cloud.sync.origin import ORIGIN, Origin
from clarity_desktop.cloud.sync.packing import Channel, pack
from clarity_desktop.domain.exchange import stand_in
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation
from clarity_desktop.domain.time import DAY_S, Span

__all__ = [
    "DEFAULT_ACCEPTED",
    "UPLOAD_SOURCE",
    "carriers_for",
    "packed_metrics",
    "request_body",
    "source_mark",
    "stamp",
]

UPLOAD_SOURCE: Final = "clarity_desktop"
DEFAULT_ACCEPTED: Final = frozenset({"heart_rate", "blood_pressure", "activity_level"})
"""Types that the observed server takes from a packed month; others ride on these (clarity-api §7, D10)."""
_DIASTOLIC: Final = "HKQuantityTypeIdentifierBloodPressureDiastolic"
_OWN: Final = {
    "heart_rate": "HKQuantityTypeIdentifierHeartRate",
    "blood_pressure": "HKQuantityTypeIdentifierBloodPressureSystolic",
    "activity_level": "HKQuantityTypeIdentifierStepCount",
}


def carriers_for(kinds: Sequence[str], accepted: frozenset[str] = DEFAULT_ACCEPTED) -> dict[str, str]:
    """The type that each kind travels on at a server; kinds that do not travel are left out."""
    found = {kind: carrier_of(kind, accepted) for kind in kinds}
    return {kind: carrier.type for kind, carrier in found.items() if carrier is not None}


def packed_metrics(metric_type: str, channels: Sequence[Channel], span: Span) -> list[tuple[dict[str, Any], str]]:
    """The metrics of a stretch without their ids, one a part, each with the hash of its packed text.

    The typed value is a mean or daily sum of the carrier's own channel, inside the server's range; where the stretch
    has no such channel it stands in for one, which the metric says. True values are in the packed text alone.
    """
    carrier = METRIC_TYPES[metric_type]
    summary, is_true = _summary(carrier, channels)
    block = typed_block(carrier, summary)
    if metric_type == "blood_pressure":
        lower = _mean([one for one in channels if one.kind == _DIASTOLIC])
        block["blood_pressure_diastolic"] = round(min(max(80.0 if lower is None else lower, 40), 150))
        is_true = is_true and lower is not None
    if metric_type == "sleep_analysis":
        # A night that the server's own rules agree with; the true minutes and stages are in the packed text alone.
        stop = span.start + 60 * int(block["total_sleep_minutes"])
        block |= {"sleep_start": stamp(span.start), "sleep_end": stamp(stop), "sleep_efficiency": 1.0}
        is_true = False
    # Records are of no stretch of time; theirs lies before all others.
    begun = stamp(max(span.start, 0))
    found = []
    for part in pack(channels):
        document = part.document()
        metric = {
            "metric_type": metric_type,
            carrier.block.value: block,
            "raw_data": document,
            "metadata": {"summary": "packed" if is_true else "stand_in", "from": begun, "part": part.part},
            "created_at": begun,
        }
        found.append((metric, document["sha256"]))
    return found


def _summary(carrier: Carrier, channels: Sequence[Channel]) -> tuple[float, bool]:
    own = [one for one in channels if one.kind == _OWN.get(carrier.type) and len(one.samples)]
    if not own:
        return carrier.least, False
    if kind_of(own[0].kind, own[0].unit).accumulation is Accumulation.SUM:
        total = float(sum(np.nansum(one.samples.value) for one in own))
        days = {int(day) for one in own for day in np.unique(one.samples.start // DAY_S)}
        value = total / max(len(days), 1)
    else:
        mean = _mean(own)
        value = carrier.least if mean is None else mean
    return value, carrier.least <= value <= carrier.most


def _mean(channels: Sequence[Channel]) -> float | None:
    values = np.concatenate([one.samples.value for one in channels]) if channels else np.empty(0)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None


def request_body(
    user_id: str, metrics: Sequence[dict[str, Any]], sync_token: str, now: float, origin: Origin | None = None
) -> bytes:
    """A request's bytes; made once and kept, so that every try sends the same (Y-53).

    Parameters
    ----------
    origin:
        Session that makes it, told beside each packed text (Y-44).
    """
    told = {} if origin is None else {ORIGIN: origin.document()}
    marked = [{**one, "raw_data": {**one["raw_data"], **told}} for one in metrics] if told else list(metrics)
    document: HealthDataUpload = {
        "user_id": user_id,
        "metrics": [cast(HealthMetric, one) for one in marked],
        "upload_source": UPLOAD_SOURCE,
        "client_timestamp": stamp(now),
        "sync_token": sync_token,
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def stamp(instant: float) -> str:
    """A UTC instant with ``Z``."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def source_mark(person: str, source: str) -> str:
    """A stand-in for a source's name, the same for all pieces of one person's source.

    Parameters
    ----------
    person:
        The number that names the person in uploads, so that another device of the account finds the source again.
    source:
        Its name; one that is a stand-in already, because its samples came from another device, stays as it is.
    """
    return stand_in(person, source)
