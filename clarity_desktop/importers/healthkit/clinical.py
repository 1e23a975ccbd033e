"""Clinical documents (FHIR JSON) that clinical records of an export name, joined to those records."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np

from clarity_desktop.domain.importing import Element
from clarity_desktop.importers.healthkit.records import canonical_json

__all__ = ["CLINICAL_BYTES", "json_depth", "with_resource"]

CLINICAL_BYTES = 16 << 20
"""Largest document that is read; documents with attached pictures have a few megabytes."""
_DEPTH = 64
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def json_depth(data: bytes) -> int:
    """How deep brackets nest outside of strings."""
    plain = np.frombuffer(_STRING.sub(b"", data), np.uint8)
    steps = ((plain == 0x5B) | (plain == 0x7B)).astype(np.int32) - ((plain == 0x5D) | (plain == 0x7D))
    return int(np.cumsum(steps).max(initial=0))


def with_resource(element: Element, data: bytes) -> Element | None:
    """The element with the document under ``resource``, ``None`` when the bytes are no JSON of a bearable depth."""
    if json_depth(data) > _DEPTH:
        return None
    try:
        resource = json.loads(data)
        payload = {**json.loads(element.payload), "resource": resource}
        return replace(element, payload=canonical_json(payload).encode("utf-8", "replace").decode())
    except (ValueError, RecursionError):
        return None
