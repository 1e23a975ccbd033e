"""The golden recordings and values of the circadian reference, read from this repository's test data."""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts

FOLDER = Path(__file__).parent.parent / "data" / "circadian"
RECORDINGS = ("awd_example_01", "awd_example_03", "dst_spring", "gaps", "irregular", "normal", "shift")


@cache
def golden() -> dict[str, Any]:
    return json.loads((FOLDER / "golden.json").read_text("utf-8"))


@cache
def golden_epochs(name: str) -> Epochs:
    """Counts of one golden recording; a naive clock is a fixed offset that nobody knows."""
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    start = datetime.fromisoformat(rows[0][0])
    zone_name = golden()["recordings"][name]["zone"]
    zone = ZoneTimeline.single(zone_name) if zone_name else ZoneTimeline.unknown()
    values = np.array([float(row[1]) if row[1] else np.nan for row in rows], dtype=np.float32)
    first = int(start.timestamp() if start.tzinfo else start.replace(tzinfo=UTC).timestamp())
    return epochs_of_counts(first, values, zone, unit="counts", kind=ACTIVITY_COUNTS)


@cache
def prepared(name: str) -> PreparedRecording:
    return PreparedRecording(golden_epochs(name))


_TOLERANCES: tuple[tuple[str, dict[str, float]], ...] = (
    (r"^phase_models\.", {"abs": 0.05}),
    (r"^wear\.", {"abs": 0}),
    (r"^sigmoid_cosinor\.(up_mesor_h|down_mesor_h|acrophase_h)$", {"hours": 0.02}),
    (r"^sigmoid_cosinor\.(rss|pseudo_f)$", {"rel": 1e-4}),
    (r"^sigmoid_cosinor\.beta$", {"rel": 0.02}),
    (r"^sigmoid_cosinor\.", {"rel": 2e-3, "abs": 2e-3}),
    (r"^cosinor2?\.(acrophase_h|bathyphase_h|orthophase_h)$", {"hours": 1e-4}),
    (r"^cosinor2?\.log10_p$", {"rel": 1e-4}),
    (r"^cosinor2?\.", {"rel": 1e-6, "abs": 1e-8}),
    (r"^dfa\.scales", {"abs": 0}),
    (r"^dfa\.crossover\.n$", {"abs": 0}),
    (r"^dfa\.", {"rel": 1e-6, "abs": 1e-7}),
    (r"^transition\.k_", {"rel": 1e-4}),
    (r"_onset_h$", {"hours": 1e-6}),
    (r"^lomb_scargle\.period_h$", {"abs": 0.021}),
    (r"^chi_square_periodogram\.period_h$", {"abs": 0.001}),
    (r"^lomb_scargle\.power$", {"rel": 1e-5}),
    (r"", {"rel": 1e-6, "abs": 1e-9}),
)


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested mappings and sequences."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{key}.{index}")
    else:
        yield key, value


def _assert_meets(key: str, wanted: Any, found: Any) -> None:
    """Every leaf of ``wanted`` is met by the same leaf of ``found``."""
    got = dict(_leaves(found, key))
    for name, want in _leaves(wanted, key):
        assert name in got, f"{name} is absent"
        if want is None:
            assert got[name] is None, f"{name}: want none, got {got[name]}"
            continue
        have = float(got[name])
        bounds = next(rule for pattern, rule in _TOLERANCES if re.search(pattern, name))
        assert math.isfinite(have), f"{name}: {have}"
        if "hours" in bounds:
            distance = abs((have - want + 12) % 24 - 12)
            assert distance <= bounds["hours"], f"{name}: off by {distance} h"
            continue
        distance = abs(have - want)
        near = distance <= bounds.get("abs", -1.0) or distance <= bounds.get("rel", -1.0) * abs(want)
        assert near, f"{name}: want {want}, got {have}"


@pytest.fixture
def meets() -> Callable[[str, Any, Any], None]:
    """Assertion that every golden leaf under a key is met."""
    return _assert_meets


@pytest.fixture(scope="session")
def golden_document() -> dict[str, Any]:
    return golden()


@pytest.fixture(scope="session")
def golden_recording() -> Callable[[str], PreparedRecording]:
    """A golden recording by name, prepared once."""
    return prepared


@pytest.fixture(params=RECORDINGS)
def recording_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recording(recording_name: str) -> PreparedRecording:
    return prepared(recording_name)


@pytest.fixture
def reference(recording_name: str) -> dict[str, Any]:
    found: dict[str, Any] = golden()["recordings"][recording_name]["ref"]
    return found
