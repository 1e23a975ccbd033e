"""Which formats there are, and which one a file is, judged by its content."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.domain.errors import InputError, UsageError
from clarity_desktop.importers import (
    actiwatch_awd,
    csv_timeseries,
    health_auto_export,
    health_auto_export_table,
    healthkit,
)
from clarity_desktop.importers.format import Format, read_head

__all__ = ["FORMATS", "format_named", "sniff"]

FORMATS: tuple[Format, ...] = (
    actiwatch_awd.FORMAT,
    health_auto_export.FORMAT,
    health_auto_export_table.FORMAT,
    healthkit.FORMAT,
    csv_timeseries.FORMAT,
)
"""All formats, in the order in which they may claim a file."""


def format_named(name: str) -> Format:
    """The format of an id.

    Raises
    ------
    UsageError
        ``import.no_such_format``.
    """
    for candidate in FORMATS:
        if candidate.id == name:
            return candidate
    raise UsageError(
        "import.no_such_format",
        f"There is no file format called “{name}”.",
        remedy="Known formats: " + ", ".join(candidate.id for candidate in FORMATS) + ".",
    )


def sniff(path: Path, *, format: str | None = None) -> Format:  # noqa: A002 - the name the command line uses
    """The format of a file by its content, or the one named.

    Raises
    ------
    InputError
        ``import.not_found``, ``import.empty_file``, ``import.cannot_open`` or ``import.unknown_format``.
    UsageError
        ``import.no_such_format``.
    """
    head = read_head(path)
    if format is not None:
        return format_named(format)
    for candidate in FORMATS:
        if candidate.claims(head):
            return candidate
    raise InputError(
        "import.unknown_format",
        f"“{path.name}” is not a file that Clarity Desktop knows how to read.",
        remedy="Readable are: " + "; ".join(candidate.title for candidate in FORMATS) + ".",
    )
