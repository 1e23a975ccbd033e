"""Sync of a million samples: through faults and kills, and its rate against the hourly limits (Y-52, Y-68)."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.cloud.sync.test_load import run_load, run_rate


def main() -> None:
    """Measure both and print one JSON document."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        document = {"load": run_load(Path(first)), "rate": run_rate(Path(second))}
    sys.stdout.write(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
