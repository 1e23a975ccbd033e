"""A vault to test with, cheap to open, and makers of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.importing import (
    NO_INSTANT,
    ImportOutcome,
    ImportReport,
    Origin,
    SampleBatch,
    SinkCounts,
    TypeCount,
)
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "a passphrase for tests"
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"

BatchMaker = Callable[..., SampleBatch]
Importer = Callable[..., dict[str, SinkCounts]]


@pytest.fixture(scope="session")
def passphrase() -> str:
    return PASSPHRASE


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", PASSPHRASE, kdf=KdfParameters.for_tests()) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """One vault for a module's generated examples; each makes its own patient."""
    directory = tmp_path_factory.mktemp("shared") / "vault"
    with Vault.create(directory, PASSPHRASE, kdf=KdfParameters.for_tests()) as opened:
        yield opened


@pytest.fixture(scope="session")
def batch_of() -> BatchMaker:
    """``batch_of(rows)`` with rows of (start, length, value, extra text or None)."""

    def make(
        rows: Sequence[tuple[int, int, float, str | None]],
        *,
        kind: str = HEART_RATE,
        unit: str = "count/min",
        source: str = "Watch",
        labels: tuple[str, ...] = (),
        origin: Origin | None = None,
        created: int = NO_INSTANT,
    ) -> SampleBatch:
        n = len(rows)
        texts = tuple(dict.fromkeys(text for *_, text in rows if text is not None))
        return SampleBatch(
            kind,
            unit,
            source,
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int32),
            np.array([row[2] for row in rows], np.float64),
            np.zeros(n, np.uint8),
            np.full(n, created, np.int64),
            np.zeros(n, np.int32),
            np.array([-1 if text is None else texts.index(text) for *_, text in rows], np.int32),
            (origin or Origin(),),
            texts,
            labels,
        )

    return make


@pytest.fixture(scope="session")
def report_of() -> Callable[..., ImportReport]:
    def make(records: dict[str, int] | None = None, *, file: str = "export.xml") -> ImportReport:
        types = {kind: TypeCount(n, 0, 0, 0) for kind, n in (records or {}).items()}
        return ImportReport(file, "healthkit", "1", ImportOutcome.OK, True, 100, 0.5, types)

    return make


@pytest.fixture(scope="session")
def bring_in(report_of: Callable[..., ImportReport]) -> Importer:
    """``bring_in(vault, patient_id, *batches)`` imports batches as one file."""

    def do(vault: Vault, patient_id: str, *batches: SampleBatch, sha256: str = "00") -> dict[str, SinkCounts]:
        records: dict[str, int] = {}
        sink = vault.begin_import(patient_id, file="export.xml", format="healthkit", sha256=sha256)
        for batch in batches:
            sink.samples(batch)
            records[batch.kind] = records.get(batch.kind, 0) + len(batch)
        return sink.finish(report_of(records))

    return do
