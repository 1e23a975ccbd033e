"""Tables that leave the program: series, epochs and findings as CSV or Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.series import SampleFlag, Samples, Series
from clarity_desktop.domain.spreadsheet import neutralise
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.reports.files import ReportFile, write_whole
from clarity_desktop.reports.measures import metric_of

if TYPE_CHECKING:
    from polars import DataFrame

__all__ = [
    "epochs_columns",
    "findings_columns",
    "neutralise",
    "samples_columns",
    "write_csv",
    "write_parquet",
    "write_table",
]

Columns = Mapping[str, Any]
"""Column name to a sequence or array, all of one length."""


def samples_columns(series: Series, samples: Samples, zone: ZoneTimeline) -> dict[str, Any]:
    """Samples of one series: UTC and local time of start and end, value, unit, source, flags by name."""
    labels = samples.labels
    value: Any = samples.value
    if labels:
        value = [labels[int(index)] for index in samples.value]
    names = {bits: "+".join(flag.name.lower() for flag in SampleFlag if flag & bits and flag.name) for bits in
             np.unique(samples.flags).tolist()}  # fmt: skip
    return {
        "start": _utc_texts(samples.start),
        "stop": _utc_texts(samples.stop),
        "start_local": _local_texts(samples.start, zone),
        "value": value,
        "unit": [series.unit] * len(samples),
        "type": [series.kind] * len(samples),
        "source": [series.source] * len(samples),
        "flags": [names[bits] for bits in samples.flags.tolist()],
    }


def epochs_columns(epochs: Epochs) -> dict[str, Any]:
    """Regular epochs: UTC and local start, value (absent where missing), state by name."""
    names = np.array([state.name.lower() for state in EpochState], dtype=object)
    values = epochs.values.astype(np.float64)
    return {
        "start": _utc_texts(epochs.times),
        "start_local": _local_texts(epochs.times, epochs.zone),
        "value": [None if absent else number for absent, number in zip(np.isnan(values), values.tolist(), strict=True)],
        "unit": [epochs.unit] * len(epochs),
        "state": names[epochs.state].tolist(),
    }


def findings_columns(findings: Sequence[Finding], zone: ZoneTimeline) -> dict[str, Any]:
    """Findings with interval, n, coverage, window, method and, where there is no value, the reason."""
    return {
        "metric": [one.metric for one in findings],
        "title": [metric_of(one).title for one in findings],
        "value": [one.value for one in findings],
        "unit": [one.unit for one in findings],
        "interval_low": [None if one.interval is None else one.interval[0] for one in findings],
        "interval_high": [None if one.interval is None else one.interval[1] for one in findings],
        "n": [one.n for one in findings],
        "rests_on": [metric_of(one).rests_on for one in findings],
        "worn_share": [None if one.coverage is None else one.coverage.worn_share for one in findings],
        "from": [zone.format(one.span.start) for one in findings],
        "to": [zone.format(one.span.stop) for one in findings],
        "insufficient": [one.insufficient or "" for one in findings],
        "algorithm": [one.provenance.algorithm for one in findings],
        "version": [one.provenance.version for one in findings],
        "input": [one.provenance.input_hash for one in findings],
    }


def _utc_texts(instants: Any) -> list[str]:
    return [f"{text}Z" for text in np.asarray(instants, dtype="datetime64[s]").astype(str).tolist()]


def _local_texts(instants: Any, zone: ZoneTimeline) -> list[str]:
    offsets = zone.offsets_s(np.asarray(instants, dtype=np.int64))
    local = np.asarray(instants + offsets, dtype="datetime64[s]").astype(str).tolist()
    unique, index = np.unique(offsets, return_inverse=True)
    texts = [f"{'-' if offset < 0 else '+'}{abs(offset) // 3600:02d}:{abs(offset) // 60 % 60:02d}" for offset in unique]
    return [f"{time}{texts[row]}" for time, row in zip(local, index.tolist(), strict=True)]


def _frame(columns: Columns, *, neutral: bool) -> DataFrame:
    import polars as pl

    data = {}
    for name, values in columns.items():
        is_text = not isinstance(values, np.ndarray) and any(isinstance(value, str) for value in values)
        data[name] = (
            [None if value is None else neutralise(value) for value in values] if is_text and neutral else values
        )
    return pl.DataFrame(data, strict=False)


def write_csv(path: Path, columns: Columns) -> ReportFile:
    """Write a UTF-8 CSV, locale-neutral (comma, point), with formula starts in text columns neutralised."""
    buffer = io.BytesIO()
    _frame(columns, neutral=True).write_csv(buffer)
    return write_whole(path, buffer.getvalue())


def write_parquet(path: Path, columns: Columns) -> ReportFile:
    """Write Parquet; text stays as it is, a typed file has no formulas."""
    buffer = io.BytesIO()
    _frame(columns, neutral=False).write_parquet(buffer, compression="zstd")
    return write_whole(path, buffer.getvalue())


def write_table(path: Path, columns: Columns) -> ReportFile:
    """Write by the ending of the name: ``.csv`` or ``.parquet``.

    Raises
    ------
    UsageError
        ``table.unknown_ending`` for another ending.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        return write_csv(path, columns)
    if ending == ".parquet":
        return write_parquet(path, columns)
    raise UsageError(
        "table.unknown_ending",
        f"A table cannot be written as “{ending or path.name}”.",
        remedy="Use a name that ends in .csv or .parquet.",
    )
