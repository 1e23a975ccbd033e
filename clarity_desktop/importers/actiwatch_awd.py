"""Actiwatch AWD text files: seven header lines, then one epoch a line, some with a second channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import NO_INSTANT, Origin, SampleBatch, SetAside
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, LIGHT
from clarity_desktop.importers.format import Format, Head, open_bytes, read_head
from clarity_desktop.importers.reading import Reading
from clarity_desktop.importers.recorder_clock import local_to_utc, naive_zones

__all__ = ["FORMAT"]

_HEADER_LINES = 7
_EPOCH_S = {"1": 15, "2": 30, "4": 60, "8": 120, "20": 300, "81": 2, "C1": 5, "C2": 10}
_MODELS = {
    "V": "Actiwatch 4",
    "D": "Actiwatch 7",
    "M": "Actiwatch Mini or Plus",
    "I": "Actiwatch Insomnia",
    "L": "Actiwatch-L",
    "P": "Actiwatch-L-Plus",
    "S": "Actiwatch-S",
    "T": "Actiwatch-T",
}
_CHANNELS = {
    "D": (LIGHT, "lux"),
    "L": (LIGHT, "lux"),
    "P": (LIGHT, "lux"),
    "I": ("ButtonPressure", ""),
    "S": ("SoundLevel", ""),
    "T": ("SkinTemperature", "degC"),
}
_DATE_FORMS = ("%d-%b-%Y", "%d-%b-%y", "%d/%m/%Y")
_TIME_FORMS = ("%H:%M", "%H:%M:%S", "%I:%M:%S %p", "%I:%M %p")
_MARKED = re.compile(r"(.*?)\s+M\s*")
_EPOCH_ROW = re.compile(r"\s*-?\d+(?:\.\d+)?\s*(?:,\s*-?\d+(?:\.\d+)?\s*)?(?:\s+M\s*)?")
_MARKER = '{"marker":true}'


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    start_local: int
    """Local wall-clock seconds since 1970-01-01 00:00."""
    epoch_s: int
    serial: str

    @property
    def model(self) -> str:
        return _MODELS.get(self.serial[:1].upper(), "Actiwatch")


def _header_of(lines: list[str]) -> _Header | None:
    if len(lines) < _HEADER_LINES:
        return None
    epoch_s = _EPOCH_S.get(lines[3].strip().upper())
    start = _start_of(lines[1].strip(), " ".join(lines[2].upper().split()))
    if epoch_s is None or start is None:
        return None
    return _Header(lines[0].strip(), start, epoch_s, lines[5].strip())


def _start_of(day: str, clock: str) -> int | None:
    # Some devices print a 24-hour clock and the letters as well.
    hour = clock[:2].strip(":")
    if clock.endswith(("AM", "PM")) and hour.isdigit() and int(hour) > 12:
        clock = clock[:-2].strip()
    for day_form in _DATE_FORMS:
        for time_form in _TIME_FORMS:
            try:
                value = datetime.strptime(f"{day} {clock}", f"{day_form} {time_form}")
            except ValueError:
                continue
            return int((value - datetime(1970, 1, 1)).total_seconds())
    return None


def _lines_of(data: bytes) -> list[str]:
    return data.decode("latin-1").splitlines()


def _claims(head: Head) -> bool:
    if head.is_folder:
        return False
    lines = _lines_of(head.start)
    return _header_of(lines) is not None and (
        len(lines) == _HEADER_LINES or _EPOCH_ROW.fullmatch(lines[_HEADER_LINES]) is not None
    )


class _Recording:
    """An opened AWD file."""

    format_version = ""

    def __init__(self, path: Path) -> None:
        header = _header_of(_lines_of(read_head(path).start))
        if header is None:
            raise InputError(
                "import.not_awd",
                f"“{path.name}” does not begin like an Actiwatch recording.",
                remedy="Export the recording again as AWD from the device's own program.",
            )
        self._header = header
        self._path = path
        self.total_bytes: int | None = path.stat().st_size
        self.hashed = (path,)

    def read(self, reading: Reading) -> None:
        """Read all epochs."""
        header = self._header
        with open_bytes(self._path) as handle:
            data = handle.read()
        reading.advance(len(data))
        rows = _rows_of(data)
        n = len(rows)
        while n and not rows[n - 1][1]:
            n -= 1
        rows = rows[:n]
        counts, second, marked = self._numbers(rows, reading)
        local = header.start_local + header.epoch_s * np.arange(n, dtype=np.int64)
        start = local_to_utc(local, reading.home_zone)
        self._channel(reading, ACTIVITY_COUNTS, "counts", start, counts, marked)
        if np.isfinite(second).any():
            kind, unit = _CHANNELS.get(header.serial[:1].upper(), ("SecondChannel", ""))
            if unit == "":
                reading.tally.problem("channel.unlisted", f"line {_HEADER_LINES + 1}", 1, (kind,))
            self._channel(reading, kind, unit, start, second, [])
        reading.zones(naive_zones(reading.home_zone, n))
        if reading.home_zone is None and n:
            reading.tally.problem("zone.none", "line 2", n)

    def _numbers(
        self, rows: list[tuple[int, str]], reading: Reading
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
        """Counts, second channel (NaN where absent), and the rows that carry a marker."""
        n = len(rows)
        second = np.full(n, np.nan)
        if all(text.isdecimal() for _, text in rows):
            return np.array([text for _, text in rows], np.float64), second, []
        counts = np.full(n, np.nan)
        marked: list[int] = []
        for index, (offset, text) in enumerate(rows):
            if _EPOCH_ROW.fullmatch(text) is None:
                reading.tally.records[ACTIVITY_COUNTS] += 1
                reading.tally.rejected[ACTIVITY_COUNTS] += 1
                place = f"line {_HEADER_LINES + index + 1}"
                reading.set_aside(SetAside(ACTIVITY_COUNTS, offset, text[:500], "row.unreadable"), place)
                continue
            marker = _MARKED.fullmatch(text)
            if marker is not None:
                text = marker[1]
                marked.append(index)
            first, _, further = text.partition(",")
            counts[index] = float(first)
            if further:
                second[index] = float(further)
        return counts, second, marked

    def _channel(
        self,
        reading: Reading,
        kind: str,
        unit: str,
        start: NDArray[np.int64],
        values: NDArray[np.float64],
        marked: list[int],
    ) -> None:
        header = self._header
        extra = np.full(start.size, -1, np.int32)
        extra[marked] = 0
        keep = np.isfinite(values)
        n = int(keep.sum())
        reading.tally.records[kind] += n
        if not n:
            return
        reading.samples(
            SampleBatch(
                kind=kind,
                unit=unit,
                source=f"{header.model} {header.serial}".strip(),
                start=start[keep],
                length_s=np.full(n, header.epoch_s, np.int32),
                value=values[keep],
                flags=np.zeros(n, np.uint8),
                created=np.full(n, NO_INSTANT, np.int64),
                origin=np.zeros(n, np.int32),
                extra=extra[keep],
                origins=(Origin(device=f"name:{header.model}, serial:{header.serial}"),),
                extras=(_MARKER,) if marked else (),
            )
        )


def _rows_of(data: bytes) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = []
    offset = 0
    for number, raw in enumerate(data.splitlines(keepends=True)):
        if number >= _HEADER_LINES:
            rows.append((offset, raw.decode("latin-1").strip()))
        offset += len(raw)
    return rows


@contextmanager
def _open(path: Path) -> Iterator[_Recording]:
    yield _Recording(path)


FORMAT = Format("actiwatch-awd", "an Actiwatch recording (AWD)", (".awd",), _claims, _open)
