"""The way of a file into a sink: open, identify, read, finish or abandon, and the report that adds up."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from clarity_desktop.domain.errors import CancelledError, InputError
from clarity_desktop.domain.importing import ImportReport, ImportSink, JournalledSink
from clarity_desktop.domain.time import zone_of_name
from clarity_desktop.domain.work import CancelToken, CancelWay, Progress, ProgressListener, ignore_progress
from clarity_desktop.importers import registry
from clarity_desktop.importers.counting import CountingSink
from clarity_desktop.importers.reading import Reading

__all__ = ["ImportChecks", "SinkFactory", "file_sha256", "import_file", "inspect_file"]

SinkFactory = Callable[[str, str, str], ImportSink]
"""Makes the sink of one import from format id, SHA-256 of the file, and file name."""

_HASH_BLOCK = 1 << 20


class ImportChecks(Protocol):
    """Asked whether a file may be stored; refuses by raising a :class:`ClarityError`."""

    def person(self, stated: Mapping[str, str]) -> None:
        """The file says this of the person (``date_of_birth``, ``sex``); told as soon as it is read."""

    def before_storing(self, report: ImportReport) -> None:
        """The whole file was read, and nothing is visible yet."""


def import_file(
    path: Path,
    sink_factory: SinkFactory,
    *,
    home_zone: str | None = None,
    format: str | None = None,  # noqa: A002 - the name the command line uses
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
    checks: ImportChecks | None = None,
) -> ImportReport:
    """Read a file into a sink.

    Nothing becomes visible before the whole file has been read. On any error the sink is abandoned and the store is as
    before; when it is stopped, the token's way says what becomes of the part read so far (readers that cannot keep a
    part keep nothing).

    Parameters
    ----------
    path:
        A file of any known format, or the unpacked folder of an Apple Health export.
    sink_factory:
        Called once, after the file has been recognised and its SHA-256 is known. What it raises is passed on.
    home_zone:
        IANA name of the zone the person lives in. Files with a naive clock are read in it.
    format:
        Id of a format, to skip recognition.
    checks:
        Who is asked whether this file may be stored here.

    Returns
    -------
    ImportReport
        For every type: records = stored_new + duplicates + rejected.

    Raises
    ------
    InputError
        The file is not readable as any known format, or is damaged; its code says how.
    CancelledError
        The person stopped it.
    """
    began = time.perf_counter()
    token = cancel or CancelToken()
    if home_zone is not None:
        zone_of_name(home_zone)
    chosen = registry.sniff(path, format=format)
    with chosen.open(path) as source:
        sha256 = file_sha256(source.hashed, progress=progress, cancel=token)
        sink = sink_factory(chosen.id, sha256, path.name)
        try:
            reading = Reading(sink, path.name, home_zone, source.total_bytes, progress, token)
            if checks is not None:
                reading.on_person = checks.person
            reading.tally.format_version = source.format_version
            source.read(reading)
            tally = reading.tally
            before = tally.report(
                file=path.name, format_id=chosen.id, sha256=sha256, seconds=time.perf_counter() - began
            )
            if checks is not None:
                checks.before_storing(before)
            progress(Progress("Storing", tally.bytes_read, source.total_bytes, "bytes"))
            counts = sink.finish(before)
        except CancelledError:
            if token.way is CancelWay.PAUSE and isinstance(sink, JournalledSink):
                sink.suspend()
            else:
                sink.abandon()
            raise
        except BaseException:
            sink.abandon()
            raise
    stored = sink.stored_report if isinstance(sink, JournalledSink) else None
    tally.repeated_elements(counts)
    seconds = time.perf_counter() - began
    report = tally.report(
        file=path.name,
        format_id=chosen.id,
        sha256=sha256,
        seconds=seconds,
        counts=counts,
        stores=not isinstance(sink, CountingSink),
    )
    if stored is None:
        return report
    return replace(
        report,
        import_id=stored.import_id,
        patient_id=stored.patient_id,
        vanished=stored.vanished,
        returned=stored.returned,
        superseded=stored.superseded,
    )


def inspect_file(
    path: Path,
    *,
    home_zone: str | None = None,
    format: str | None = None,  # noqa: A002 - the name the command line uses
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Read a file and count, storing nothing; arguments and errors as for :func:`import_file`."""
    return import_file(
        path,
        lambda _format, _sha256, _name: CountingSink(),
        home_zone=home_zone,
        format=format,
        progress=progress,
        cancel=cancel,
    )


def file_sha256(
    paths: tuple[Path, ...], *, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
) -> str:
    """SHA-256 over the bytes of the files, one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    total = sum(path.stat().st_size for path in paths)
    done = 0
    for path in paths:
        try:
            with path.open("rb", buffering=0) as handle:
                while block := handle.read(_HASH_BLOCK):
                    if cancel is not None:
                        cancel.check()
                    digest.update(block)
                    done += len(block)
                    progress(Progress("Checking the file", done, total, "bytes"))
        except OSError as error:
            raise InputError(
                "import.cannot_open",
                f"The file “{path.name}” cannot be read.",
                remedy="Check that it is still there and that this account may read it.",
                detail=type(error).__name__,
            ) from error
    return digest.hexdigest()
