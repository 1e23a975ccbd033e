"""Sync of a million samples: through faults and kills, and its rate against the hourly limits (Y-52, Y-68)."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.cloud.sync.test_load import run_load, run_rate

PARTS = {"load": run_load, "rate": run_rate}


def main() -> None:
    """Measure both, or one of them, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(PARTS))
    only = parser.parse_args().only
    document = {}
    for name, measure in PARTS.items():
        if only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                document[name] = measure(Path(folder))
    sys.stdout.write(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
