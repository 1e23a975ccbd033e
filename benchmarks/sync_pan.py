"""Pan and zoom over a million samples, alone and while another million is synced in the same process (Y-68).

The window's thread draws a frame every 16 ms; cycles run on a thread of their own with the clock set forward where a
limit would wait; the server is a process of its own. A frame is told in wall time and in processor time of its thread.
Run ``python benchmarks/sync_pan.py [--months 25]``. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from charts_large import START, WINDOWS, Viewer, fill, told

from clarity_desktop.domain.sync import OPEN_STATES
from clarity_desktop.domain.time import Span
from clarity_desktop.ui import theme
from clarity_desktop.ui.jobs import shut_down
from clarity_desktop.ui.qt import QApplication
from clarity_desktop.vault import Vault
from tests.cloud.sync import test_load
from tests.cloud.sync.conftest import CHEAP, PASSPHRASE, FastClock, Machine
from tests.cloud.sync.server_process import ServerProcess
from tests.cloud.sync.test_kill import free_port

SAMPLES = 1_000_000
FRAME_S = 0.016
TARGET_MS = 16.0


class Syncing:
    """Cycles on a thread of their own until nothing waits or the block ends."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._stop = machine, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.seconds = 0.0
        self.is_done = False

    def _work(self) -> None:
        began = time.monotonic()
        while not self._stop.is_set():
            (report,) = asyncio.run(self._machine.run())
            self._machine.clock.time += max(report.waits_s or 0.0, 1.0)
            if not set(self._machine.states()) & OPEN_STATES:
                self.is_done = True
                break
        self.seconds = time.monotonic() - began

    def __enter__(self) -> Syncing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(600)


def frames(viewer: Viewer, whole: Span) -> list[tuple[float, float]]:
    """Pans at six lengths and a long zoom, a frame every 16 ms."""
    moves: list[Span] = []
    for _, length in WINDOWS:
        length = min(length or whole.length_s, whole.length_s)
        start, step = whole.start + (whole.length_s - length) // 2, max(1, length // 50)
        for number in range(60):
            place = start + step * (number if number < 30 else 60 - number)
            place = min(max(place, whole.start), whole.stop - length)
            moves.append(Span(place, place + length))
    middle = (whole.start + whole.stop) // 2
    for share in np.concatenate((np.geomspace(1, 600 / whole.length_s, 80), np.geomspace(600 / whole.length_s, 1, 80))):
        half = max(300, int(share * whole.length_s / 2))
        moves.append(Span(max(whole.start, middle - half), min(whole.stop, middle + half)))
    found = []
    for window in moves:
        began = time.perf_counter()
        found.append(viewer.frame(window))
        time.sleep(max(0.0, FRAME_S - (time.perf_counter() - began)))
    return found


def measure(folder: Path) -> dict[str, Any]:
    """Frames alone, then frames while a million samples go."""
    server = ServerProcess(folder / "server.sqlite", free_port(), 0.0, 1)
    server.start()
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.install(application)
    with Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        shown = vault.patients.add("Made up", home_zone="Europe/Berlin").id
        fill(vault, shown, SAMPLES)
        test_load.million(vault)
        vault.levels.prepare(shown)
        vault.levels.forget()
        server.wait()

        class Remote:
            url = server.url

        machine = Machine(vault, Remote(), FastClock())  # type: ignore[arg-type]
        vault.outbox._clock = machine.clock.now
        for one in vault.patients.list():
            if one.id != shown:
                machine.enable(one.id)
        whole = Span(START, START + SAMPLES)
        viewer = Viewer(vault, shown, whole, application)
        viewer.frame(whole)
        viewer.settle()
        alone = told(frames(viewer, whole))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        beside: list[tuple[float, float]] = []
        with Syncing(machine) as syncing:
            # Frames count as long as something is on its way.
            while not syncing.is_done:
                beside += frames(viewer, whole)
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        states = {state.value: count for state, count in machine.states().items()}
        viewer.settle()
        shut_down()
    server.kill()
    return {
        "samples_synced": test_load.PEOPLE * test_load.MONTHS * 2 * test_load.PER_MONTH,
        "states": states,
        "sync_s": round(syncing.seconds, 1),
        "frames_alone": alone,
        "frames_while_syncing": told(beside),
        "target_wall_p95_ms": TARGET_MS,
        "memory_more_mb": round(memory, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=test_load.MONTHS, help="of each of ten people")
    test_load.MONTHS = parser.parse_args().months
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
