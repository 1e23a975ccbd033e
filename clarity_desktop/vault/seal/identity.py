"""Sealing who a patient is: with the patient's key, as all of them, and with a key that researchers do not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.seal.cipher import PatientSeal

if TYPE_CHECKING:
    from clarity_desktop.vault.seal.keyring import PatientKeys

__all__ = ["IdentitySeal", "reseal_identities"]

_PATIENTS = "patients"
_CORRECTIONS = "corrections"


class IdentitySeal:
    """Seals and opens names and dates of birth (V-42). May be used from any thread.

    What is sealed opens with both keys only: the patient's, so that destroying it makes names unreadable too, and the
    vault's identity key, which the key file grants to those who see names.

    Parameters
    ----------
    key:
        The identity key; empty for those who have none. It is read at each use, so overwriting it closes the seal.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytearray | bytes) -> None:
        self._key = key

    @property
    def is_held(self) -> bool:
        """Whether there is a key to open names with."""
        return bool(self._key)

    def seal(self, seal: PatientSeal, plain: bytes, table: str, *row: str | int) -> bytes:
        """The bytes sealed twice, bound as :meth:`PatientSeal.seal` says; raises ``people.no_identity_key``."""
        return seal.seal(self._inner(seal).seal(plain, table, *row), table, *row)

    def open(self, seal: PatientSeal, sealed: bytes, table: str, *row: str | int) -> bytes:
        """The reverse of :meth:`seal`.

        Raises
        ------
        LockedError
            ``people.no_identity_key``.
        IntegrityError
            ``vault.seal``.
        """
        return self._inner(seal).open(seal.open(sealed, table, *row), table, *row)

    def _inner(self, seal: PatientSeal) -> PatientSeal:
        if not self._key:
            raise LockedError(
                "people.no_identity_key",
                "This needs the key to names, which your role does not hold.",
                remedy="Ask a clinician of this vault to do it.",
            )
        return PatientSeal(seal.patient_id, bytes(self._key))


def reseal_identities(connection: Connection, keys: PatientKeys, old: IdentitySeal, new: IdentitySeal) -> int:
    """Seal all names with a new identity key, within the caller's transaction; answers how many patients there are."""
    rows = connection.exec_driver_sql("SELECT id, sealed_identity FROM patients").all()
    seals = keys.seals_of(str(row[0]) for row in rows)
    for patient_id, sealed in rows:
        seal = seals[patient_id]
        again = new.seal(seal, old.open(seal, sealed, _PATIENTS), _PATIENTS)
        connection.exec_driver_sql("UPDATE patients SET sealed_identity = ? WHERE id = ?", (again, patient_id))
    kept = connection.exec_driver_sql("SELECT id, patient_id, at, sealed FROM corrections").all()
    for number, patient_id, at, sealed in kept:
        seal = seals[patient_id]
        again = new.seal(seal, old.open(seal, sealed, _CORRECTIONS, at), _CORRECTIONS, at)
        connection.exec_driver_sql("UPDATE corrections SET sealed = ? WHERE id = ?", (again, number))
    return len(rows)
