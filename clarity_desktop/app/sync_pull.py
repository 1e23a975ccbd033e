"""The part of the services that reads what an account's other devices have sent, and fills an empty vault with it."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_records import RECORDS_UNREAD
from clarity_desktop.app.sync_remote import SyncRemoteServices, day_of, kept_apart, which_way
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, IntegrityError
from clarity_desktop.domain.exchange import (
    RECORDS_KIND,
    PullReport,
    RestoreLine,
    RestorePreview,
)
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.cycle import CycleReport
    from clarity_desktop.cloud.sync.pull import RemoteIndex, RemotePiece

__all__ = ["SyncPullServices"]

_EVERY_S: Final = 600
_PAGE_PIECES: Final = 16
_CANNOT: Final = (
    "Documents and reports: they never leave this program by sync.",
    "Kinds of recordings that do not travel; the table in the guide names those that do.",
    "What the server has let go: it keeps items for a time of its own, 30 to 90 days.",
    "The record of who did what (audit): each computer has its own.",
)


class SyncPullServices(SyncRemoteServices):
    """Part of ``Services``; its calls wait for the network, so make them from a worker."""

    # -- reading ------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def pull_now(self, cancel: CancelToken | None = None, progress: ProgressListener | None = None) -> PullReport:
        """Read what other devices have sent of the people who are linked; nothing here is overwritten or removed.

        Cancelling ends between two pages: what was read stays, and the next pull goes on from there.

        Raises
        ------
        ConflictError
            ``sync.direction`` while both sides have data and nobody has chosen; ``sync.apart`` and
            ``sync.upload_only`` where that was chosen; ``sync.unreadable`` for a server that gives nothing back;
            ``sync.running``.
        CancelledError
            When cancelled.
        """
        self._require_sending()
        key = self._account_key()
        if not self._cycle_lock.acquire(blocking=False):
            raise ConflictError("sync.running", "Sync is running already.", remedy="Wait until it has ended.")
        try:
            return self._pull(key, cancel or CancelToken(), progress or ignore_progress)
        finally:
            self._cycle_lock.release()

    @needs(Right.SEND_INSIGHT)
    def restore_preview(self) -> RestorePreview:
        """What a restore from the server would bring, and what it cannot; nothing is read into the vault (Y-67)."""
        self._require_sending()
        key = self._account_key()
        index = self._read_index(key)
        erased = self._erased_there(key, index)
        people = {one: pieces for one, pieces in self._by_person(index).items() if one not in erased}
        kinds: dict[str, list[RemotePiece]] = {}
        for pieces in people.values():
            for piece in pieces:
                for kind in piece.kinds:
                    kinds.setdefault(kind, []).append(piece)
        lines = tuple(_restore_line(kind, pieces) for kind, pieces in sorted(kinds.items()))
        cannot = list(_CANNOT)
        if not any(piece.has_records for pieces in people.values() for piece in pieces):
            cannot.insert(0, "Names, notes and diaries: they were not sent, since no consent names them.")
        cannot.insert(1, "Names of sources and devices: stand-ins take their place until a file here bears the names.")
        cannot.extend(
            f"A recording with a gap at the server: {piece.missing()}."
            for pieces in people.values()
            for piece in pieces
            if not piece.is_complete
        )
        if not self._is_readable(key):
            cannot = ["Anything at all: this server does not give back what it took."]
        return RestorePreview(lines, tuple(cannot), len(people), not self._holds_own_data(key))

    @needs(Right.SEND_INSIGHT)
    def restore_from_cloud(
        self, cancel: CancelToken | None = None, progress: ProgressListener | None = None
    ) -> PullReport:
        """Bring everything that the server gives back into an empty vault, each remote person as a new one.

        Raises
        ------
        ConflictError
            ``sync.not_empty`` when the vault holds people: link those, and pull. Else as :meth:`pull_now`.
        """
        self._require_sending()
        key = self._account_key()
        links = self.vault.exchange.people(key)
        if self._holds_own_data(key):
            raise ConflictError(
                "sync.not_empty",
                "This vault holds people already, so nothing is restored into it.",
                remedy="Link the people of the server to those here, and read from there: sync link, sync pull.",
            )
        if not self._cycle_lock.acquire(blocking=False):
            raise ConflictError("sync.running", "Sync is running already.", remedy="Wait until it has ended.")
        try:
            index = self._read_index(key)
            for person in sorted(set(self._by_person(index)) - self._erased_there(key, index) - set(links)):
                self.link_remote(person, None)
            if self._direction_of(key) is None:
                self._keep_direction(key, "both")
            return self._pull(key, cancel or CancelToken(), progress or ignore_progress, index)
        finally:
            self._cycle_lock.release()

    # -- inside -------------------------------------------------------------------------------------------------

    def _channel_reader(self) -> Any:
        from clarity_desktop.cloud.sync.reading import channel_reader

        key, exchange = self._account_key(), self.vault.exchange
        return channel_reader(
            self.vault.series,
            self.vault.zones.get,
            self.vault.outbox.carriers(),
            self._left_out,
            person_of=lambda patient_id: exchange.remote_id(patient_id, key),
            records=self._records_text,
        )

    def _cycle(self, key: str, cancel: CancelToken, open_patient: str | None) -> CycleReport:
        """A cycle of sync in the direction that was chosen; reading comes first, since it may stop what waits."""
        from clarity_desktop.cloud.client.exchange import CloudError
        from clarity_desktop.cloud.sync.cycle import CycleReport

        outbox = self.vault.outbox
        self.vault.conflicts.finish()
        self._refresh_records(key)
        direction = self._direction_of(key)
        if direction is None and not outbox.enabled(key):
            return super()._cycle(key, cancel, open_patient)
        try:
            if direction is None:
                if self._needs_direction(key, self._read_index(key, cancel)):
                    raise which_way()
                direction = "both"
                self._keep_direction(key, direction)
            if direction == "apart":
                raise kept_apart()
            is_due = time.time() - float(outbox.recall(f"pulled/{key}", 0)) >= _EVERY_S
            others = direction == "both" and is_due and self._has_other_devices(key) and self._is_readable(key)
            if direction == "pull":
                self._finish_erasures(key)
            if direction == "pull" or others:
                self._pull(key, cancel, ignore_progress)
        except CloudError as error:
            if direction == "both":
                # Sending meets the same trouble, and its report tells.
                return super()._cycle(key, cancel, open_patient)
            self._note_stop(key, error)
            return CycleReport(stopped=error.code, waits_s=error.wait_s, errors=[error.code])
        if direction == "pull":
            return CycleReport()
        return super()._cycle(key, cancel, open_patient)

    def _pull(
        self, key: str, cancel: CancelToken, progress: ProgressListener, index: RemoteIndex | None = None
    ) -> PullReport:
        from clarity_desktop.cloud.sync.pull import PieceReader

        account, exchange = self.cloud_account(), self.vault.exchange
        assert account is not None
        direction = self._direction_of(key)
        if direction == "apart":
            raise kept_apart()
        if direction == "upload":
            raise ConflictError(
                "sync.upload_only",
                "This account only sends, as somebody chose.",
                remedy="Choose another direction in the sync panel, or run: sync direction both",
            )
        index = index or self._read_index(key, cancel)
        if not self._is_readable(key):
            raise ConflictError(
                "sync.unreadable",
                "This server does not give back what it took.",
                remedy="Nothing can be read from it; what is here stays here, whole.",
            )
        if self._needs_direction(key, index):
            raise which_way()
        people = self._by_person(index)
        links, erased, before = exchange.people(key), self._erased_there(key, index), exchange.read_before(key)
        self._stop_erased(key)
        own = self.vault.outbox.own_persons(key, {op for one in index.pieces.values() for op in one.ops})
        wanted: dict[str, str] = {}
        equal = 0
        missing: list[str] = []
        for person, pieces in people.items():
            if person in erased or person not in links:
                continue
            for piece in pieces:
                if piece.ops & own.keys() or piece.group in before:
                    equal += 1
                elif piece.is_complete:
                    wanted[piece.group] = person
                else:
                    missing.append(piece.missing())
        others = any(person not in erased for person in people)
        if others != self._has_other_devices(key):
            self.vault.outbox.remember(f"others/{key}", others)
        reader = PieceReader(self._cloud_api(account), wanted)
        report = _Sums(equal=equal)
        touched: set[str] = set()
        while True:
            cancel.check()
            page = self._net.run(reader.some(_PAGE_PIECES), cancel)
            if not page:
                break
            for person in dict.fromkeys(wanted[group] for group, _ in page):
                cancel.check()
                mine = [(group, channels) for group, channels in page if wanted[group] == person]
                self._put_page(key, person, links[person], mine, index, report)
                touched.add(links[person])
                progress(Progress("Reading from the server", report.read, len(wanted), "pieces"))
        self.vault.outbox.remember(f"pulled/{key}", int(time.time()))
        if touched:
            self._announce(Change.SAMPLES | Change.ZONES | Change.IMPORTS | Change.DIARY | Change.PATIENTS, *touched)
        waiting = sum(1 for person in people if person not in links and person not in erased)
        return PullReport(
            report.read,
            report.new,
            report.equal,
            report.conflicts,
            waiting,
            tuple(missing),
            index.damaged + len(reader.damaged) + report.refused,
        )

    def _put_page(
        self,
        key: str,
        person: str,
        patient_id: str,
        page: Collection[tuple[str, list[Any]]],
        index: RemoteIndex,
        report: _Sums,
    ) -> None:
        """One page of one patient, in one transaction."""
        from clarity_desktop.vault.intake.page import PulledPiece

        texts = [one.text for _, channels in page for one in channels if one.kind == RECORDS_KIND]
        if texts:
            try:
                taken = self._take_records(key, patient_id, texts)
            except IntegrityError:
                # Such as one of a newer program: nothing of the page is noted, so that it is read again later.
                report.refused += len(page)
                self.vault.outbox.tell(key, RECORDS_UNREAD, {}, patient_id)
                return
            report.new += taken.new
            report.conflicts += taken.conflicts
        pieces = [
            PulledPiece(
                group,
                tuple(index.pieces[group].found.values()),
                [one for one in channels if one.kind != RECORDS_KIND],
            )
            for group, channels in page
        ]
        count = self.vault.exchange.put_page(patient_id, key, person, pieces)
        report.read += len(pieces)
        report.new += count.new
        report.equal += count.equal


class _Sums:
    """What a pull has come to so far."""

    def __init__(self, equal: int) -> None:
        self.read = self.new = self.conflicts = self.refused = 0
        self.equal = equal


def _restore_line(kind: str, pieces: Collection[RemotePiece]) -> RestoreLine:
    what = "records" if kind == RECORDS_KIND else kind
    count = len(pieces) if kind == RECORDS_KIND else sum(one.kinds[kind] for one in pieces)
    return RestoreLine(
        what,
        count,
        day_of(min((one.first for one in pieces if one.first is not None), default=None)),
        day_of(max((one.last for one in pieces if one.last is not None), default=None)),
    )
