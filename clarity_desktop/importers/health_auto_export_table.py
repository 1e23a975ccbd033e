"""Tables of the iPhone app Health Auto Export (CSV): one row a day, hour or minute, one column a metric."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation
from clarity_desktop.importers.format import Format, Head, open_bytes, read_head
from clarity_desktop.importers.health_auto_export import Metrics
from clarity_desktop.importers.health_auto_export_names import kind_of_metric
from clarity_desktop.importers.healthkit.records import number_of
from clarity_desktop.importers.reading import Reading
from clarity_desktop.importers.recorder_clock import local_to_utc, naive_zones
from clarity_desktop.importers.time_text import NAIVE, looks_like_time, parse_times

__all__ = ["FORMAT"]

_LARGEST = 128 << 20
_TIMES = ("date/time", "date")
_HEADING = re.compile(r"([^\[\](),;]{2,80}?)\s*(?:\[([^\]]{1,40})\])?\s*\(([^()]{1,30}(?:\([^()]{1,20}\))?)\)")
_AVERAGE = ("avg", "average")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    name: str
    unit: str


def _columns_of(start: bytes) -> tuple[list[_Column], list[str]] | None:
    """The columns that hold metrics and the headings left out; ``None`` when this is no such table."""
    lines = start.decode("utf-8-sig", "replace").splitlines()
    if len(lines) < 2 or "," not in lines[0]:
        return None
    headings = next(csv.reader([lines[0].replace("\0", "")]), [])
    first = next(csv.reader([lines[1].replace("\0", "")]), [])
    if headings[0].strip().lower() not in _TIMES or not first or not looks_like_time(first[0]):
        return None
    columns: list[_Column] = []
    left_out: list[str] = []
    known = False
    for index, heading in enumerate(headings[1:], start=1):
        match = _HEADING.fullmatch(heading.strip())
        if match is None:
            left_out.append(heading.strip())
            continue
        name, part, unit = match[1], match[2], match[3]
        if part is not None and part.lower() in _AVERAGE:
            part = None
        elif part is not None and kind_of(kind_of_metric(f"{name} {part}")).known:
            name, part = f"{name} {part}", None
        if part is not None or name.lower().startswith("sleep analysis"):
            left_out.append(heading.strip())
            continue
        columns.append(_Column(index, name, unit))
        known = known or kind_of(kind_of_metric(name)).known
    return (columns, left_out) if known else None


def _claims(head: Head) -> bool:
    return not head.is_folder and _columns_of(head.start) is not None


class _Table:
    """An opened table."""

    format_version = ""

    def __init__(self, path: Path) -> None:
        found = _columns_of(read_head(path).start)
        if found is None:
            raise InputError(
                "import.not_a_table",
                f"“{path.name}” is not a table of the app Health Auto Export.",
                remedy="Its first column is Date or Date/Time, the others name a metric and its unit.",
            )
        self._columns, self._left_out = found
        self._path = path
        self.total_bytes: int | None = None
        self.hashed = (path,)

    def read(self, reading: Reading) -> None:
        """Read all rows."""
        with open_bytes(self._path) as handle:
            raw = handle.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise InputError(
                "import.too_large",
                f"“{self._path.name}” is larger than 128 MB.",
                remedy="Export shorter periods in the app, one file each, and import them one after the other.",
            )
        reading.advance(len(raw))
        if self._left_out:
            reading.tally.problem("column.ignored", "line 1", len(self._left_out), self._left_out)
        lines = io.StringIO(raw.decode("utf-8-sig", "replace").replace("\0", ""))
        rows = [row for row in _rows(lines) if any(cell.strip() for cell in row)][1:]
        times = parse_times([row[0] for row in rows])
        naive = (times.offset_s == NAIVE) & times.readable
        instants = times.seconds.copy()
        instants[naive] = local_to_utc(instants[naive], reading.home_zone)
        # A row a day lasts 23 or 25 hours where the clock changes.
        stops = times.seconds + _step_of(times.seconds[times.readable])
        stops[naive] = local_to_utc(stops[naive], reading.home_zone)
        rows_at = list(zip(rows, instants.tolist(), stops.tolist(), times.readable.tolist(), strict=True))
        metrics = Metrics(reading)
        for column in self._columns:
            self._take(column, rows_at, metrics, reading)
        metrics.finish()
        reading.zones(naive_zones(reading.home_zone, len(rows)))
        if reading.home_zone is None and rows:
            reading.tally.problem("zone.none", "line 1", len(rows))

    def _take(
        self, column: _Column, rows: list[tuple[list[str], int, int, bool]], metrics: Metrics, reading: Reading
    ) -> None:
        kind = kind_of_metric(column.name)
        amount = kind_of(kind).accumulation is Accumulation.SUM
        for row, start, stop, usable in rows:
            cell = row[column.index].strip() if column.index < len(row) else ""
            if not cell:
                reading.tally.problem("row.missing", "line 2")
                continue
            number = number_of(cell)
            if not usable or number is None:
                metrics.reject(kind, "value.not_a_number" if usable else "row.unreadable", row)
                continue
            metrics.sample(kind, column.unit, {}, start, stop if amount else start, number[0], {})


def _rows(lines: io.StringIO) -> Iterator[list[str]]:
    for line in lines:
        try:
            yield next(csv.reader([line]), [])
        except csv.Error:
            yield line.split(",")


def _step_of(seconds: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> int:
    """Length of a row in seconds: the commonest step, at most a day."""
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    return min(int(np.median(steps)), _DAY_S) if steps.size else 0


@contextmanager
def _open(path: Path) -> Iterator[_Table]:
    yield _Table(path)


FORMAT = Format("health-auto-export-csv", "a table of the app Health Auto Export (CSV)", (".csv",), _claims, _open)
