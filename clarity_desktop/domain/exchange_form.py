"""Records as plain values, and back: the one form in which they are kept and in which they travel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarity_desktop.domain.exchange import ExchangeRecord, RecordClass, RecordVersion, Stamp

__all__ = ["record_document", "record_of_document"]


def record_document(record: ExchangeRecord) -> dict[str, Any]:
    """A record as plain values."""
    return {
        "class": record.record_class.value,
        "entity": record.entity,
        "versions": [
            {
                "at": [one.stamp.counter, one.stamp.device],
                "fields": None if one.fields is None else dict(one.fields),
                "seen": [list(pair) for pair in one.seen],
                "wall": one.wall,
                "who": one.who,
                "base": None if one.base is None else dict(one.base),
            }
            for one in record.versions
        ],
    }


def record_of_document(document: Mapping[str, Any]) -> ExchangeRecord:
    """The reverse of :func:`record_document`; raises ``KeyError``, ``TypeError`` or ``ValueError`` otherwise."""
    versions = [
        RecordVersion(
            Stamp(int(one["at"][0]), str(one["at"][1])),
            None if one["fields"] is None else dict(one["fields"]),
            tuple(sorted((str(device), int(counter)) for device, counter in one["seen"])),
            int(one["wall"]),
            str(one["who"]),
            None if one["base"] is None else dict(one["base"]),
        )
        for one in document["versions"]
    ]
    if not versions:
        raise ValueError("a record without a version")
    versions.sort(key=lambda one: one.stamp)
    return ExchangeRecord(RecordClass(document["class"]), str(document["entity"]), tuple(versions))
