"""Samples as columns of text and numbers, for JSON, CSV and Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import ZoneTimeline

if TYPE_CHECKING:
    import polars

__all__ = ["NamedSamples", "iso_column", "samples_document", "write_table"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class NamedSamples:
    """Samples with the words that belong to every one of them."""

    kind: str
    source: str
    samples: Samples


def iso_column(instants: NDArray[np.int64], zone: ZoneTimeline) -> NDArray[np.str_]:
    """ISO 8601 texts with the offset in force at each instant, shape (N,)."""
    if not instants.size:
        return np.empty(0, dtype=np.str_)
    offsets = zone.offsets_s(instants)
    local = np.datetime_as_string((instants + offsets).astype("datetime64[s]"))
    distinct, place = np.unique(offsets, return_inverse=True)
    suffixes = np.array([_suffix(int(offset)) for offset in distinct])
    return np.char.add(local, suffixes[place])


def _suffix(offset_s: int) -> str:
    sign = "-" if offset_s < 0 else "+"
    minutes = abs(offset_s) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _labels(samples: Samples) -> list[str] | None:
    if not samples.labels:
        return None
    codes = samples.value.astype(np.int64)
    return [samples.labels[code] for code in codes.tolist()]


def samples_document(named: NamedSamples, zone: ZoneTimeline) -> dict[str, Any]:
    """Samples as parallel lists: ``start``, ``end``, ``value``, ``flags`` and, for categories, ``label``."""
    samples = named.samples
    document: dict[str, Any] = {
        "type": named.kind,
        "unit": samples.unit,
        "source": named.source,
        "n": len(samples),
        "start": iso_column(samples.start, zone).tolist(),
        "end": iso_column(samples.stop, zone).tolist(),
        "value": samples.value,
        "flags": samples.flags,
    }
    labels = _labels(samples)
    if labels is not None:
        document["label"] = labels
    return document


def _plain(text: str) -> str:
    """Text that a spreadsheet will not run: a formula's first character is put behind an apostrophe."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def write_table(path: Path, parts: list[NamedSamples], zone: ZoneTimeline, *, parquet: bool) -> int:
    """Write all samples to one CSV or Parquet file, one row a sample; answers the number of rows.

    CSV keeps times as ISO text. Parquet keeps them as UTC timestamps beside the local text.
    """
    import polars as pl

    frames: list[polars.DataFrame] = []
    for part in parts:
        samples = part.samples
        labels = _labels(samples)
        columns: dict[str, Any] = {
            "type": [_plain(part.kind)] * len(samples),
            "source": [_plain(part.source)] * len(samples),
            "unit": [samples.unit] * len(samples),
            "start": iso_column(samples.start, zone),
            "end": iso_column(samples.stop, zone),
            "value": samples.value,
            "label": [None] * len(samples) if labels is None else [_plain(text) for text in labels],
            "flags": samples.flags,
        }
        if parquet:
            columns["start_utc"] = (samples.start * 1_000_000).astype("datetime64[us]")
            columns["end_utc"] = (samples.stop * 1_000_000).astype("datetime64[us]")
        frames.append(pl.DataFrame(columns, schema_overrides={"label": pl.String}))
    whole = pl.concat(frames) if frames else pl.DataFrame()
    if parquet:
        whole.write_parquet(path)
    else:
        whole.write_csv(path)
    return whole.height
