"""Saving while sync is off, while the server cannot be reached, and while it takes everything (Y-2).

A save is one import of sixty minutes of heart rate, with its operation of the outbox in the same transaction. Saves and
cycles run in one process as they do in the window, cycles on a thread of their own and without a pause, which a window
never does; the server is a process of its own.
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

from clarity_desktop.assets import asset
from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.engine import SyncEngine
from clarity_desktop.cloud.sync.metrics import carriers_for
from clarity_desktop.cloud.sync.reading import channel_reader
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, USER, FastClock, Stub, fill
from tests.cloud.sync.server_process import ServerProcess
from tests.cloud.sync.test_kill import free_port

TARGET_MS = 50.0
HOUR = np.full(60, 64.0)


class Beside:
    """Cycles on a thread of their own until the block ends, by one client as in the window."""

    def __init__(self, vault: Vault, url: str) -> None:
        self._vault, self._url, self._stop = vault, url, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)
        self.cycles = 0

    async def _work(self) -> None:
        document = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
        clock, outbox = FastClock(), self._vault.outbox
        async with CloudClient(Service(self._url), Stub(), account=USER, clock=clock) as client:
            api = CloudApi(client, detect(document), USER)
            reader = channel_reader(self._vault.series, self._vault.zones.get)
            engine = SyncEngine(api, outbox, f"{self._url}/{USER}", reader, clock=clock)
            while not self._stop.is_set():
                report = await engine.cycle()
                # A limit or a pause is over at once, so that there is always something to do.
                clock.time += max(report.waits_s or 0.0, 60.0)
                self.cycles += 1
                await asyncio.sleep(0.05)

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
    server = ServerProcess(folder / "replica.sqlite", free_port(), 0.0, 1)
    with Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        patient = vault.patients.add("Ada Lovelace").id
        saves(vault, patient, 10, 0)
        result["sync off"] = told(saves(vault, patient, count, 100))
        vault.outbox.enable(patient, f"{server.url}/{USER}", carriers_for(list(CARRIERS)))
        with Beside(vault, server.url) as beside:
            result["server not reached"] = told(saves(vault, patient, count, 1000))
            result["server not reached"]["cycles"] = beside.cycles
        server.start()
        server.wait()
        with Beside(vault, server.url) as beside:
            result["server takes everything"] = told(saves(vault, patient, count, 2000))
            result["server takes everything"]["cycles"] = beside.cycles
        result["states"] = {one.state.value: one.count for one in vault.outbox.counts() if one.count}
    server.kill()
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
