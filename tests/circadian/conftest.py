"""The golden recordings and values of the circadian reference, read from this repository's test data."""

from __future__ import annotations

import csv
import gzip
import json
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
