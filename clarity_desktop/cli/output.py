"""What the command line says: one JSON document or plain text on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import typer

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.work import Progress

__all__ = ["Output", "ProgressLine", "as_json", "table"]

_REDRAW_S = 0.1
_WIDTH = 78


def as_json(value: Any) -> Any:
    """The value in types that JSON has: arrays as lists, dates and enums as text, NaN and infinity as ``None``."""
    if isinstance(value, Enum):
        return as_json(value.value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return as_json(value.item())
    if isinstance(value, np.ndarray):
        return as_json(value.tolist())
    if isinstance(value, Mapping):
        return {_key(key): as_json(item) for key, item in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterable):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: object) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """Rows as aligned columns of text; columns that hold numbers only are aligned to the right."""
    if not rows:
        return ""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows) for i in range(len(header))]
    widths = [max(len(header[i]), *(len(row[i]) for row in cells)) for i in range(len(header))]

    def line(texts: Sequence[str]) -> str:
        fitted = (text.rjust(w) if r else text.ljust(w) for text, w, r in zip(texts, widths, right, strict=True))
        return "  ".join(fitted).rstrip()

    return "\n".join([line(header), *map(line, cells)])


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2f}" if math.isfinite(value) else "–"
    return str(value)


class ProgressLine:
    """Shows progress on stderr: one line that redraws on a terminal, one line a step elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._drawn = 0.0
        self._step = ""
        self._open = False

    def __call__(self, progress: Progress) -> None:
        """Take a report of progress; cheap enough to be called for every batch."""
        if not self._terminal:
            if progress.step != self._step:
                self._step = progress.step
                sys.stderr.write(progress.step + "\n")
            return
        now = time.monotonic()
        if now - self._drawn < _REDRAW_S and progress.step == self._step:
            return
        self._drawn, self._step = now, progress.step
        share = progress.share
        amount = f" {share:4.0%}" if share is not None else ""
        note = f"  {progress.note}" if progress.note else ""
        sys.stderr.write("\r" + f"{progress.step}{amount}{note}"[:_WIDTH].ljust(_WIDTH))
        sys.stderr.flush()
        self._open = True

    def close(self) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self._open:
            sys.stderr.write("\r" + " " * _WIDTH + "\r")
            sys.stderr.flush()
            self._open = False


class Output:
    """Where a command puts its answer.

    Parameters
    ----------
    as_document:
        Answer with exactly one JSON document instead of text.
    """

    def __init__(self, *, as_document: bool) -> None:
        self.as_document = as_document
        self.progress = ProgressLine()

    def answer(self, document: Mapping[str, Any], text: str) -> None:
        """Give the command's one answer: the document with ``ok`` in front, or the text for a person."""
        self.progress.close()
        if self.as_document:
            self._write(json.dumps(as_json({"ok": True, **document}), ensure_ascii=False, allow_nan=False))
        elif text:
            self._write(text)

    def fail(self, error: ClarityError, document: Mapping[str, Any], text: str = "") -> NoReturn:
        """Give an answer that is also an error: the document with both, or the text and then the sentence.

        Raises
        ------
        typer.Exit
            With the error's exit code; the answer has been given.
        """
        self.progress.close()
        if self.as_document:
            whole = {**document, "ok": False, "error": error.as_document()}
            self._write(json.dumps(as_json(whole), ensure_ascii=False, allow_nan=False))
        else:
            if text:
                self._write(text)
            self.error(error)
        raise typer.Exit(error.exit_code)

    def note(self, text: str) -> None:
        """Say something beside the answer, on stderr."""
        self.progress.close()
        sys.stderr.write(text + "\n")

    def error(self, error: ClarityError) -> None:
        """Answer with an error: a document on stdout, or the sentence and its remedy on stderr."""
        self.progress.close()
        if self.as_document:
            self._write(json.dumps({"ok": False, "error": error.as_document()}, ensure_ascii=False))
            return
        lines = [error.message]
        if error.remedy:
            lines.append(error.remedy)
        lines.append(f"({error.code}, reference {error.reference})")
        sys.stderr.write("\n".join(lines) + "\n")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
