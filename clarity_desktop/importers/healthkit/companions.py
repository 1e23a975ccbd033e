"""Files that stand beside the main document of an export: routes, electrocardiograms, clinical documents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import Element, SetAside
from clarity_desktop.importers.healthkit.clinical import CLINICAL_BYTES, with_resource
from clarity_desktop.importers.healthkit.electrocardiogram import ECG_BYTES, electrocardiogram_of
from clarity_desktop.importers.healthkit.gpx import ROUTE_BYTES, route_of
from clarity_desktop.importers.healthkit.zones import Evidence, Witness, route_offset
from clarity_desktop.importers.reading import Reading

__all__ = ["Companion", "Companions", "find_companion", "is_companion"]

_TEXT_KEPT = 8_000
_ALL_BYTES = 4 << 30
_CLINICAL_HELD = 50_000
_CDA_NAME = "export_cda.xml"


@dataclass(frozen=True, slots=True)
class Companion:
    """One file beside the main document, not yet read."""

    size: int
    """Unpacked bytes, as the archive's directory or the file system states."""
    chunks: Callable[[], Iterator[bytes]]


def is_companion(name: str) -> bool:
    """Whether a file of an export's folder may be read beside the main document, so that it belongs to its identity."""
    lower = name.lower()
    if lower.endswith(".csv"):
        return "electrocardiograms/" in lower
    return lower.endswith((".gpx", ".json"))


def find_companion(files: Mapping[str, Companion], path: str) -> str | None:
    """The name under which a path that the document gives (``/workout-routes/…``) is among the files."""
    wanted = path.replace("\\", "/").lstrip("/")
    if not wanted:
        return None
    if wanted in files:
        return wanted
    return next((name for name in files if name.endswith("/" + wanted)), None)


class Companions:
    """Reads the files beside the document, once the document has been read.

    Clinical records wait here for their content, because an archive is read by one reader at a time.
    """

    def __init__(self, reading: Reading, files: Mapping[str, Companion] | None, evidence: Evidence) -> None:
        self._evidence = evidence
        self._reading = reading
        self._files = files
        self._clinical: list[tuple[Element, str]] = []
        self._left = _ALL_BYTES

    def clinical(self, element: Element, path: str) -> None:
        """Take a clinical record whose content stands in the file ``path``."""
        if self._files is None or len(self._clinical) >= _CLINICAL_HELD:
            if self._files is not None:
                self._reading.tally.problem("content.not_joined", "clinical-records/")
            self._reading.element(element)
            return
        self._clinical.append((element, path))

    def document(self) -> list[list[Any]]:
        """The clinical records that wait, as plain values."""
        return [[e.kind, e.key, e.start, e.stop, e.source, e.payload, path] for e, path in self._clinical]

    def restore(self, document: list[list[Any]]) -> None:
        """The reverse of :meth:`document`."""
        self._clinical = [(Element(*fields), path) for *fields, path in document]

    def read(self, routes: Mapping[str, str]) -> None:
        """Read everything that is there.

        Parameters
        ----------
        routes:
            Path of each route file that a workout names, without leading slash, and that workout's key.
        """
        files = self._files
        if files is None:
            if routes:
                self._reading.tally.problem("content.route_missing", "export", len(routes))
            return
        named = self._routes(files, routes)
        for name in sorted(files):
            lower = name.lower()
            if lower.endswith(".gpx"):
                self._route(name, files[name], named.get(name, ""))
            elif lower.endswith(".csv") and "electrocardiograms/" in lower:
                self._electrocardiogram(name, files[name])
            elif lower.rpartition("/")[2] == _CDA_NAME:
                self._reading.tally.problem("content.cda", name)
        self._clinical_documents(files)

    def _routes(self, files: Mapping[str, Companion], routes: Mapping[str, str]) -> dict[str, str]:
        by_tail: dict[str, str] = {}
        for name in files:
            parts = name.split("/")
            by_tail.setdefault("/".join(parts[-2:]), name)
        named: dict[str, str] = {}
        missing = 0
        for path, workout in routes.items():
            found = by_tail.get(path) or find_companion(files, path)
            if found is None:
                missing += 1
            else:
                named[found] = workout
        if missing:
            self._reading.tally.problem("content.route_missing", "export", missing)
        return named

    def _bytes_of(self, name: str, companion: Companion, limit: int, kind: str) -> bytes | None:
        """The file's bytes; ``None`` when it is too large or damaged, which is counted."""
        self._reading.cancel.check()
        if companion.size > limit or companion.size > self._left:
            self._reading.tally.problem("content.too_large", name, 1, (name,))
            return None
        self._left -= companion.size
        parts: list[bytes] = []
        total = 0
        try:
            for chunk in companion.chunks():
                total += len(chunk)
                if total > limit:
                    self._reading.tally.problem("content.too_large", name, 1, (name,))
                    return None
                parts.append(chunk)
        except (InputError, OSError):
            self._unreadable(name, kind, b"".join(parts))
            return None
        return b"".join(parts)

    def _unreadable(self, name: str, kind: str, data: bytes) -> None:
        text = f"{name}\n{data[:_TEXT_KEPT].decode('utf-8', 'replace')}"
        self._reading.set_aside(SetAside(kind, 0, text, "content.unreadable"), name)

    def _route(self, name: str, companion: Companion, workout: str) -> None:
        data = self._bytes_of(name, companion, ROUTE_BYTES, "WorkoutRoute")
        if data is None:
            return
        element = route_of(data, _short(name, "workout-routes"), workout, hashlib.sha256(data).hexdigest())
        if element is None:
            self._unreadable(name, "WorkoutRoute", data)
            return
        if element.stop is not None:
            offset = route_offset(name.rpartition("/")[2], element.stop)
            if offset is not None:
                self._evidence.offset(offset, np.array([element.stop], np.int64), Witness.ROUTE)
        self._reading.element(element)

    def _electrocardiogram(self, name: str, companion: Companion) -> None:
        data = self._bytes_of(name, companion, ECG_BYTES, "Electrocardiogram")
        if data is None:
            return
        element = electrocardiogram_of(data, _short(name, "electrocardiograms"), hashlib.sha256(data).hexdigest())
        if element is None:
            self._unreadable(name, "Electrocardiogram", data)
            return
        self._reading.element(element)

    def _clinical_documents(self, files: Mapping[str, Companion]) -> None:
        by_name = {name.rpartition("/")[2]: name for name in files if name.lower().endswith(".json")}
        used: set[str] = set()
        missing = 0
        for element, path in self._clinical:
            name = by_name.get(path.replace("\\", "/").rpartition("/")[2])
            if name is None:
                missing += 1
                self._reading.element(element)
                continue
            used.add(name)
            data = self._bytes_of(name, files[name], CLINICAL_BYTES, "ClinicalRecord")
            joined = None if data is None else with_resource(element, data)
            if data is not None and joined is None:
                self._unreadable(name, "ClinicalRecord", data)
            self._reading.element(element if joined is None else joined)
        self._clinical.clear()
        if missing:
            self._reading.tally.problem("content.clinical_missing", "export", missing)
        spare = [name for name in by_name.values() if name not in used and "clinical" in name.lower()]
        if spare:
            self._reading.tally.problem("content.clinical_unnamed", spare[0], len(spare))


def _short(name: str, folder: str) -> str:
    """The path from the named folder on, so that another depth of folders is the same file."""
    before, found, after = name.rpartition(folder + "/")
    del before
    return f"{folder}/{after}" if found else name.rpartition("/")[2]
