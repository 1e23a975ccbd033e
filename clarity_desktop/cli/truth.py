"""The known sleep and wake that a simulated table carries beside its counts, for checking from outside."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from clarity_desktop.domain.errors import InputError
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States

__all__ = ["TRUTH_COLUMN", "true_sleep_of"]

TRUTH_COLUMN = "true_sleep"
_CODES = {"0": WAKE, "1": SLEEP, "": UNKNOWN}


def true_sleep_of(path: Path, epochs: int) -> States | None:
    """States of the column ``true_sleep`` (1 asleep, 0 awake, empty unknown), shape (``epochs``,).

    Answers ``None`` when the file is no table, has no such column, or has another number of rows than there are epochs.

    Raises
    ------
    InputError
        ``analyze.true_sleep`` when the column holds anything else.
    """
    from clarity_desktop.importers.format import open_bytes

    with open_bytes(path) as handle:
        if TRUTH_COLUMN.encode() not in handle.readline():
            return None
        handle.seek(0)
        rows = csv.DictReader(io.TextIOWrapper(handle, encoding="utf-8-sig", newline=""))
        texts = [(row[TRUTH_COLUMN] or "").strip() for row in rows]
    if len(texts) != epochs:
        return None
    try:
        return np.array([_CODES[text] for text in texts], dtype=np.int8)
    except KeyError as error:
        raise InputError(
            "analyze.true_sleep",
            "The column true_sleep holds something other than 0 and 1.",
            remedy="Write 1 for asleep, 0 for awake, and nothing for unknown.",
            detail=f"{len(texts)} rows",
        ) from error
