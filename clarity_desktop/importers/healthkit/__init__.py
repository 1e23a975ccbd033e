"""Apple Health exports: the zip a phone makes, its unpacked folder, or the bare XML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clarity_desktop.importers.format import Format, Head
from clarity_desktop.importers.healthkit.container import looks_like_xml, open_export
from clarity_desktop.importers.healthkit.reader import ExportReader

__all__ = ["FORMAT"]


def _claims(head: Head) -> bool:
    return head.is_folder or head.start[:2] == b"PK" or looks_like_xml(head.start)


@contextmanager
def _open(path: Path) -> Iterator[ExportReader]:
    with open_export(path) as export:
        yield ExportReader(export)


FORMAT = Format("healthkit", "an Apple Health export (zip, folder or XML)", (".zip", ".xml"), _claims, _open)
