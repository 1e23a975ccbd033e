"""The part of the services that erases: one person asks, another one confirms, and a request may be taken back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.second_person import REQUEST_HOLDS_S, SecondPersonServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, NotFoundError, UsageError
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.vault import AuditEntry
    from clarity_desktop.vault.erasure.certificate import CertificateOfErasure
    from clarity_desktop.vault.erasure.copies import BackupPlace

__all__ = ["ErasureServices"]

_REQUEST: Final = "patient.erase.request"
_WITHDRAWN: Final = f"{_REQUEST}.withdrawn"


class ErasureServices(SecondPersonServices):
    """Requests, their withdrawal, confirmations and certificates. Part of ``Services``."""

    @needs(Right.READ_DATA, Right.MANAGE_RETENTION, Right.CONFIRM_ERASURE)
    def patient_id(self, text: str) -> str:
        """The id of the person with this id or code; names tell nothing here, because admins do not see them.

        Raises
        ------
        NotFoundError
            ``patient.unknown``.
        """
        wanted = text.strip().casefold()
        for patient in self.vault.patients.list():
            if wanted in (patient.id, patient.code.casefold()):
                return patient.id
        raise NotFoundError("patient.unknown", "The vault has no such patient.", remedy="Give the person's code or id.")

    # -- erasure: one person asks, another one confirms ------------------------------------------------------

    @needs(Right.REQUEST_ERASURE)
    def request_erasure(self, patient_id: str) -> None:
        """Ask for the erasure of a person. The request is an audit entry and holds for 30 days."""
        vault = self.vault
        vault.patients.get(patient_id)
        if patient_id in vault.holds.held():
            raise ConflictError(
                "patient.on_hold",
                "A legal hold is on this person's record, so nothing of it may be erased.",
                remedy="Ask the person who placed the hold; it has to be released first.",
            )
        vault.audit.append(_REQUEST, patient_id=patient_id)

    @needs(Right.REQUEST_ERASURE, Right.CONFIRM_ERASURE)
    def withdraw_erasure_request(self, patient_id: str) -> None:
        """Take a request back, or decline it: whoever asked may, and whoever could confirm it.

        The withdrawal is an audit entry; the erasure may be asked for again.

        Raises
        ------
        NotFoundError
            ``erase.no_request``.
        UsageError
            ``erase.not_yours`` when somebody else asked and one cannot confirm.
        """
        requested_by = self._requests().get(patient_id)
        if requested_by is None:
            raise _no_request()
        if requested_by != self.user().name and not self.permits(Right.CONFIRM_ERASURE):
            raise UsageError(
                "erase.not_yours",
                "Somebody else has asked for this erasure.",
                remedy="Let that person or an admin take the request back.",
            )
        self.vault.audit.append(_WITHDRAWN, patient_id=patient_id)
        self._announce(Change.PATIENTS, patient_id)

    @needs(Right.REQUEST_ERASURE)
    def asked_to_erase(self, patient_id: str) -> tuple[str, Instant] | None:
        """Who has asked for the erasure of a person and when, while the request waits; ``None`` without one."""
        found = self._requests_by_patient().get(patient_id)
        return None if found is None else (found.who, found.at)

    @needs(Right.CONFIRM_ERASURE)
    def erasure_requests(self) -> dict[str, str]:
        """Requests that wait for a second person: who asked, by patient id."""
        return self._requests()

    def _requests(self) -> dict[str, str]:
        return {patient_id: entry.who for patient_id, entry in self._requests_by_patient().items()}

    def _requests_by_patient(self) -> dict[str, AuditEntry]:
        from clarity_desktop.vault import AuditQuery

        vault = self.vault
        found: dict[str, AuditEntry] = {}
        now = int(time.time())
        recent = Span(now - REQUEST_HOLDS_S, now + 86_400)
        present = {patient.id for patient in vault.patients.list()}
        entries = vault.audit.find(AuditQuery(action=_REQUEST, span=recent, limit=None))
        withdrawn: dict[str | None, int] = {}
        for entry in entries:
            if entry.action == _WITHDRAWN:
                withdrawn[entry.patient_id] = max(entry.seq, withdrawn.get(entry.patient_id, 0))
        for entry in entries:
            is_open = entry.action == _REQUEST and entry.seq > withdrawn.get(entry.patient_id, 0)
            if is_open and entry.patient_id in present:
                found.setdefault(entry.patient_id, entry)
        return found

    @needs(Right.CONFIRM_ERASURE)
    def confirm_erasure(
        self, patient_id: str, places: Sequence[BackupPlace] = (), *, recovery_code: str | None = None
    ) -> CertificateOfErasure:
        """Erase a person for good, as another user has requested.

        Parameters
        ----------
        places:
            Folders of backups that can be reached, with the date of their deletion.
        recovery_code:
            One's own, which stands in for the second person where one works alone (:meth:`code_stands_in` with
            :attr:`Right.CONFIRM_ERASURE` and :attr:`Right.REQUEST_ERASURE`).

        Raises
        ------
        NotFoundError
            ``erase.no_request``.
        UsageError
            ``erase.two_people`` when the same user asked for it; ``second.somebody_else`` for a code where another
            user could confirm.
        LockedError
            ``vault.wrong_code``.
        ConflictError
            ``patient.on_hold``, ``erase.import_running``, ``vault.in_use``.
        """
        requested_by = self.erasure_requests().get(patient_id)
        if requested_by is None:
            raise _no_request()
        confirmed_by = self.user().name
        if requested_by == confirmed_by and recovery_code is not None:
            asks = self.code_stands_in(Right.REQUEST_ERASURE)
            # Whoever else may ask for an erasure is the first of the two people, and oneself the second.
            right = Right.CONFIRM_ERASURE if asks else Right.REQUEST_ERASURE
            confirmed_by = self._by_code(recovery_code, right, "confirm_erasure")
        self._erase_elsewhere(patient_id)
        certificate = self.vault.erase(patient_id, requested_by=requested_by, confirmed_by=confirmed_by, places=places)
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS | Change.ZONES | Change.FINDINGS, patient_id)
        return certificate

    @needs(Right.CONFIRM_ERASURE, Right.READ_ALL_AUDIT)
    def erasures(self) -> list[CertificateOfErasure]:
        """The certificates of all erasures."""
        return self.vault.erasures.list()

    def _erase_elsewhere(self, patient_id: str) -> None:
        """Before the erasure here: what other places hold. The part of the services that syncs fills this."""


def _no_request() -> NotFoundError:
    return NotFoundError(
        "erase.no_request",
        "Nobody has asked for the erasure of this person in the last 30 days.",
        remedy="Let a clinician ask for it first.",
    )
