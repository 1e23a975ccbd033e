"""Time what the vault costs an import of 1.07 million samples, and what reading a year of heart rate costs.

Run with ``python benchmarks/vault_chunks.py [--samples N] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clarity_desktop.domain.importing import ImportOutcome, ImportReport, Origin, SampleBatch
from clarity_desktop.domain.kinds import HEART_RATE, STEPS
from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.vault import KdfParameters, Vault

_START = 1_577_836_800
_BATCH = 16_000
_ENERGY = "HKQuantityTypeIdentifierActiveEnergyBurned"
_DISTANCE = "HKQuantityTypeIdentifierDistanceWalkingRunning"
_BASAL = "HKQuantityTypeIdentifierBasalEnergyBurned"
_SPO2 = "HKQuantityTypeIdentifierOxygenSaturation"
_HRV = "HKQuantityTypeIdentifierHeartRateVariabilitySDNN"


def batches(samples: int, seed: int = 1) -> list[SampleBatch]:
    """Batches as a reader of a phone's export gives them: by kind, two sources, four years, values as in real files."""
    random = np.random.default_rng(seed)
    days = 4 * 365
    shares = (
        (HEART_RATE, "count/min", "Watch", 0.44),
        (_ENERGY, "kcal", "Watch", 0.20),
        (_BASAL, "kcal", "Watch", 0.10),
        (_DISTANCE, "km", "Watch", 0.08),
        (_DISTANCE, "km", "Phone", 0.05),
        (STEPS, "count", "Watch", 0.05),
        (STEPS, "count", "Phone", 0.05),
        (_SPO2, "%", "Watch", 0.02),
        (_HRV, "ms", "Watch", 0.01),
    )
    made = []
    for kind, unit, source, share in shares:
        n = int(samples * share)
        start = _START + np.sort(random.integers(0, days * DAY_S, n))
        length = np.zeros(n) if kind in (HEART_RATE, _SPO2) else random.integers(1, 900, n)
        value = _values(kind, n, random)
        extra = np.full(n, -1)
        extras: tuple[str, ...] = ()
        if kind == HEART_RATE:
            extras = tuple(f'{{"metadata":{{"HKMetadataKeyHeartRateMotionContext":"{code}"}}}}' for code in range(3))
            extra = random.integers(0, 3, n)
        if kind == _HRV:
            extras = tuple(json.dumps({"beats": random.integers(50, 90, 40).tolist()}) for _ in range(n))
            extra = np.arange(n)
        for begin in range(0, n, _BATCH):
            rows = slice(begin, begin + _BATCH)
            texts, codes = extras, extra[rows]
            if kind == _HRV:
                texts, codes = extras[rows], np.arange(codes.size)
            made.append(
                SampleBatch(
                    kind,
                    unit,
                    source,
                    start[rows],
                    length[rows].astype(np.int32),
                    value[rows],
                    np.zeros(codes.size, np.uint8),
                    start[rows] + length[rows].astype(np.int64) + random.integers(0, 600, codes.size),
                    random.integers(0, 2, codes.size).astype(np.int32),
                    codes.astype(np.int32),
                    (Origin(f"<<HKDevice>, name:{source}>", "8.1"), Origin(f"<<HKDevice>, name:{source}>", "9.0")),
                    texts,
                )
            )
    return made


def _values(kind: str, n: int, random: np.random.Generator) -> np.ndarray:
    if kind == HEART_RATE:
        return np.round(70 + 12 * random.standard_normal(n))
    if kind == STEPS:
        return np.round(random.gamma(2, 60, n))
    if kind == _SPO2:
        return np.round(random.uniform(0.92, 1, n), 2)
    if kind == _HRV:
        return np.round(random.gamma(4, 12, n), 4)
    return np.round(random.gamma(2, 0.08, n), 3 if kind != _DISTANCE else 5)


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def timed(work: Callable[[], object], repeats: int = 1) -> float:
    """Median seconds of some runs."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_070_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    made = batches(options.samples)
    total = sum(map(len, made))
    report = ImportReport("export.xml", "healthkit", "1", ImportOutcome.OK, True, 0, 0.0)
    result: dict[str, float] = {"samples": total}
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "vault"
        began = time.perf_counter()
        vault = Vault.create(directory, "benchmark passphrase", kdf=KdfParameters.for_tests())
        result["create_ms"] = 1000 * (time.perf_counter() - began)
        patient = vault.patients.add("Benchmark")

        def bring_in() -> None:
            sink = vault.begin_import(patient.id, file="export.xml", format="healthkit", sha256="0")
            for batch in made:
                sink.samples(batch)
            sink.finish(report)

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result["import_s"] = timed(bring_in)
        result["import_memory_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        key = vault.data_key()
        vault.close()
        result["bytes_a_sample"] = _size(directory) / total
        vault = Vault.open_with_key(directory, key)
        result["import_again_s"] = timed(bring_in)
        (heart,) = [series for series in vault.series.list(patient.id) if series.kind == HEART_RATE]
        year = Span(_START + 400 * DAY_S, _START + 765 * DAY_S)
        result["year_samples"] = len(vault.series.read(heart.id, year))
        result["read_year_ms"] = 1000 * timed(lambda: vault.series.read(heart.id, year), 15)
        result["rollup_4_years_ms"] = 1000 * timed(lambda: vault.series.rollup(heart.id), 15)
        result["content_hash_ms"] = 1000 * timed(lambda: vault.content_hash(patient.id), 15)
        vault.close()
        result["bytes_a_sample_again"] = _size(directory) / total
        result["open_ms"] = 1000 * timed(lambda: Vault.open_with_key(directory, key).close(), 9)
        with Vault.open_with_key(directory, key) as again:
            result["verify_s"] = timed(again.verify)
    if options.json:
        json.dump(result, sys.stdout)
    else:
        for name, value in result.items():
            print(f"{name:20} {value:12.3f}")


if __name__ == "__main__":
    main()
