"""Electrocardiogram files of an export: header lines in the phone's language, then one micro-volt sample a line."""

from __future__ import annotations

import csv
import re

from clarity_desktop.domain.importing import Element
from clarity_desktop.importers.healthkit.dates import parse_date
from clarity_desktop.importers.healthkit.records import canonical_json, number_of

__all__ = ["ECG_BYTES", "electrocardiogram_of"]

ECG_BYTES = 16 << 20
"""Largest file that is read; a recording of 30 seconds has some 150 kB."""

_HEADER_LINES = 64
_SAMPLE = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,12})?(?:[eE][+-]?\d{1,3})?,?", re.ASCII)
_RATE = re.compile(r"(\d{2,5}(?:[.,]\d{1,6})?)\s*[^\W\d_]+", re.UNICODE)
_RATE_WORDS = ("hertz", "hz", "rate", "frequen", "fréquen", "abtast", "赫", "ヘルツ", "герц")
# The label in a dozen languages; elsewhere the line behind the time of recording is taken.
_CLASSIFICATION = (
    "classif",
    "klassif",
    "clasif",
    "kwalific",
    "luokit",
    "klasyf",
    "классиф",
    "分类",
    "分類",
    "분류",
)


def electrocardiogram_of(data: bytes, path: str, digest: str) -> Element | None:
    """The recording as an element, ``None`` when the file holds no samples.

    The payload holds ``header`` (label and value of each line as the file words them), ``classification`` as worded
    there, ``rate_hz``, ``unit`` and ``samples`` (in that unit; ``null`` where a line is no number). What the file does
    not say is absent. The identity is the path inside the export with the SHA-256 of the data.
    """
    lines = data.decode("utf-8-sig", "replace").splitlines()
    header: list[list[str]] = []
    first = next(
        (i for i, line in enumerate(lines[:_HEADER_LINES]) if _SAMPLE.fullmatch(line.strip().strip('"'))), None
    )
    if first is None:
        return None
    for line in lines[:first]:
        cells = [cell.strip() for cell in next(csv.reader([line[:2000].replace("\0", "")]), [])]
        if any(cells):
            header.append([cells[0], ", ".join(cell for cell in cells[1:] if cell)])
    samples = [_sample(line) for line in lines[first:] if line.strip()]
    rate = _rate_of(header)
    start = _recorded_at(header)
    document: dict[str, object] = {"path": path, "header": header, "samples": samples}
    classification = _classification_of(header)
    if classification:
        document["classification"] = classification
    unit = next((value for _, value in header if value in ("µV", "μV", "uV", "mV", "V")), "")
    if unit:
        document["unit"] = unit
    if rate:
        document["rate_hz"] = rate
    stop = start + round(len(samples) / rate) if start is not None and rate else start
    return Element("Electrocardiogram", f"{path}|{digest}", start, stop, "", canonical_json(document))


def _sample(line: str) -> float | int | None:
    number = number_of(line.strip().strip('"').rstrip(","))
    if number is None:
        return None
    return int(number[0]) if number[0].is_integer() else number[0]


def _rate_of(header: list[list[str]]) -> float | None:
    for label, value in header:
        match = _RATE.fullmatch(value)
        if match is None or not any(word in f"{label} {value}".lower() for word in _RATE_WORDS):
            continue
        number = number_of(match[1])
        if number is not None and 1 <= number[0] <= 100_000:
            return number[0]
    return None


def _recorded_row(header: list[list[str]]) -> int | None:
    """The row whose value is a date with a clock; a date of birth has none."""
    for index, (_, value) in enumerate(header):
        if value.count(":") >= 2 and parse_date(value) is not None:
            return index
    return None


def _recorded_at(header: list[list[str]]) -> int | None:
    row = _recorded_row(header)
    parsed = None if row is None else parse_date(header[row][1])
    return None if parsed is None else parsed.instant


def _classification_of(header: list[list[str]]) -> str:
    for label, value in header:
        if any(label.lower().startswith(word) for word in _CLASSIFICATION):
            return value
    row = _recorded_row(header)
    return header[row + 1][1] if row is not None and row + 1 < len(header) else ""
