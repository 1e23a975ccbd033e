"""The journal of imports under way: where each has got to, so that a killed one goes on from there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from clarity_desktop.domain.errors import ConflictError, IntegrityError, NotFoundError
from clarity_desktop.domain.importing import UnfinishedImport
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.intake.stage import ImportLock, clear_stage
from clarity_desktop.vault.intake.state import pack_state, unpack_state
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.transactions import Store

__all__ = ["ImportJournal", "ImportPlace", "JournalEntry"]

_TABLE: Final = schema.import_journal
_FORM: Final = 1
"""Form of the noted state; one of another form is read from the beginning."""


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """Whose and which file an import reads, and how far it is. Sealed where it is stored."""

    file: str
    path: str = ""
    """Where the file lay, so that it can be found again."""
    zone: str | None = None
    adds_patient: bool = False
    """The person was added for this import."""
    done: float = 0.0
    total: float | None = None
    records: int = 0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A running import of this process."""

    token: str
    lock: ImportLock
    patient_id: PatientId
    place: ImportPlace
    state: dict[str, Any] | None = None
    """What was noted last, when the import is taken up again."""
    marks: tuple[int, int, int] = (0, 0, 0)
    """Last ids of staged parts, elements and set-aside records that the state knows."""


class ImportJournal:
    """The unfinished imports of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, patient_id: PatientId, *, format: str, sha256: str, place: ImportPlace) -> JournalEntry:  # noqa: A002
        """Note that an import begins."""
        with file_failures():
            token, lock = ImportLock.new(self._store.layout)
        sealed = self._store.seal_of(patient_id).seal(_place_bytes(place), _TABLE.name, token, "place")
        with self._store.staging() as connection:
            connection.execute(
                insert(_TABLE).values(
                    id=token,
                    patient_id=patient_id,
                    format=format,
                    sha256=sha256,
                    begun=int(time.time()),
                    marked=0,
                    known=_known(connection, patient_id),
                    last_chunk=0,
                    last_element=0,
                    last_aside=0,
                    sealed_place=sealed,
                )
            )
        return JournalEntry(token, lock, patient_id, place)

    def take_up(self, patient_id: PatientId, *, format: str, sha256: str, place: ImportPlace) -> JournalEntry | None:  # noqa: A002
        """The interrupted import of the same file, read in the same way, or ``None``.

        One that can not go on is cleared: its file was changed, other imports have come in between, it was read with
        another home zone, or another version of the program has noted it.
        """
        with self._store.reading() as connection:
            query = select(_TABLE).where(_TABLE.c.patient_id == patient_id, _TABLE.c.format == format)
            rows = connection.execute(query.order_by(_TABLE.c.begun.desc(), _TABLE.c.id)).all()
            known = _known(connection, patient_id)
        for row in rows:
            lock = ImportLock.take(self._store.layout.import_lock(row.id))
            if lock is None:
                continue
            earlier = self._place(row.patient_id, row.id, row.sealed_place)
            if row.sha256 != sha256 and earlier.path != place.path:
                lock.release()
                continue
            state = self._state(row.patient_id, row.id, row.sealed_state) if row.marked else None
            sound = row.sha256 == sha256 and row.known == known and earlier.zone == place.zone
            if not sound or state is None:
                self._clear(row.id, lock)
                continue
            marks = (row.last_chunk, row.last_element, row.last_aside)
            renewed = replace(earlier, file=place.file, path=place.path)
            return JournalEntry(row.id, lock, patient_id, renewed, state, marks)
        return None

    def changed_file(self, patient_id: PatientId, *, sha256: str, path: str) -> bool:
        """Whether an interrupted import read another content of the file at this path."""
        return any(one.sha256 != sha256 and one.path == path for one in self.unfinished(patient_id))

    def mark(self, connection: Connection, entry: JournalEntry, place: ImportPlace, state: Mapping[str, Any]) -> None:
        """Note how far an import is, in the transaction that stages what it has read so far."""
        seal = self._store.seal_of(entry.patient_id)
        token = entry.token
        last = [
            connection.execute(
                select(func.coalesce(func.max(table.c.id), 0)).where(table.c.token == token)
            ).scalar_one()
            for table in (schema.stage_chunks, schema.stage_elements, schema.stage_set_aside)
        ]
        done = connection.execute(
            update(_TABLE)
            .where(_TABLE.c.id == token)
            .values(
                marked=int(time.time()),
                last_chunk=last[0],
                last_element=last[1],
                last_aside=last[2],
                sealed_place=seal.seal(_place_bytes(place), _TABLE.name, token, "place"),
                sealed_state=seal.seal(pack_state({"form": _FORM, **state}), _TABLE.name, token, "state"),
            )
        )
        if done.rowcount != 1:
            raise _lost()

    def forget_state(self, connection: Connection, token: str) -> None:
        """Drop what was noted of an import, in the transaction that ends it."""
        connection.execute(update(_TABLE).where(_TABLE.c.id == token).values(sealed_state=b""))

    def unfinished(self, patient_id: PatientId | None = None) -> list[UnfinishedImport]:
        """Imports that were interrupted and can go on, newest first; without those that run now."""
        query = select(_TABLE).where(_TABLE.c.marked > 0).order_by(_TABLE.c.marked.desc(), _TABLE.c.id)
        if patient_id is not None:
            query = query.where(_TABLE.c.patient_id == patient_id)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        found: list[UnfinishedImport] = []
        for row in rows:
            if self._is_running(row.id):
                continue
            place = self._place(row.patient_id, row.id, row.sealed_place)
            found.append(
                UnfinishedImport(
                    token=row.id,
                    patient_id=row.patient_id,
                    file=place.file,
                    path=place.path,
                    zone=place.zone,
                    format=row.format,
                    sha256=row.sha256,
                    marked=row.marked,
                    done=place.done,
                    total=place.total,
                    records=place.records,
                    adds_patient=place.adds_patient,
                )
            )
        return found

    def begun_for_new(self, sha256: str) -> list[PatientId]:
        """People who were added for an interrupted import of a file, by its hash."""
        return [one.patient_id for one in self.unfinished() if one.adds_patient and one.sha256 == sha256]

    def discard(self, token: str) -> PatientId:
        """Forget an interrupted import and everything it has staged; answers whose it was.

        Raises
        ------
        NotFoundError
            ``import.no_unfinished``.
        ConflictError
            ``import.running`` while it runs.
        """
        with self._store.reading() as connection:
            row = connection.execute(select(_TABLE.c.patient_id).where(_TABLE.c.id == token)).first()
        if row is None:
            raise NotFoundError(
                "import.no_unfinished", "There is no such interrupted import.", remedy="List the interrupted imports."
            )
        lock = ImportLock.take(self._store.layout.import_lock(token))
        if lock is None:
            raise ConflictError("import.running", "This import is running.", remedy="Stop it first.")
        self._clear(token, lock)
        return str(row.patient_id)

    def forget(self, connection: Connection, patient_id: PatientId) -> None:
        """Forget a patient's interrupted imports within a write transaction, because what they rest on changes.

        Raises
        ------
        ConflictError
            ``import.running`` while one of them runs.
        """
        query = select(_TABLE.c.id).where(_TABLE.c.patient_id == patient_id)
        for token in list(connection.execute(query).scalars()):
            if self._is_running(token):
                raise ConflictError(
                    "import.running",
                    "An import for this person is running.",
                    remedy="Wait until it has ended, or stop it, and do it again.",
                )
            clear_stage(connection, token)

    def _is_running(self, token: str) -> bool:
        lock = ImportLock.take(self._store.layout.import_lock(token))
        if lock is None:
            return True
        lock.release()
        return False

    def _clear(self, token: str, lock: ImportLock) -> None:
        with self._store.staging() as connection:
            clear_stage(connection, token)
            connection.execute(delete(_TABLE).where(_TABLE.c.id == token))
        lock.release()

    def _place(self, patient_id: PatientId, token: str, sealed: bytes) -> ImportPlace:
        raw = self._store.seal_of(patient_id).open(sealed, _TABLE.name, token, "place")
        return ImportPlace(**unpack_state(raw))

    def _state(self, patient_id: PatientId, token: str, sealed: bytes) -> dict[str, Any] | None:
        try:
            state = unpack_state(self._store.seal_of(patient_id).open(sealed, _TABLE.name, token, "state"))
        except IntegrityError:
            # A state that cannot be read costs time only: the file is read from its beginning.
            return None
        return state if state.get("form") == _FORM else None


def _place_bytes(place: ImportPlace) -> bytes:
    return pack_state(asdict(place))


def _known(connection: Connection, patient_id: PatientId) -> int:
    """A number that differs once another import of the patient has been finished or undone."""
    imports, undo = schema.imports, schema.import_undo
    latest = select(func.coalesce(func.max(imports.c.id), 0)).where(imports.c.patient_id == patient_id)
    undoable = select(func.count()).select_from(undo).where(undo.c.patient_id == patient_id)
    latest_id: int = connection.execute(latest).scalar_one()
    return latest_id * 1_000_003 + int(connection.execute(undoable).scalar_one())


def _lost() -> IntegrityError:
    return IntegrityError(
        "import.stage_lost",
        "What this import had put down was removed by another process.",
        remedy="Import the file again.",
    )
