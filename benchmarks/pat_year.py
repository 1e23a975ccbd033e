"""Time a year of a person's weeks through PAT-S as the page computes them: read, filled in two ways, embedded, kept.

A simulated person whose watch is charged every day is imported into a new vault; every window that steps by a day is
then embedded, with the attention profile and with the distance between the embeddings under both fills. Wall time and
processor time of the whole call are told, with the share of its parts.
Run ``python benchmarks/pat_year.py [--days 365] [--repeat 3]``. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from clarity_desktop.analysis.weeks.embedding import PatStudy
from clarity_desktop.app import open_services
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.pat_results import PatRequest
from clarity_desktop.vault import KdfParameters, Vault

CHARGED = PEOPLE[3]
"""The simulated person whose watch is off the wrist for an hour of most days."""
TARGET_S = 5.0


def timed(study: PatStudy, patient: str) -> tuple[float, float, object]:
    """Wall and processor seconds of one call, and its result."""
    began, spent = time.perf_counter(), time.process_time()
    result = study.embed(patient, PatRequest())
    return time.perf_counter() - began, time.process_time() - spent, result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with Vault.create(home / "vault", "a year of made-up weeks", kdf=KdfParameters.for_tests()) as vault:
            patient = add_simulated_person(vault, CHARGED).id
            import_recording(
                vault, vault.patients.get(patient), simulate(CHARGED, DEMO_SEED, chosen.days), home / "files"
            )
            key = vault.job_key()
        services = open_services(home)
        services.unlock_with_key(key)
        study = services._pat_study()
        study.encoder(study.prepare(patient, PatRequest()).checkpoint)
        wall, processor = [], []
        for _ in range(chosen.repeat):
            seconds, spent, result = timed(study, patient)
            wall.append(seconds)
            processor.append(spent)
            fresh = result.computed
            weeks = result.embeddings
            services.vault.pat.keep_embeddings(patient, result.recipe.key, {}, [])
        to_fill = [one.minutes.to_fill for one in weeks]
        study.embed(patient, PatRequest())
        again, _, _ = timed(study, patient)
        services.close()
    answer = {
        "windows": fresh,
        "windows_with_filled_minutes": sum(count > 0 for count in to_fill),
        "filled_minutes_median": statistics.median(to_fill),
        "sensitivity_median": statistics.median(one.sensitivity for one in weeks),
        "wall_s": {"median": round(statistics.median(wall), 2), "least": round(min(wall), 2)},
        "processor_s": {"median": round(statistics.median(processor), 2), "least": round(min(processor), 2)},
        "again_from_the_cache_s": round(again, 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "target_s": TARGET_S,
    }
    print(json.dumps(answer, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
