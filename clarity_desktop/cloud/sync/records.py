"""Records as the text of a packed channel, and back: the same records give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from clarity_desktop.cloud.sync.packing import PackedPart, peek
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.exchange import ExchangeRecord, RecordClass
from clarity_desktop.domain.exchange_form import record_document, record_of_document

__all__ = ["is_notice", "only_stops", "read_records", "records_text"]

_FORMAT: Final = 1


def records_text(records: Iterable[ExchangeRecord]) -> str:
    """Records as JSON, in the order of class and entity; empty for none."""
    documents = [record_document(one) for one in sorted(records, key=lambda one: (one.record_class.value, one.entity))]
    if not documents:
        return ""
    document = {"format": _FORMAT, "records": documents}
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)


def read_records(text: str) -> tuple[ExchangeRecord, ...]:
    """The reverse of :func:`records_text`.

    Raises
    ------
    IntegrityError
        ``sync.records`` for a text that says something else, or comes from a newer program.
    """
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise _damaged(f"format {document['format']}")
        return tuple(record_of_document(one) for one in document["records"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _damaged(type(error).__name__) from error


def is_notice(metric: Mapping[str, Any] | None) -> bool:
    """Whether a metric tells other devices of withdrawals and erasures and of nothing else.

    Such a notice may go although the consent is withdrawn: it is what stops the other devices (Y-47).
    """
    if metric is None:
        return False
    try:
        part = PackedPart.from_document(metric.get("raw_data") or {})
        if part.parts != 1:
            return False
        _, headers = peek(part.text)
        records = [one for header in headers for one in read_records(str(header.get("text") or ""))]
    except IntegrityError:
        return False
    return bool(records) and only_stops(records)


def only_stops(records: Sequence[ExchangeRecord]) -> bool:
    """Whether records are withdrawals and erasures alone."""
    return all(
        one.record_class is RecordClass.ERASURE
        or (
            one.record_class is RecordClass.CONSENT
            and all(version.fields is not None and not version.fields.get("held") for version in one.versions)
        )
        for one in records
    )


def _damaged(detail: str) -> IntegrityError:
    return IntegrityError(
        "sync.records",
        "What another device sent beside samples could not be read.",
        remedy="Bring both devices to the same version of this program, and sync again.",
        detail=detail,
    )
