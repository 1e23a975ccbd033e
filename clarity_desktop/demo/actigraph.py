"""Writes the recording of a simulated wrist actigraph as a table of counts and light."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clarity_desktop.demo.signals import SimulatedRecording
from clarity_desktop.domain.time import DAY_S, date_of_day

__all__ = ["write_actigraph"]


def write_actigraph(recording: SimulatedRecording, path: Path) -> None:
    """Write ``timestamp,counts,light`` (counts per minute, lux), one row a minute, as a CSV.

    Times are ISO 8601 with the offset in force, so that clock changes lose no minute. The file appears under its
    name only when it is whole; equal recordings give equal bytes.
    """
    zone, minutes = recording.zone, recording.minutes
    offset = zone.offsets_s(minutes)
    local = minutes + offset
    day = local // DAY_S
    unique_days, day_index = np.unique(day, return_inverse=True)
    dates = np.array([date_of_day(int(value)).isoformat() for value in unique_days], dtype=object)[day_index]
    clock = np.array([f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(1440)], dtype=object)
    times = clock[(local - day * DAY_S) // 60]
    unique_offsets, offset_index = np.unique(offset, return_inverse=True)
    offsets = np.array([_offset_text(int(value)) for value in unique_offsets], dtype=object)[offset_index]
    counts = recording.counts.astype(np.int64)
    columns = [dates, times, offsets, counts, np.round(recording.light.astype(np.float64), 1)]
    flat: list[object] = [None] * (len(columns) * minutes.size)
    for index, column in enumerate(columns):
        flat[index :: len(columns)] = column.tolist()
    text = "timestamp,counts,light\n" + "%sT%s%s,%d,%.1f\n" * minutes.size % tuple(flat)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(text.encode())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _offset_text(offset_s: int) -> str:
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"{'-' if offset_s < 0 else '+'}{hours:02d}:{minutes:02d}"
