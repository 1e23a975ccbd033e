"""What a server really takes: one harmless sentinel a type, without anything of anyone, and its removal (Y-72)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.sync.carriers import METRIC_TYPES
from clarity_desktop.cloud.sync.metrics import DEFAULT_ACCEPTED, packed_metrics, request_body
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import Span

__all__ = ["PROBE_EVERY_S", "TypeProbe", "accepted_types", "probe_types"]

PROBE_EVERY_S: Final = 7 * 86_400
_MARK: Final = "ClarityProbe"


@dataclass(frozen=True, slots=True)
class TypeProbe:
    """What became of the sentinel of one type."""

    metric_type: str
    outcome: str
    """``accepted``, ``refused``, ``crashes`` or ``unknown``."""
    is_readable: bool
    is_known: bool
    """Whether its processing id is known to the server."""
    is_removed: bool


def accepted_types(document: dict[str, Any] | None) -> frozenset[str]:
    """Types to send on, from a kept probe; what the observed server takes where nobody has asked yet."""
    if not document:
        return DEFAULT_ACCEPTED
    found = frozenset(name for name, one in document.get("types", {}).items() if one["outcome"] == "accepted")
    return found or DEFAULT_ACCEPTED


async def probe_types(api: CloudApi, now: float, names: Sequence[str] = tuple(METRIC_TYPES)) -> list[TypeProbe]:
    """Upload a sentinel for each of these types, look which come back, and remove them.

    Raises
    ------
    CloudError
        When the server cannot be asked at all.
    """
    empty = Samples(
        np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.uint8), "", ()
    )
    span = Span(int(now) - 86_400, int(now))
    outcome: dict[str, str] = {}
    ids: dict[str, tuple[str, str]] = {}
    for name in names:
        channel = Channel(_MARK, "", "", "s00000000", "probe/1", empty)
        ((metric, _),) = packed_metrics(name, [channel], span)
        op_id = str(uuid.uuid4())
        body = request_body(api.user_id, [{"metric_id": op_id, **metric}], str(uuid.uuid4()), now)
        try:
            receipt = await api.upload_metrics(body, correlation=str(uuid.uuid4()))
        except CloudError as error:
            if error.problem is None and not error.outcome_unknown:
                raise
            status = 0 if error.problem is None else error.problem.status
            outcome[name] = "refused" if status in (400, 409, 422) else "crashes" if status >= 500 else "unknown"
            continue
        outcome[name] = "accepted"
        ids[name] = (op_id, receipt.processing_id)
    stored = {metric.metric_id async for upload in api.list_uploads() for metric in upload.metrics}
    known = {name: await api.processing_status(one) is not None for name, (_, one) in ids.items()}
    removed = {name: await api.delete_upload(processing_id) for name, (_, processing_id) in ids.items()}
    return [
        TypeProbe(
            name,
            outcome[name],
            name in ids and ids[name][0] in stored,
            known.get(name, False),
            removed.get(name, False),
        )
        for name in names
    ]
