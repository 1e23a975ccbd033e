"""Text forms of an Apple Health export: dates, values, elements; formatted in batches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.devices import RecordTable
from clarity_desktop.domain.time import DAY_S, Instant, ZoneTimeline, date_of_day

__all__ = ["DOCUMENT_TYPE", "DatePrinter", "attribute", "beat_times", "record_batches"]

_BATCH = 2048

DOCUMENT_TYPE = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT ExportDate EMPTY>
<!ATTLIST ExportDate value CDATA #REQUIRED>
<!ELEMENT Me EMPTY>
<!ATTLIST Me
  HKCharacteristicTypeIdentifierDateOfBirth CDATA #REQUIRED
  HKCharacteristicTypeIdentifierBiologicalSex CDATA #REQUIRED
  HKCharacteristicTypeIdentifierBloodType CDATA #REQUIRED
  HKCharacteristicTypeIdentifierFitzpatrickSkinType CDATA #REQUIRED
  HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record
  type CDATA #REQUIRED unit CDATA #IMPLIED value CDATA #IMPLIED
  sourceName CDATA #REQUIRED sourceVersion CDATA #IMPLIED device CDATA #IMPLIED
  creationDate CDATA #IMPLIED startDate CDATA #REQUIRED endDate CDATA #REQUIRED
>
<!ELEMENT HeartRateVariabilityMetadataList (InstantaneousBeatsPerMinute*)>
<!ELEMENT InstantaneousBeatsPerMinute EMPTY>
<!ATTLIST InstantaneousBeatsPerMinute bpm CDATA #REQUIRED time CDATA #REQUIRED>
<!ELEMENT Correlation ((MetadataEntry|Record)*)>
<!ELEMENT Workout ((MetadataEntry|WorkoutEvent|WorkoutStatistics)*)>
<!ELEMENT WorkoutStatistics EMPTY>
<!ELEMENT ActivitySummary EMPTY>
<!ELEMENT MetadataEntry EMPTY>
<!ATTLIST MetadataEntry key CDATA #REQUIRED value CDATA #REQUIRED>
]>
"""


def attribute(text: str) -> str:
    """Text as it stands between the double quotes of an attribute."""
    return escape(text, {'"': "&quot;"})


class DatePrinter:
    """Prints instants as an export does: all with one offset, that of the phone when it exported."""

    def __init__(self, offset_s: int) -> None:
        sign = "-" if offset_s < 0 else "+"
        hours, minutes = divmod(abs(offset_s) // 60, 60)
        self.offset_s = offset_s
        self.offset = f"{sign}{hours:02d}{minutes:02d}"
        self._clock = np.array(
            [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(DAY_S)], dtype=object
        )

    def columns(self, instants: NDArray[np.int64]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Dates and clock times of each instant, two arrays of texts of shape (N,)."""
        local = instants + self.offset_s
        day = local // DAY_S
        unique, index = np.unique(day, return_inverse=True)
        dates = np.array([date_of_day(int(value)).isoformat() for value in unique], dtype=object)
        return dates[index], self._clock[local - day * DAY_S]

    def one(self, instant: Instant) -> str:
        """One instant: ``2025-03-10 08:00:00 +0200``."""
        date, clock = self.columns(np.array([instant], dtype=np.int64))
        return f"{date[0]} {clock[0]} {self.offset}"


def value_texts(table: RecordTable) -> NDArray[np.object_]:
    """The value attribute of every record, shape (N,)."""
    unique, index = np.unique(table.value, return_inverse=True)
    if table.labels:
        texts = [table.labels[int(value)] for value in unique]
    elif table.decimals == 0:
        texts = [str(int(value)) for value in unique]
    else:
        texts = [f"{value:.{table.decimals}f}".rstrip("0").rstrip(".") for value in unique]
    return np.array(texts, dtype=object)[index]


def beat_times(at: NDArray[np.float64], zone: ZoneTimeline, locale: str) -> list[str]:
    """The local clock of each beat with hundredths, in the form of the phone's locale.

    ``de_DE`` writes ``08:34:05,10``, ``en_GB`` ``08:34:05.10``, ``en_US`` ``8:34:05.10 AM`` with a narrow no-break
    space.
    """
    hundredths = np.round(at * 100).astype(np.int64)
    local = (hundredths + 100 * zone.offsets_s(hundredths // 100)) % (DAY_S * 100)
    hour, minute = local // 360_000, local // 6_000 % 60
    second, part = local // 100 % 60, local % 100
    clock = zip(hour.tolist(), minute.tolist(), second.tolist(), part.tolist(), strict=True)
    if locale == "en_US":
        return [f"{(h + 11) % 12 + 1}:{m:02d}:{s:02d}.{p:02d}\u202f{'AM' if h < 12 else 'PM'}" for h, m, s, p in clock]
    point = "," if locale == "de_DE" else "."
    return [f"{h:02d}:{m:02d}:{s:02d}{point}{p:02d}" for h, m, s, p in clock]


def _tails(table: RecordTable, zone: ZoneTimeline, locale: str) -> NDArray[np.object_]:
    """What follows the last attribute of every record: the end of the tag, or children and the closing tag."""
    heads = [
        "".join(f'\n  <MetadataEntry key="{attribute(key)}" value="{attribute(value)}"/>' for key, value in entries)
        for entries in table.metadata
    ] or [""]
    if table.beats is None:
        whole = [f'">{head}\n </Record>\n' if head else '"/>\n' for head in heads]
        return np.array(whole, dtype=object)[table.metadata_of]
    beats = table.beats
    lines = [
        f'\n   <InstantaneousBeatsPerMinute bpm="{bpm}" time="{time}"/>'
        for bpm, time in zip(beats.bpm.tolist(), beat_times(beats.at, zone, locale), strict=True)
    ]
    edges = np.searchsorted(beats.record, np.arange(len(table) + 1)).tolist()
    tails = [
        f'">{heads[which]}\n  <HeartRateVariabilityMetadataList>{"".join(lines[begin:stop])}'
        "\n  </HeartRateVariabilityMetadataList>\n </Record>\n"
        for which, begin, stop in zip(table.metadata_of.tolist(), edges[:-1], edges[1:], strict=True)
    ]
    return np.array(tails, dtype=object)


def record_batches(
    table: RecordTable,
    printer: DatePrinter,
    zone: ZoneTimeline,
    locale: str,
    pointers: NDArray[np.object_],
    export: Instant,
) -> Iterator[str]:
    """The Record elements of one table, some thousand at a time.

    ``pointers`` holds the pointer texts of the device attribute, from which records draw in turn, as the volatile
    pointer of a real export changes between records.
    """
    device = table.device
    place = "%s" if device.hardware else ""
    device_text = f' device="{attribute(device.text("0xPOINTER"))}"' if device.hardware else ""
    unit = f' unit="{attribute(table.unit)}"' if table.unit else ""
    fixed = (
        f' <Record type="{table.kind}" sourceName="{attribute(device.source)}"'
        f' sourceVersion="{attribute(device.software)}"{device_text}{unit}'
    )
    offset = printer.offset
    template = (
        fixed.replace("%", "%%").replace("0xPOINTER", place)
        + f' creationDate="%s %s {offset}" startDate="%s %s {offset}" endDate="%s %s {offset}" value="%s%s'
    )
    tails = _tails(table, zone, locale)
    values = value_texts(table)
    stop = table.start + table.length_s
    for begin in range(0, len(table), _BATCH):
        part = slice(begin, begin + _BATCH)
        columns = [
            *printer.columns(np.minimum(table.created[part], export)),
            *printer.columns(table.start[part]),
            *printer.columns(stop[part]),
            values[part],
            tails[part],
        ]
        size = columns[0].size
        if device.hardware:
            columns.insert(0, pointers[(np.arange(size) * 7 + begin) // 5 % pointers.size])
        flat = np.stack(columns, axis=1).ravel().tolist()
        yield (template * size) % tuple(flat)


def local_date_text(day: int) -> str:
    """A local day as ``dateComponents`` writes it."""
    return date_of_day(day).isoformat()


def minutes_text(length: timedelta) -> str:
    """A duration in minutes with all its digits."""
    return repr(length.total_seconds() / 60)
