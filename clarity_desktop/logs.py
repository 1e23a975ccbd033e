"""Log files in the program's home, scrubbed of what could name a person or open a vault."""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import ClarityError

__all__ = [
    "MOST_LOG_BYTES",
    "ScrubbingFormatter",
    "hidden",
    "hide",
    "log_files",
    "scrub",
    "start_logging",
    "stop_logging",
]

LOG_NAME: Final = "clarity-desktop.log"
_BYTES_A_FILE = 1_000_000
_FILES_KEPT = 5
MOST_LOG_BYTES: Final = _BYTES_A_FILE * (_FILES_KEPT + 1)
"""What all log files may come to together; then the oldest goes (L-46)."""
_ROOT = "clarity_desktop"

_hidden: dict[str, int] = {}
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w.-]+"), "‹e-mail›"),
    (re.compile(r"(?<![\w/])(?:/[^\s/'\":,;]+){2,}"), "‹path›"),
    (re.compile(r"\b[A-Za-z]:\\[^\s'\":,;]+"), "‹path›"),
    (re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b"), "‹date›"),
    (re.compile(r"(?<![\w-])\+?\d(?:[ ()/-]?\d){6,}(?![\w-])"), "‹number›"),
)


def hide(text: str) -> None:
    """Replace this text, such as a person's name, in every log record from now on. Short texts are not hidden."""
    if len(text) >= 3:
        _hidden[text] = _hidden.get(text, 0) + 1


@contextmanager
def hidden(text: str) -> Iterator[None]:
    """Hide a text while the block runs, without keeping it afterwards: for passphrases."""
    hide(text)
    try:
        yield
    finally:
        left = _hidden.get(text, 0) - 1
        if left > 0:
            _hidden[text] = left
        else:
            _hidden.pop(text, None)


def scrub(text: str) -> str:
    """The text without hidden words, e-mail addresses, paths, dates and long numbers."""
    for word in sorted(_hidden.copy(), key=len, reverse=True):
        text = re.sub(re.escape(word), "‹hidden›", text, flags=re.IGNORECASE)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class ScrubbingFormatter(logging.Formatter):
    """One line a record, scrubbed; an exception is told by type and place, never by its text or local variables.

    The text of an exception of a library may quote what was being read. Only our own errors carry a code and a
    detail that by rule hold no health data.
    """

    def __init__(self) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        head = f"{self.formatTime(record, self.datefmt)} {record.levelname} {record.name}"
        reference = getattr(record, "reference", "")
        lines = [f"{head} [{reference}]" if reference else head, scrub(record.getMessage())]
        if record.exc_info and record.exc_info[1] is not None:
            lines.append("| " + " < ".join(_told(error) for error in _chain(record.exc_info[1])))
        return " ".join(lines).replace("\n", " ⏎ ")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = " → ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:])
    name = type(error).__name__
    if isinstance(error, ClarityError):
        name = f"{name}({error.code}; {scrub(error.detail)})"
    return f"{name} at {places}" if places else name


def start_logging(home: Path, *, level: int = logging.INFO) -> Path:
    """Write our own log records to ``home/logs``, readable by this account only; answers the file.

    Records of other libraries are not taken: they may hold statements with their values.
    """
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOG_NAME
    if os.name == "posix":
        folder.chmod(0o700)
    stop_logging()
    handler = RotatingFileHandler(path, maxBytes=_BYTES_A_FILE, backupCount=_FILES_KEPT, encoding="utf-8", delay=True)
    handler.set_name(LOG_NAME)
    handler.setFormatter(ScrubbingFormatter())
    if os.name == "posix":
        path.touch(mode=0o600)
        path.chmod(0o600)
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level)
    logger.addHandler(handler)
    return path


def log_files(home: Path) -> list[Path]:
    """The log files of a home, the newest first."""
    folder = home / "logs"
    older = sorted(
        folder.glob(f"{LOG_NAME}.*"), key=lambda path: int(path.suffix[1:]) if path.suffix[1:].isdigit() else 0
    )
    return [path for path in (folder / LOG_NAME, *older) if path.is_file()]


def stop_logging() -> None:
    """Close the log file."""
    logger = logging.getLogger(_ROOT)
    for handler in tuple(logger.handlers):
        if handler.get_name() == LOG_NAME:
            logger.removeHandler(handler)
            handler.close()
