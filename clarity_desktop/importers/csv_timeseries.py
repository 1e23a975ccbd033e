"""Plain tables of ``timestamp,value``: comma, semicolon or tab, gzipped or not."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import NO_INSTANT, SampleBatch, SetAside
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, LIGHT, STEPS, conversion, kind_of
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.importers.format import Format, Head, is_gzipped, open_bytes, read_head
from clarity_desktop.importers.reading import Reading
from clarity_desktop.importers.recorder_clock import local_to_utc, naive_zones, offset_zones
from clarity_desktop.importers.time_text import NAIVE, looks_like_time, parse_times

__all__ = ["FORMAT", "cells_of"]

_BLOCK_BYTES = 2 << 20
_TEXT_KEPT = 500
_REGULAR_SHARE = 0.9

_COLUMNS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("counts", "count", "activity", "activity_counts", "value", "vm", "vector_magnitude", "zcm", "pim"),
        (ACTIVITY_COUNTS, "counts"),
    ),
    **dict.fromkeys(("hr", "heart_rate", "heartrate", "bpm", "pulse"), (HEART_RATE, "count/min")),
    **dict.fromkeys(("steps", "step_count", "stepcount"), (STEPS, "count")),
    **dict.fromkeys(("lux", "light", "illuminance", "white_light"), (LIGHT, "lux")),
    **dict.fromkeys(("skin_temperature", "skin_temp", "wrist_temperature"), ("SkinTemperature", "degC")),
}
_MISSING = {"", "nan", "na", "n/a", "null", "none"}


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is written, judged by its first lines."""

    delimiter: str
    encoding: str
    header: tuple[str, ...] | None
    time: int
    columns: tuple[_Column, ...]
    ignored: tuple[str, ...]
    assumed: str | None


def _claims(head: Head) -> bool:
    return not head.is_folder and _layout_of(head.start) is not None


def _layout_of(start: bytes) -> _Layout | None:
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = [line for line in start.decode(encoding, errors="replace").splitlines()[:20] if line.strip()]
    if not lines or "\0" in lines[0]:
        return None
    for delimiter in (",", ";", "\t"):
        rows = [_cells(line, delimiter) for line in lines]
        if len(rows[0]) < 2:
            continue
        layout = _layout_of_rows(rows, delimiter, encoding)
        if layout is not None:
            return layout
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line; a line whose quoting is broken is split as it stands."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return line.split(delimiter)


def cells_of(lines: list[str], delimiter: str, indices: tuple[int, ...]) -> dict[int, list[str]]:
    """The cells of chosen columns, by index; a line that is too short has empty ones.

    Lines without quotes and of one number of cells, which is nearly all there are, are split all at once.
    """
    together = delimiter.join(lines)
    counts = set(map(methodcaller("count", delimiter), lines))
    if len(counts) == 1 and '"' not in together:
        width = counts.pop() + 1
        parts = together.split(delimiter)
        return {index: parts[index::width] if index < width else [""] * len(lines) for index in indices}
    rows = [_cells(line, delimiter) for line in lines]
    return {index: [row[index] if len(row) > index else "" for row in rows] for index in indices}


def _layout_of_rows(rows: list[list[str]], delimiter: str, encoding: str) -> _Layout | None:
    first = [cell.strip() for cell in rows[0]]
    if looks_like_time(first[0]):
        return _Layout(delimiter, encoding, None, 0, (_Column(1, ACTIVITY_COUNTS, "counts"),), (), None)
    names = [name.lower().replace(" ", "_") for name in first]
    time = next((names.index(name) for name in ("timestamp", "datetime", "date_time", "time") if name in names), 0)
    if not any(len(row) > time and looks_like_time(row[time]) for row in rows[1:]):
        return None
    columns: dict[str, _Column] = {}
    for index, name in enumerate(names):
        if index != time and name in _COLUMNS:
            kind, unit = _COLUMNS[name]
            columns.setdefault(kind, _Column(index, kind, unit))
    assumed = None
    if not columns:
        index = 1 if time == 0 else 0
        columns[ACTIVITY_COUNTS] = _Column(index, ACTIVITY_COUNTS, "counts")
        assumed = first[index]
    used = {time, *(column.index for column in columns.values())}
    ignored = tuple(name for index, name in enumerate(first) if index not in used)
    return _Layout(delimiter, encoding, tuple(first), time, tuple(columns.values()), ignored, assumed)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows of the table."""

    numbers: NDArray[np.int64]
    """Line numbers from 1, shape (N,)."""
    offsets: NDArray[np.int64]
    """Byte positions, shape (N,)."""
    texts: list[str]

    def line(self, index: int) -> int:
        """Number of the line of a row."""
        return int(self.numbers[index])


def _block_of(data: bytes, number: int, offset: int) -> _Block:
    """The rows of bytes that end with a line; ``number`` and ``offset`` are those of the first."""
    text = data.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")
    texts = text.split("\n")
    if data.endswith(b"\n"):
        texts.pop()
    if "\r" in text:
        texts = [one.rstrip("\r") for one in texts]
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)[: len(texts) - 1]
    offsets = np.concatenate(([0], ends + 1)) + offset
    numbers = np.arange(number, number + len(texts))
    if not all(texts) or any(one.isspace() for one in texts):
        keep = [index for index, one in enumerate(texts) if one.strip()]
        return _Block(numbers[keep], offsets[keep], [texts[index] for index in keep])
    return _Block(numbers, offsets, texts)


class _Table:
    """An opened table."""

    format_version = ""

    def __init__(self, path: Path) -> None:
        layout = _layout_of(read_head(path).start)
        if layout is None:
            raise InputError(
                "import.not_a_table",
                f"“{path.name}” is not a table of times and values.",
                remedy="The first column needs times such as 2024-03-10T08:00:00+01:00, the second the values.",
            )
        self._path = path
        self._layout = layout
        self.total_bytes: int | None = None if is_gzipped(path) else path.stat().st_size
        self.hashed = (path,)
        self._step_s: int | None = None
        self._naive = 0
        self._offsets: list[tuple[int, int, int]] = []

    def read(self, reading: Reading) -> None:
        """Read all rows."""
        layout = self._layout
        if layout.ignored:
            reading.tally.problem("column.ignored", "line 1", len(layout.ignored), layout.ignored)
        if layout.assumed is not None:
            reading.tally.problem("column.assumed", "line 1", 1, (layout.assumed,))
        for column in layout.columns:
            reading.tally.records[column.kind] += 0
        source = self._path.name.removesuffix(".gz").removesuffix(".csv")
        for block in self._blocks(reading):
            self._take(block, source, reading)
        if self._offsets:
            reading.zones(offset_zones(sorted(self._offsets), reading.home_zone))
        else:
            reading.zones(naive_zones(reading.home_zone, self._naive))
            if reading.home_zone is None and self._naive:
                reading.tally.problem("zone.none", "line 1", self._naive)

    def _blocks(self, reading: Reading) -> Iterator[_Block]:
        """Rows in blocks of some megabytes, blank lines left out."""
        skip = self._layout.header is not None
        number, offset = 1, 0
        try:
            for data in self._whole_lines():
                block = _block_of(data, number, offset)
                number += data.count(b"\n") + (not data.endswith(b"\n"))
                offset += len(data)
                if skip and block.texts:
                    skip = False
                    block = _Block(block.numbers[1:], block.offsets[1:], block.texts[1:])
                reading.advance(len(data))
                yield block
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                "import.archive_damaged",
                f"“{self._path.name}” is damaged and cannot be unpacked.",
                remedy="Copy or export the file again.",
                detail=f"{type(error).__name__} after line {number}",
            ) from error

    def _whole_lines(self) -> Iterator[bytes]:
        """The file in UTF-8, in pieces that end with a line."""
        with open_bytes(self._path) as handle:
            if self._layout.encoding == "utf-16":
                yield handle.read().decode("utf-16", errors="replace").encode()
                return
            carry = b""
            while chunk := handle.read(_BLOCK_BYTES):
                data = carry + chunk
                end = data.rfind(b"\n") + 1
                carry = data[end:]
                if end:
                    yield data[:end]
            if carry:
                yield carry

    def _take(self, block: _Block, source: str, reading: Reading) -> None:
        layout = self._layout
        indices = (layout.time, *(column.index for column in layout.columns))
        cells = cells_of(block.texts, layout.delimiter, indices)
        times = parse_times(cells[layout.time])
        if times.fractions:
            reading.tally.problem("time.fraction", f"line {block.line(0)}", times.fractions)
        seconds = self._instants(times.seconds, times.offset_s, times.readable, reading.home_zone)
        if self._step_s is None:
            self._step_s = _regular_step(seconds[times.readable])
        unreadable = {int(index) for index in np.flatnonzero(~times.readable)}
        for column in layout.columns:
            values, state = _numbers(cells[column.index])
            missing = (state == _ABSENT) & times.readable
            if missing.any():
                first = block.line(int(np.argmax(missing)))
                reading.tally.problem("row.missing", f"line {first}", int(missing.sum()))
            rejected = unreadable | {int(index) for index in np.flatnonzero(state == _NOT_A_NUMBER)}
            for index in sorted(rejected):
                number, offset, text = block.line(index), int(block.offsets[index]), block.texts[index]
                code = "row.unreadable" if index in unreadable else "value.not_a_number"
                reading.set_aside(SetAside(column.kind, offset, text[:_TEXT_KEPT], code), f"line {number}")
            keep = times.readable & (state == _PRESENT)
            reading.tally.records[column.kind] += int(keep.sum()) + len(rejected)
            reading.tally.rejected[column.kind] += len(rejected)
            if keep.any():
                reading.samples(_batch(column, source, seconds[keep], values[keep], self._step_s, reading))

    def _instants(
        self,
        seconds: NDArray[np.int64],
        offset_s: NDArray[np.int64],
        readable: NDArray[np.bool_],
        home_zone: str | None,
    ) -> NDArray[np.int64]:
        naive = (offset_s == NAIVE) & readable
        self._naive += int(naive.sum())
        told = np.flatnonzero(readable & ~naive)
        if told.size:
            first = np.flatnonzero(np.diff(offset_s[told], prepend=NAIVE))
            for begin, stop in zip(first, [*first[1:], told.size], strict=True):
                self._offsets.append((int(seconds[told[begin]]), int(offset_s[told[begin]]), int(stop - begin)))
        instants = seconds.copy()
        instants[naive] = local_to_utc(seconds[naive], home_zone)
        return instants


_PRESENT, _ABSENT, _NOT_A_NUMBER = 0, 1, 2


def _numbers(cells: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Values and whether each is present, absent or not a number. Shapes (N,)."""
    state = np.zeros(len(cells), np.int8)
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        values = np.full(len(cells), np.nan)
        for index, cell in enumerate(cells):
            text = cell.strip()
            if text.lower() in _MISSING:
                state[index] = _ABSENT
                continue
            try:
                values[index] = float(text.replace(",", ".") if text.count(",") == 1 else text)
            except ValueError:
                state[index] = _NOT_A_NUMBER
    state[np.isinf(values)] = _NOT_A_NUMBER
    state[np.isnan(values) & (state == _PRESENT)] = _ABSENT
    return values, state


def _regular_step(seconds: NDArray[np.int64]) -> int:
    """The epoch length in seconds when nine of ten steps are equal, else 0 (points)."""
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    if steps.size < 2:
        return 0
    step = int(np.median(steps))
    regular = np.count_nonzero(steps == step) >= _REGULAR_SHARE * steps.size
    return step if regular and step <= 3600 else 0


def _batch(
    column: _Column,
    source: str,
    start: NDArray[np.int64],
    values: NDArray[np.float64],
    step_s: int | None,
    reading: Reading,
) -> SampleBatch:
    n = start.size
    kind = kind_of(column.kind)
    flags = np.zeros(n, np.uint8)
    scale = conversion(column.unit, kind)
    if kind.valid_range is not None and scale is not None:
        low, high = kind.valid_range
        canonical = values * scale[0] + scale[1]
        outside = (canonical < low) | (canonical > high)
        if outside.any():
            flags[outside] |= np.uint8(SampleFlag.IMPLAUSIBLE)
            reading.tally.problem("value.implausible", "", int(outside.sum()))
    return SampleBatch(
        kind=column.kind,
        unit=column.unit,
        source=source,
        start=start,
        length_s=np.full(n, step_s or 0, np.int32),
        value=values,
        flags=flags,
        created=np.full(n, NO_INSTANT, np.int64),
        origin=np.zeros(n, np.int32),
        extra=np.full(n, -1, np.int32),
    )


@contextmanager
def _open(path: Path) -> Iterator[_Table]:
    yield _Table(path)


FORMAT = Format("csv", "a table of times and values (CSV)", (".csv", ".csv.gz", ".tsv", ".txt"), _claims, _open)
