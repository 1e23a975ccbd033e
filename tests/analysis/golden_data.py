"""The golden recordings as epochs, and the comparison rules of their checker."""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.sleep.states import States

FOLDER = Path(__file__).resolve().parent.parent / "data" / "circadian"
RECORDINGS = ("awd_example_01", "awd_example_03", "dst_spring", "gaps", "irregular", "normal", "shift")


@cache
def golden() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / "golden.json").read_text("utf-8"))
    return document


@cache
def recording(name: str) -> tuple[Epochs, States | None]:
    """Counts and, for simulated recordings, the true sleep."""
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    start = datetime.fromisoformat(rows[0]["timestamp"])
    zone_name = golden()["recordings"][name]["zone"]
    zone = ZoneTimeline.single(zone_name) if zone_name else ZoneTimeline.unknown()
    counts = np.array([float(row["counts"]) if row["counts"] else np.nan for row in rows], dtype=np.float32)
    instant = int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp())
    epochs = epochs_of_counts(instant, counts, zone, unit="counts", kind=ACTIVITY_COUNTS)
    if "true_sleep" not in rows[0]:
        return epochs, None
    return epochs, np.array([int(row["true_sleep"]) for row in rows], dtype=np.int8)


def leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested mappings and sequences."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{prefix}{key}.")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{prefix}{index}.")
    else:
        yield prefix[:-1], value


def _rule(key: str) -> dict[str, float]:
    return next(rule for pattern, rule in golden()["tolerances"] if re.search(pattern, key))


def _expanded(text: str) -> str:
    return "".join(letter * int(length) for letter, length in re.findall(r"([NWS])(\d+)", text))


def difference(key: str, want: Any, got: Any) -> str | None:
    """What is wrong with a value, or ``None`` when it lies within the golden's tolerance."""
    if want is None or got is None:
        return None if want is got else f"want {want!r}, got {got!r}"
    rule = _rule(key)
    if "agree" in rule:
        a, b = _expanded(want), _expanded(str(got))
        if len(a) != len(b):
            return f"length {len(b)}, want {len(a)}"
        share = sum(x == y for x, y in zip(a, b, strict=True)) / max(1, len(a))
        return None if share >= rule["agree"] else f"equal epochs {share:.5f}"
    if isinstance(want, bool | str):
        return None if want == got else f"{want!r} vs {got!r}"
    value = float(got)
    if not math.isfinite(value):
        return "not finite"
    if "hours" in rule:
        away = abs((value - want + 12) % 24 - 12)
        return None if away <= rule["hours"] else f"off by {away:.6g} h"
    away = abs(value - want)
    near = ("rel" in rule and away <= rule["rel"] * abs(want)) or ("abs" in rule and away <= rule["abs"])
    return None if near else f"want {want:.10g}, got {value:.10g}"


def failures(wanted: Any, found: Any, under: str = "") -> tuple[int, list[str]]:
    """Number of golden leaves, and those that are absent or outside their tolerance."""
    got = dict(leaves(found))
    wrong: list[str] = []
    number = 0
    for key, want in leaves(wanted):
        number += 1
        problem = difference(under + key, want, got[key]) if key in got else "absent"
        if problem:
            wrong.append(f"{key}: {problem}")
    return number, wrong
