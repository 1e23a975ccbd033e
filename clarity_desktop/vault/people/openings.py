"""What a session has looked at: the first look at each patient is an entry of the audit, later ones are not (V-28)."""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Openings"]

_OWNERS: Final = {
    "series_id": schema.series,
    "attachment_id": schema.attachments,
    "consent_id": schema.consents,
    "import_id": schema.imports,
}
"""Words for the id of a row, and the table whose rows belong to a patient."""


class Openings:
    """The patients and lists that one session has opened. May be used from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: set[PatientId] = set()
        self._listed = False
        self._series: dict[int, PatientId] = {}
        # Held while the entry is written, so that nobody reads on before it stands.
        self._lock = threading.Lock()

    def look(self, patient_id: PatientId, through: str) -> None:
        """Enter that a patient was opened, unless this session has; unknown ids are left to whoever reads.

        Parameters
        ----------
        through:
            What was asked for, such as ``panel``; the entry names it.
        """
        if patient_id in self._seen:
            return
        with self._lock:
            if patient_id in self._seen or not self._exists(patient_id):
                return
            with self._store.noting("patient.open", patient_id) as write:
                write.detail = through
            self._seen.add(patient_id)

    def opened(self, patient_id: PatientId) -> None:
        """Know that an entry was written already."""
        with self._lock:
            self._seen.add(patient_id)

    def list_shown(self, n: int) -> None:
        """Enter, once a session, that the list of people was shown."""
        with self._lock:
            if self._listed:
                return
            with self._store.noting("patient.list") as write:
                write.detail = f"{n} people"
            self._listed = True

    def searched(self, n: int) -> None:
        """Enter a search for a person and how many it found; what was typed is not kept."""
        with self._store.noting("patient.search") as write:
            write.outcome = "ok" if n else "nothing found"
            write.detail = f"{n} people"

    def patient_of(self, word: str, row_id: object) -> PatientId | None:
        """Whose row this is, or ``None`` when there is none; ``word`` is ``series_id`` or another kind of id."""
        if word == "series_id" and isinstance(row_id, int) and row_id in self._series:
            return self._series[row_id]
        table = _OWNERS[word]
        with self._store.reading() as connection:
            found = connection.execute(select(table.c.patient_id).where(table.c.id == row_id)).scalar_one_or_none()
        if found is not None and word == "series_id" and isinstance(row_id, int):
            self._series[row_id] = str(found)
        return None if found is None else str(found)

    def _exists(self, patient_id: PatientId) -> bool:
        table = schema.patients
        with self._store.reading() as connection:
            return connection.execute(select(table.c.id).where(table.c.id == patient_id)).first() is not None
