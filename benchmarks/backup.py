"""Time a backup of a large vault that is read and written meanwhile (V-49), scaled to 5 GB.

Run with ``python benchmarks/backup.py [--mb N] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from vault_chunks import batches

from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.kinds import HEART_RATE
from clarity_desktop.vault import KdfParameters, Vault

_REPORT = ImportReport("export.xml", "healthkit", "1", ImportOutcome.OK, True, 0, 0.0)
_DOCUMENT_MB = 50
_TARGET_MB = 5_000


class _Noise:
    """Bytes that do not compress, as sealed documents are."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._random = np.random.default_rng(1)

    def read(self, size: int = -1) -> bytes:
        n = self._left if size < 0 else min(size, self._left)
        self._left -= n
        return self._random.bytes(n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault.create(Path(folder) / "vault", "benchmark passphrase", kdf=KdfParameters.for_tests())
        patient = vault.patients.add("Benchmark")
        sink = vault.begin_import(patient.id, file="export.xml", format="healthkit", sha256="0")
        for batch in batches(200_000):
            sink.samples(batch)
        sink.finish(_REPORT)
        for number in range(given.mb // _DOCUMENT_MB):
            stream = cast(BinaryIO, _Noise(_DOCUMENT_MB << 20))
            vault.attachments.add(patient.id, stream, name=f"{number}.bin", media_type="application/octet-stream")
        (heart,) = [one for one in vault.series.list(patient.id) if one.kind == HEART_RATE]
        stop = threading.Event()
        reads: list[float] = []
        writes: list[float] = []

        def use() -> None:
            while not stop.wait(0.05):
                began = time.perf_counter()
                vault.series.rollup(heart.id)
                reads.append(time.perf_counter() - began)
                began = time.perf_counter()
                vault.audit.append("report.pdf")
                writes.append(time.perf_counter() - began)

        user = threading.Thread(target=use)
        time.sleep(2)
        user.start()
        began = time.perf_counter()
        made = vault.backups.make()
        seconds = time.perf_counter() - began
        stop.set()
        user.join()
        size = sum(one.size for one in made.files.values())
        vault.close()
    megabytes = size / 2**20
    result = {
        "megabytes": megabytes,
        "backup_s": seconds,
        "mb_a_second": megabytes / seconds,
        "scaled_to_5_gb_s": seconds * _TARGET_MB / megabytes,
        "reads_meanwhile": float(len(reads)),
        "read_median_ms": 1000 * statistics.median(reads),
        "read_p95_ms": 1000 * statistics.quantiles(reads, n=20)[-1],
        "write_median_ms": 1000 * statistics.median(writes),
        "write_p95_ms": 1000 * statistics.quantiles(writes, n=20)[-1],
    }
    if given.json:
        json.dump(result, sys.stdout)
    else:
        for name, value in result.items():
            print(f"{name:20} {value:12.2f}")


if __name__ == "__main__":
    main()
