"""Reads an opened Apple Health export into a sink: every element counted, kept, or set aside with its place."""

from __future__ import annotations

import re

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.importers.healthkit.columns import FLUSH_ROWS
from clarity_desktop.importers.healthkit.container import Export, Member, of_one_person
from clarity_desktop.importers.healthkit.dates import parse_date
from clarity_desktop.importers.healthkit.document import Document
from clarity_desktop.importers.healthkit.handler import Handler
from clarity_desktop.importers.healthkit.place import Place
from clarity_desktop.importers.healthkit.rows import FastLimits, FastRows
from clarity_desktop.importers.healthkit.zones import zone_timeline
from clarity_desktop.importers.reading import Reading

__all__ = ["ExportReader"]

_EXPORT_DATE = re.compile(rb"<ExportDate\s+value=\"([^\"]*)\"")
_FAST = FastLimits()


class ExportReader:
    """Reads all HealthData documents of one export.

    Parameters
    ----------
    export:
        What :func:`open_export` found.
    fast:
        From which sizes on runs of records are read in columns; ``None`` reads every element on its own, with the
        same result.
    flush_rows:
        Rows held before a batch goes to the sink.
    """

    def __init__(
        self,
        export: Export,
        *,
        fast: FastLimits | None = _FAST,
        flush_rows: int = FLUSH_ROWS,
    ) -> None:
        self._export = export
        self._fast = fast
        self._flush_rows = flush_rows
        self.hashed = export.hashed
        self.format_version = ""
        sizes = [member.size for member in export.members]
        self.total_bytes: int | None = None if None in sizes else sum(size for size in sizes if size is not None)

    def read(self, reading: Reading) -> None:
        """Read everything.

        Raises
        ------
        ConflictError
            ``import.ask_two_exports`` when the documents inside do not state the same person.
        """
        members = self._ordered_members(reading)
        for code, count, names in self._export.notes:
            reading.tally.problem(code, "archive", count, names)
        handler = Handler(reading, self._export.files, self._flush_rows)
        place = Place(reading, handler)
        stopped = False
        for number, member in place.members(members):
            fast_rows = FastRows(handler.rows, handler.node, self._fast) if self._fast is not None else None
            document = Document(handler, member.name, fast_rows)
            for chunk in place.chunks(member, document):
                document.feed(chunk)
                handler.collector.flush_if_full()
                stopped = place.is_to_stop(number, document, len(chunk))
                if stopped:
                    break
                reading.advance(len(chunk))
                place.mark_when_due(number, document)
            if stopped:
                break
            document.feed(b"", final=True)
        handler.finish()
        if not stopped:
            handler.companions.read(handler.routes)
        found = zone_timeline(handler.evidence, reading.home_zone)
        if found:
            reading.zones(found)

    def _ordered_members(self, reading: Reading) -> list[Member]:
        members = self._export.members
        if len(members) == 1:
            return members
        names = [member.name for member in members]
        if not of_one_person(members):
            raise ConflictError(
                "import.ask_two_exports",
                f"The archive holds exports that may belong to different people: {', '.join(names)}.",
                remedy="Unpack the archive and import each export for its own person.",
            )
        reading.tally.problem("archive.two_exports", "archive", len(members), names)
        return sorted(members, key=_export_instant)


def _export_instant(member: Member) -> int:
    match = _EXPORT_DATE.search(member.start)
    parsed = parse_date(match[1].decode("utf-8", "replace")) if match is not None else None
    return 0 if parsed is None else parsed.instant
