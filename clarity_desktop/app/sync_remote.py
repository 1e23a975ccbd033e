"""The part of the services that says whom an account's server holds, who they are here, and which way data go."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_erased import SyncErasedServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.exchange import DIRECTIONS, PULLED, Direction, RemotePerson, RemoteSummary
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.pull import RemoteIndex, RemotePiece

__all__ = ["SyncRemoteServices", "day_of", "kept_apart", "which_way"]

_DIRECTIONS: Final = "sync_directions"


class SyncRemoteServices(SyncErasedServices):
    """Part of ``Services``; its calls wait for the network, so make them from a worker."""

    # -- who is there -------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def remote_summary(self) -> RemoteSummary:
        """What the account's server holds of whom, by opaque numbers; nothing is kept of it and nothing changes.

        Raises
        ------
        NotPermittedError
            ``cloud.sending_off``.
        CloudError
            ``cloud.signed_out``, or what stopped the reading.
        """
        self._require_sending()
        key = self._account_key()
        index = self._read_index(key)
        links, erased = self.vault.exchange.people(key), self._erased_there(key, index)
        people = []
        for person, pieces in sorted(self._by_person(index).items()):
            if person in erased:
                continue
            people.append(_remote_person(person, pieces, links.get(person)))
        return RemoteSummary(
            tuple(people),
            self._is_readable(key),
            len(self._visible(self.vault.patients.list())),
            self._needs_direction(key, index),
            self._direction_of(key),
            tuple(piece.missing() for piece in index.pieces.values() if not piece.is_complete),
        )

    @needs(Right.SEND_INSIGHT)
    def choose_direction(self, direction: Direction) -> None:
        """Say which way data go with this account: ``upload``, ``pull``, ``both`` or ``apart`` (Y-66).

        Raises
        ------
        UsageError
            ``sync.direction_unknown``.
        """
        if direction not in DIRECTIONS:
            raise UsageError("sync.direction_unknown", "There is no such way.", remedy=", ".join(DIRECTIONS))
        self._keep_direction(self._account_key(), direction)
        self._announce(Change.SETTINGS)

    @needs(Right.CHANGE_IDENTITY)
    def link_remote(self, remote_id: str, patient_id: str | None) -> str:
        """Keep that a remote person is a person here, or a new one; answers the local id. It is never guessed.

        Raises
        ------
        ConflictError
            ``sync.linked`` when it is linked to somebody else; ``sync.erased`` for somebody who was erased.
        """
        key = self._account_key()
        exchange = self.vault.exchange
        if remote_id in self._erased(key):
            raise ConflictError(
                "sync.erased",
                "This person was erased, so nothing of them is read from the server.",
                remedy="Leave it; the server is asked to delete what it holds.",
            )
        if patient_id is None:
            known = exchange.people(key).get(remote_id)
            if known is not None:
                return known
            patient_id = self.vault.patients.add(f"Person {remote_id[:6]} of the server").id
        if exchange.link(key, remote_id, patient_id) and patient_id in self.vault.outbox.enabled(key):
            # What was sent under another number goes again under this one, so that the other devices find it.
            self.vault.outbox.disable(patient_id, key)
            self.vault.outbox.enable(patient_id, key, self._carriers(key))
        self._announce(Change.PATIENTS | Change.SETTINGS, patient_id)
        return patient_id

    @needs(Right.CHANGE_IDENTITY)
    def unlink_remote(self, remote_id: str) -> str | None:
        """Take a link back: nothing more of this remote person is read for whom it was; answers who that was.

        What was read stays; each page is an import of its own in the person's journal, which can be undone there.

        Raises
        ------
        ConflictError
            ``sync.own_number`` for the number under which this vault itself has sent.
        """
        key = self._account_key()
        patient_id = self.vault.exchange.people(key).get(remote_id)
        if patient_id is not None and self.vault.exchange.numbers_of(patient_id)[key] == (remote_id,):
            sent = self.vault.outbox.processing_ids(patient_id).get(key)
            if sent:
                raise ConflictError(
                    "sync.own_number",
                    "This vault has sent this person's data under this number.",
                    remedy="Remove what was sent first: sync remove.",
                )
        found = self.vault.exchange.unlink(key, remote_id)
        if found is not None:
            self._announce(Change.PATIENTS | Change.SETTINGS, found)
        return found

    # -- inside -------------------------------------------------------------------------------------------------

    def _direction_of(self, key: str) -> Direction | None:
        """Which way was chosen, also where an older copy of the vault was restored that does not know it."""
        kept = dict(self.settings.get(_DIRECTIONS) or {}).get(f"{self._vault_mark()}/{key}")
        found = self.vault.exchange.direction(key) or kept
        return next((one for one in DIRECTIONS if one == found), None)

    def _keep_direction(self, key: str, direction: Direction) -> None:
        self.vault.exchange.choose_direction(key, direction)
        kept = dict(self.settings.get(_DIRECTIONS) or {})
        self.settings.set(_DIRECTIONS, kept | {f"{self._vault_mark()}/{key}": direction})

    def _has_other_devices(self, key: str) -> bool:
        return bool(self.vault.outbox.recall(f"others/{key}", False))

    def _read_index(self, key: str, cancel: CancelToken | None = None) -> RemoteIndex:
        from clarity_desktop.cloud.sync.cycle import Ability
        from clarity_desktop.cloud.sync.pull import read_index

        account = self.cloud_account()
        assert account is not None
        index = self._net.run(read_index(self._cloud_api(account)), cancel)
        if index.uploads and self.vault.outbox.recall(f"ability/{key}") != Ability.FULL:
            self.vault.outbox.remember(f"ability/{key}", Ability.FULL)
        return index

    def _is_readable(self, key: str) -> bool:
        from clarity_desktop.cloud.sync.cycle import Ability

        return self.vault.outbox.recall(f"ability/{key}", Ability.UNKNOWN) not in (Ability.STATUS, Ability.NONE)

    def _by_person(self, index: RemoteIndex) -> dict[str, list[RemotePiece]]:
        """Pieces of somebody else's making, or of one's own, by the number that names whose they are."""
        from clarity_desktop.cloud.sync.pull import is_probe

        own = self.vault.outbox.own_persons(
            self._account_key(), {op for one in index.pieces.values() for op in one.ops}
        )
        found: dict[str, list[RemotePiece]] = {}
        links = {patient: person for person, patient in self.vault.exchange.people(self._account_key()).items()}
        for piece in index.pieces.values():
            if is_probe(piece) or not piece.kinds:
                continue
            person = piece.person
            if not piece.is_tagged:
                # Sent from here before pieces named anybody: the operation knows whose it is.
                mine = next((own[op] for op in piece.ops if op in own), None)
                person = links.get(mine, person) if mine is not None else person
            found.setdefault(person, []).append(piece)
        return found

    def _needs_direction(self, key: str, index: RemoteIndex) -> bool:
        outbox = self.vault.outbox
        if self._direction_of(key) is not None or outbox.has_sent(key):
            return False
        return bool(self._by_person(index)) and self._holds_own_data(key)

    def _holds_own_data(self, key: str) -> bool:
        """Whether the vault holds anybody, or anything of anybody, who did not come from this account."""
        linked = set(self.vault.exchange.people(key).values())
        return any(
            one.id not in linked or any(made.format != PULLED for made in self.vault.imports.list(one.id))
            for one in self.vault.patients.list()
        )


def _remote_person(person: str, pieces: Collection[RemotePiece], patient_id: str | None) -> RemotePerson:
    from clarity_desktop.cloud.sync.pull import kinds_of

    kinds = kinds_of(pieces)
    return RemotePerson(
        person,
        len(pieces),
        day_of(min((one.first for one in pieces if one.first is not None), default=None)),
        day_of(max((one.last for one in pieces if one.last is not None), default=None)),
        tuple(sorted(kinds)),
        sum(one.size for one in pieces),
        patient_id,
        sum(kinds.values()),
        any(one.has_records for one in pieces),
    )


def day_of(instant: Instant | None) -> str | None:
    """UTC date of an instant, ISO 8601."""
    return None if instant is None else datetime.fromtimestamp(instant, UTC).date().isoformat()


def which_way() -> ConflictError:
    """The error that asks which way data go."""
    return ConflictError(
        "sync.direction",
        "Both this vault and the server hold data, so nothing moves before you say which way.",
        remedy="Choose in the sync panel, or run: sync direction upload|pull|both|apart",
    )


def kept_apart() -> ConflictError:
    """The error of an account that is kept apart."""
    return ConflictError(
        "sync.apart",
        "This vault and the server are kept apart, as somebody chose.",
        remedy="Choose another direction in the sync panel, or run: sync direction both",
    )
