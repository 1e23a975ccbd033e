"""Who is who at an account's server, and which pieces of it were read: links made by people, never guessed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.intake.page import PageCount, PulledPiece, note_pieces, put_page
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.sync_memory import SyncMemory

__all__ = ["Exchange"]

_PEOPLE, _PIECES = schema.exchange_people, schema.exchange_pieces
_ERASED: Final = "erased-remote"
_DIRECTION: Final = "direction"


class Exchange:
    """What the vault knows of an account's other devices. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory = SyncMemory(store)

    # -- who is who ---------------------------------------------------------------------------------------------

    def remote_id(self, patient_id: PatientId, account: str) -> str:
        """The random number by which uploads name a patient; made at first use, of nothing that is known of them."""
        own = (_PEOPLE.c.patient_id == patient_id) & (_PEOPLE.c.account == account) & (_PEOPLE.c.is_own == 1)
        query = select(_PEOPLE.c.remote_id).where(own)
        with self._store.reading() as connection:
            found: str | None = connection.execute(query).scalar()
        if found is not None:
            return found
        with self._store.writing("sync.person", patient_id) as write:
            found = write.connection.execute(query).scalar()
            if found is None:
                found = secrets.token_hex(16)
                row = _row(account, found, patient_id, is_own=True)
                write.connection.execute(insert(_PEOPLE).values(row))
        return found

    def people(self, account: str) -> dict[str, PatientId]:
        """Patients by the numbers that name them at an account."""
        query = select(_PEOPLE.c.remote_id, _PEOPLE.c.patient_id).where(_PEOPLE.c.account == account)
        with self._store.reading() as connection:
            return {row.remote_id: row.patient_id for row in connection.execute(query)}

    def link(self, account: str, remote_id: str, patient_id: PatientId) -> bool:
        """Keep that a remote person is a patient here, as somebody said; answers whether uploads are named anew by it.

        Raises
        ------
        ConflictError
            ``sync.linked`` when that remote person is somebody else here already.
        """
        with self._store.writing("sync.link", patient_id) as write:
            held = select(_PEOPLE.c.patient_id, _PEOPLE.c.is_own).where(
                _PEOPLE.c.account == account, _PEOPLE.c.remote_id == remote_id
            )
            row = write.connection.execute(held).first()
            if row is not None and row.patient_id != patient_id:
                raise ConflictError(
                    "sync.linked",
                    "This person of the server is linked to somebody else here.",
                    remedy="Choose the person it is linked to, or leave it.",
                )
            if row is not None and row.is_own:
                return False
            mine = (_PEOPLE.c.account == account) & (_PEOPLE.c.patient_id == patient_id)
            before = write.connection.execute(
                select(_PEOPLE.c.with_records).where(mine, _PEOPLE.c.is_own == 1)
            ).scalar()
            # From now on both devices use one number, the one that was there first.
            write.connection.execute(update(_PEOPLE).where(mine).values(is_own=0))
            values = _row(account, remote_id, patient_id, is_own=True) | {"with_records": int(before or 0)}
            write.connection.execute(
                insert(_PEOPLE)
                .values(values)
                .on_conflict_do_update(
                    index_elements=["account", "remote_id"], set_={"is_own": 1, "with_records": int(before or 0)}
                )
            )
            return before is not None

    def unlink(self, account: str, remote_id: str) -> PatientId | None:
        """Take a link back; what was read stays until its import is undone. Answers whose it was, if anybody's.

        Uploads are named by the patient's earlier number again, or by a new one.
        """
        this = (_PEOPLE.c.account == account) & (_PEOPLE.c.remote_id == remote_id)
        with self._store.reading() as connection:
            patient_id: PatientId | None = connection.execute(select(_PEOPLE.c.patient_id).where(this)).scalar()
        if patient_id is None:
            return None
        with self._store.writing("sync.unlink", patient_id) as write:
            mine = (_PEOPLE.c.account == account) & (_PEOPLE.c.patient_id == patient_id)
            row = write.connection.execute(select(_PEOPLE.c.is_own, _PEOPLE.c.with_records).where(this)).one()
            write.connection.execute(delete(_PEOPLE).where(this))
            first = write.connection.execute(
                select(_PEOPLE.c.remote_id).where(mine).order_by(_PEOPLE.c.at, _PEOPLE.c.remote_id).limit(1)
            ).scalar()
            if row.is_own and first is not None:
                values = {"is_own": 1, "with_records": row.with_records}
                write.connection.execute(update(_PEOPLE).where(mine, _PEOPLE.c.remote_id == first).values(values))
            # Whoever is linked to it next reads it from its beginning; equal samples add nothing.
            write.connection.execute(
                delete(_PIECES).where(_PIECES.c.account == account, _PIECES.c.patient_id == patient_id)
            )
        return patient_id

    def carry_records(self, patient_id: PatientId, account: str, carried: bool) -> None:
        """Whether notes, names and the like of a patient travel; only their consent says so (Y-23)."""
        self.remote_id(patient_id, account)
        mine = (_PEOPLE.c.account == account) & (_PEOPLE.c.patient_id == patient_id) & (_PEOPLE.c.is_own == 1)
        with self._store.reading() as connection:
            now = connection.execute(select(_PEOPLE.c.with_records).where(mine)).scalar()
        if now == int(carried):
            return
        with self._store.writing("sync.records", patient_id) as write:
            write.connection.execute(update(_PEOPLE).where(mine).values(with_records=int(carried)))
            write.detail = "on" if carried else "off"

    def with_records(self, patient_id: PatientId, account: str) -> bool:
        """Whether notes, names and the like of a patient travel."""
        mine = (_PEOPLE.c.account == account) & (_PEOPLE.c.patient_id == patient_id) & (_PEOPLE.c.is_own == 1)
        with self._store.reading() as connection:
            return bool(connection.execute(select(_PEOPLE.c.with_records).where(mine)).scalar())

    # -- erased, and which way ----------------------------------------------------------------------------------

    def erased(self, account: str) -> frozenset[str]:
        """Numbers of people who were erased: nothing of them is read again, also after a restore."""
        return frozenset(self._memory.recall(f"{_ERASED}/{account}", []))

    def note_erased(self, account: str, remote_ids: Collection[str]) -> None:
        """Keep that people were erased, by their numbers alone."""
        known = self.erased(account)
        if not known.issuperset(remote_ids):
            self._memory.remember(f"{_ERASED}/{account}", sorted(known.union(remote_ids)))

    def numbers_of(self, patient_id: PatientId) -> dict[str, tuple[str, ...]]:
        """A patient's numbers, by account."""
        query = select(_PEOPLE.c.account, _PEOPLE.c.remote_id).where(_PEOPLE.c.patient_id == patient_id)
        found: dict[str, list[str]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(query.order_by(_PEOPLE.c.account, _PEOPLE.c.remote_id)):
                found.setdefault(row.account, []).append(row.remote_id)
        return {account: tuple(ids) for account, ids in found.items()}

    def direction(self, account: str) -> str | None:
        """Which way data go, as somebody chose; ``None`` before."""
        found = self._memory.recall(f"{_DIRECTION}/{account}")
        return None if found is None else str(found)

    def choose_direction(self, account: str, direction: str) -> None:
        """Keep which way data go."""
        self._memory.remember(f"{_DIRECTION}/{account}", direction)

    # -- pieces -------------------------------------------------------------------------------------------------

    def read_before(self, account: str) -> frozenset[str]:
        """Contents of pieces that were read."""
        query = select(_PIECES.c.piece).distinct().where(_PIECES.c.account == account)
        with self._store.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def put_page(self, patient_id: PatientId, account: str, person: str, pieces: Sequence[PulledPiece]) -> PageCount:
        """Join samples with what is stored; see :func:`~clarity_desktop.vault.intake.page.put_page`."""
        return put_page(self._store, patient_id, account, person, pieces)

    def note_read(self, patient_id: PatientId, account: str, pieces: Sequence[PulledPiece]) -> None:
        """Keep that pieces without samples were read."""
        with self._store.writing("sync.pull", patient_id) as write:
            note_pieces(write, account, patient_id, pieces)
            write.detail = f"{len(pieces)} pieces"


def _row(account: str, remote_id: str, patient_id: PatientId, *, is_own: bool) -> dict[str, Any]:
    return {
        "account": account,
        "remote_id": remote_id,
        "patient_id": patient_id,
        "is_own": int(is_own),
        "with_records": 0,
        "at": int(time.time()),
    }
