"""A sink that keeps everything in plain values, and readings of one document in chosen pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.importing import Element, ImportReport, SampleBatch, SetAside, SinkCounts, ZoneFound
from clarity_desktop.importers.healthkit.container import Export, Member
from clarity_desktop.importers.healthkit.reader import ExportReader
from clarity_desktop.importers.healthkit.rows import FastLimits
from clarity_desktop.importers.reading import Reading

DATA = Path(__file__).resolve().parent.parent / "data"
EAGER = FastLimits(least_bytes=1, least_rows=1, least_group=1)


@dataclass
class KeepingSink:
    """Every sample as a plain tuple by (kind, unit, source), in the order in which it came."""

    series: dict[tuple[str, str, str], list[tuple[Any, ...]]] = field(default_factory=dict)
    elements: list[Element] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    found: tuple[ZoneFound, ...] = ()
    finished: bool = False
    abandoned: bool = False

    def samples(self, batch: SampleBatch) -> None:
        rows = self.series.setdefault((batch.kind, batch.unit, batch.source), [])
        for index in range(len(batch)):
            value: Any = float(batch.value[index])
            if batch.labels:
                value = batch.labels[int(value)]
            extra = int(batch.extra[index])
            rows.append(
                (
                    int(batch.start[index]),
                    int(batch.length_s[index]),
                    value,
                    int(batch.flags[index]),
                    int(batch.created[index]),
                    batch.origins[int(batch.origin[index])],
                    batch.extras[extra] if extra >= 0 else "",
                )
            )

    def element(self, element: Element) -> None:
        self.elements.append(element)

    def set_aside(self, record: SetAside) -> None:
        self.aside.append(record)

    def zones(self, found: tuple[ZoneFound, ...]) -> None:
        self.found = found

    def finish(self, report: ImportReport) -> dict[str, SinkCounts]:
        self.finished = True
        counts: dict[str, SinkCounts] = {}
        for (kind, _, _), rows in self.series.items():
            unique = len({row[:3] for row in rows})
            unique += counts[kind].unique if kind in counts else 0
            counts[kind] = SinkCounts(unique, unique)
        return counts

    def abandon(self) -> None:
        self.abandoned = True

    def all_rows(self, kind: str) -> list[tuple[Any, ...]]:
        """Rows of a kind over all sources."""
        return [row for key, rows in self.series.items() if key[0] == kind for row in rows]


@dataclass(frozen=True)
class DocumentRead:
    sink: KeepingSink
    reading: Reading
    report: ImportReport

    def essence(self) -> tuple[Any, ...]:
        """Everything that must not depend on how the bytes were cut or which way they were read."""
        report = self.report
        return (
            self.sink.series,
            self.sink.elements,
            sorted((one.offset, one.kind, one.code, one.text) for one in self.sink.aside),
            self.sink.found,
            report.types,
            report.elements,
            report.outcome,
            {(one.code, one.count, one.first_at) for one in report.problems},
            report.person,
        )


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _read_document(
    chunks: Sequence[bytes], *, fast: FastLimits | None = None, home_zone: str | None = None, flush_rows: int = 250_000
) -> DocumentRead:
    def given() -> Iterator[bytes]:
        yield from chunks

    start = b"".join(chunks[:1])[:4096]
    member = Member("export.xml", sum(map(len, chunks)), start, given)
    sink = KeepingSink()
    reading = Reading(sink, "export.xml", home_zone)
    ExportReader(Export([member], ()), fast=fast, flush_rows=flush_rows).read(reading)
    before = reading.tally.report(file="export.xml", format_id="healthkit", sha256="", seconds=0)
    counts = sink.finish(before)
    report = reading.tally.report(file="export.xml", format_id="healthkit", sha256="", seconds=0, counts=counts)
    return DocumentRead(sink, reading, report)


@pytest.fixture(scope="session")
def read_document() -> Callable[..., DocumentRead]:
    return _read_document


@pytest.fixture(scope="session")
def cut() -> Callable[[bytes, int], list[bytes]]:
    return pieces


@pytest.fixture(scope="session")
def eager() -> FastLimits:
    """Limits under which the fast way takes even single rows."""
    return EAGER


@pytest.fixture
def keeping_sink() -> KeepingSink:
    return KeepingSink()


@pytest.fixture(scope="session")
def healthkit_data() -> Path:
    return DATA / "healthkit"


@pytest.fixture(scope="session")
def sample_xml(healthkit_data: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(healthkit_data / "sample_small.zip") as archive:
        return archive.read("apple_health_export/export.xml")
