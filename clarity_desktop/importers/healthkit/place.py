"""Where a reading is: noted in the journal now and then, taken up after an interruption, and left when stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.work import CancelWay, Progress
from clarity_desktop.importers.healthkit.container import Member
from clarity_desktop.importers.healthkit.document import Document
from clarity_desktop.importers.healthkit.handler import Handler
from clarity_desktop.importers.reading import Reading

__all__ = ["Place"]


class Place:
    """The place of one reading among the documents of an export.

    An interrupted reading goes on at the last element that was noted. The bytes before are unpacked again, which is
    quick and checks the archive, and are not parsed.
    """

    def __init__(self, reading: Reading, handler: Handler) -> None:
        self._reading = reading
        self._handler = handler
        self._journal = reading.journal
        self._at: Mapping[str, Any] | None = None
        state = None if self._journal is None else self._journal.taken_up()
        if state is not None:
            reading.tally.restore(state["tally"])
            handler.restore(state["handler"])
            self._at = state

    def members(self, members: Sequence[Member]) -> Iterator[tuple[int, Member]]:
        """The documents that are to be read, with their numbers."""
        first = 0 if self._at is None else int(self._at["member"])
        for number in range(first, len(members)):
            yield number, members[number]

    def chunks(self, member: Member, document: Document) -> Iterator[bytes]:
        """The pieces of a document from the place on."""
        at, self._at = self._at, None
        if at is None:
            yield from member.chunks()
            return
        skip = document.go_on_from(at["document"])
        tally = self._reading.tally
        tally.bytes_read = int(at["before"]) + skip
        tally.resumed_at = skip
        passed = 0
        for chunk in member.chunks():
            if passed + len(chunk) <= skip:
                passed += len(chunk)
                self._reading.cancel.check()
                self._reading.progress(Progress("Going to where it was", passed, skip, "bytes"))
                continue
            yield chunk[max(0, skip - passed) :]
            passed += len(chunk)

    def mark_when_due(self, number: int, document: Document) -> None:
        """Note the place when the journal asks for it."""
        if self._journal is not None and self._journal.wants_mark():
            self._mark(number, document)

    def is_to_stop(self, number: int, document: Document, fed: int) -> bool:
        """Whether somebody asked to stop so that the finished part stays; the report then says so.

        Raises
        ------
        CancelledError
            When the reading is to be taken up later: its place is noted. Other ways of stopping are not looked at here.
        """
        cancel = self._reading.cancel
        if not cancel.cancelled or cancel.way is CancelWay.DISCARD:
            return False
        tally = self._reading.tally
        tally.bytes_read += fed
        if cancel.way is CancelWay.PAUSE:
            if self._journal is not None:
                self._mark(number, document)
            raise CancelledError()
        base = int(str(document.place()["base"]))
        tally.problem("file.stopped", f"byte {base}", position=base)
        return True

    def _mark(self, number: int, document: Document) -> None:
        if self._journal is None:
            return
        self._handler.collector.flush()
        tally, place = self._reading.tally, document.place()
        # Bytes of the documents before this one: what was read, less what was fed of this one.
        state = {
            "member": number,
            "document": place,
            "before": tally.bytes_read - document.fed,
            "records": tally.records.total(),
            "tally": tally.document(),
            "handler": self._handler.document(),
        }
        self._journal.mark(state, float(tally.bytes_read), self._reading.total_bytes)
