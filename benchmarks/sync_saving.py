"""Saving while sync is off, while the server cannot be reached, and while it takes everything (Y-2).

A save is one import of sixty minutes of heart rate, with its operation of the outbox in the same transaction. Saves and
cycles run in one process as they do in the window: cycles on the network's thread, one after the other.
Run ``python benchmarks/sync_saving.py [--saves 150]``. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from clarity_desktop.cloud.client import CloudError
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, FastClock, Machine, fill
from tests.servers.replica import running_replica

TARGET_MS = 50.0
HOUR = np.full(60, 64.0)


class Beside:
    """Cycles on a thread of their own until the block ends."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._stop = machine, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.cycles = 0

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._machine.run())
            except (CloudError, AssertionError):
                # Nobody answers; a window tries again as well.
                self._stop.wait(0.05)
            self.cycles += 1

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)


def told(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and greatest, milliseconds."""
    ordered = sorted(times)
    return {
        "saves": len(ordered),
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "most_ms": round(ordered[-1], 1),
    }


def saves(vault: Vault, patient: str, count: int, first_month: int) -> list[float]:
    """Time of each of some saves, milliseconds."""
    found = []
    for number in range(count):
        began = time.perf_counter()
        fill(vault, HEART, START + (first_month + number) * MONTH // 8, HOUR, patient)
        found.append(1000 * (time.perf_counter() - began))
        # A person or a watch saves now and then, not in one breath.
        time.sleep(0.02)
    return found


def measure(folder: Path, count: int) -> dict[str, Any]:
    """The three ways, one after the other in one vault."""
    result: dict[str, Any] = {}
    with (
        running_replica(folder / "replica.sqlite") as replica,
        Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP) as vault,
    ):
        replica.state.uploads_per_hour = 10**9
        patient = vault.patients.add("Ada Lovelace").id
        machine = Machine(vault, replica, FastClock())
        saves(vault, patient, 10, 0)
        result["sync off"] = told(saves(vault, patient, count, 100))
        machine.enable(patient)
        replica.stop(at_once=True)
        with Beside(machine) as beside:
            result["server not reached"] = told(saves(vault, patient, count, 1000))
            result["server not reached"]["cycles"] = beside.cycles
        replica.start()
        with Beside(machine) as beside:
            result["server takes everything"] = told(saves(vault, patient, count, 2000))
            result["server takes everything"]["cycles"] = beside.cycles
        result["uploads"] = len(replica.state.uploads())
    result["target_p95_ms"] = TARGET_MS
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saves", type=int, default=150)
    count = parser.parse_args().saves
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), count)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
