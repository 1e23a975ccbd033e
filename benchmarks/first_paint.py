"""First paint of the window and opening of a patient, with a vault of three simulated years.

    python benchmarks/first_paint.py [--runs 5]

Every run is a process of its own, offscreen. The clock of the first paint starts before the interpreter does. The vault
is made once and kept under ``.benchmarks``; it holds simulated data only. In the first run the opening
computes the panel of the last 28 days; later runs take it from the vault.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent / ".benchmarks" / "three-years"
PASSPHRASE = "simulated people only"
PAINT_TARGET_MS = 1500.0
OPEN_TARGET_MS = 300.0
LONGEST_WAIT_S = 60.0


def make_vault() -> None:
    """The vault with one person of three years, made when it is not there."""
    from clarity_desktop.app import open_services
    from clarity_desktop.demo.large import LARGE_PERSON, write_large_export

    services = open_services(HOME)
    try:
        if services.vault_exists():
            return
        print("Making a vault of three simulated years", file=sys.stderr)
        HOME.mkdir(parents=True, exist_ok=True)
        export = HOME / "export.zip"
        write_large_export(export)
        services.create_vault(PASSPHRASE)
        services.import_file(export, new_name=LARGE_PERSON.name)
        export.unlink()
    finally:
        services.close()


def one_run() -> dict[str, float]:
    """Inside the child: paint, unlock, open the patient twice; milliseconds."""
    from clarity_desktop.app import open_services
    from clarity_desktop.ui.application import make_application, make_window
    from clarity_desktop.ui.jobs import board, shut_down

    painted: list[float] = []
    services = open_services(HOME)
    application = make_application(services)
    window = make_window(services, lambda: painted.append(time.time()))
    window.resize(1440, 900)
    window.show()

    def rest() -> None:
        quiet, deadline = 0, time.monotonic() + LONGEST_WAIT_S
        while quiet < 3:
            application.processEvents()
            quiet = 0 if board().is_busy or not painted else quiet + 1
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not come to rest")

    def opening(patient_id: str) -> float:
        began = time.perf_counter()
        window.open_patient(patient_id, "overview")
        rest()
        return (time.perf_counter() - began) * 1000

    rest()
    services.unlock(PASSPHRASE)
    window.start_at(None, None)
    rest()
    patient_id = services.patients()[0].id
    found = {"painted_at": painted[0], "open_ms": opening(patient_id)}
    window.open_page("patients")
    rest()
    found["open_again_ms"] = opening(patient_id)
    window.close()
    window.deleteLater()
    shut_down()
    services.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.child:
        print(json.dumps(one_run()))
        return 0
    make_vault()
    paints, opens, again = [], [], []
    for _ in range(options.runs):
        began = time.time()
        child = subprocess.run([sys.executable, __file__, "--child"], stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(child.stdout)
        paints.append((found["painted_at"] - began) * 1000)
        opens.append(found["open_ms"])
        again.append(found["open_again_ms"])
    result = {
        "runs": options.runs,
        "first_paint_ms": summary(paints, PAINT_TARGET_MS),
        "open_patient_ms": summary(opens, OPEN_TARGET_MS),
        "open_patient_again_ms": summary(again, OPEN_TARGET_MS),
    }
    print(json.dumps(result, indent=1))
    return 0 if all(part["met"] for part in result.values() if isinstance(part, dict)) else 1


def summary(times: list[float], target: float) -> dict[str, Any]:
    """Median and extremes, and whether the median meets the target."""
    middle = statistics.median(times)
    return {
        "median": round(middle, 1),
        "least": round(min(times), 1),
        "greatest": round(max(times), 1),
        "target": target,
        "met": middle <= target,
    }


if __name__ == "__main__":
    sys.exit(main())
