"""The part of the services that protects people's data: consents, holds, retention, erasure, what a person may have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from clarity_desktop.app.erasing import ErasureServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.domain.panel import Panel
    from clarity_desktop.reports.disclosure.access import AccessReport
    from clarity_desktop.reports.files import ReportFile
    from clarity_desktop.vault.attachments.attachments import Attachment, AttachmentReader
    from clarity_desktop.vault.consent.records import Consent
    from clarity_desktop.vault.consent.retention import DataClass, Due, Policy
    from clarity_desktop.vault.consent.segments import Segment
    from clarity_desktop.vault.erasure.copies import BackupPlace
    from clarity_desktop.vault.erasure.holds import Hold
    from clarity_desktop.vault.store.stubs import AuditStub
    from clarity_desktop.vault.tables.corrections import Correction

__all__ = ["ProtectionServices", "backup_places", "data_class_of"]

_SHORTER: Final = "retention.set.request"
_MUCH: Final = "retention.execute.request"


class ProtectionServices(ErasureServices):
    """Consents, holds, retention, documents and personal exports. Part of ``Services``."""

    if TYPE_CHECKING:

        def _panel_of(self, patient_id: str) -> Panel:
            """The panel to export; the part of the services that computes has it."""
            ...

    # -- legal hold ------------------------------------------------------------------------------------------

    @needs(Right.MANAGE_RETENTION)
    def place_hold(self, patient_id: str, reason: str) -> Hold:
        """Place a legal hold, which blocks retention and erasure."""
        self.vault.patients.get(patient_id)
        hold = self.vault.holds.place(patient_id, reason)
        self._announce(Change.PATIENTS, patient_id)
        return hold

    @needs(Right.MANAGE_RETENTION)
    def release_hold(self, patient_id: str) -> int:
        """Release all holds on a person; answers how many."""
        released = self.vault.holds.release(patient_id)
        self._announce(Change.PATIENTS, patient_id)
        return released

    @needs(Right.SEE_IDENTITY, Right.MANAGE_RETENTION)
    def holds(self, patient_id: str) -> list[Hold]:
        """All holds on a person, released ones too."""
        return self.vault.holds.list(patient_id)

    # -- consent ---------------------------------------------------------------------------------------------

    @needs(Right.CHANGE_IDENTITY)
    def give_consent(
        self,
        patient_id: str,
        *,
        purpose: str,
        text_version: str,
        language: str,
        given_by: str,
        witnessed_by: str = "",
        method: str = "paper",
        dated: date | None = None,
        expires: date | None = None,
    ) -> Consent:
        """Record what a person agreed to."""
        self.vault.patients.get(patient_id)
        return self.vault.consents.give(
            patient_id,
            purpose=purpose,
            text_version=text_version,
            language=language,
            given_by=given_by,
            witnessed_by=witnessed_by,
            method=method,
            dated=dated,
            expires=expires,
        )

    @needs(Right.CHANGE_IDENTITY)
    def withdraw_consent(self, consent_id: int, *, withdrawn_by: str, method: str = "paper") -> Consent:
        """Record a withdrawal; it holds at once."""
        return self.vault.consents.withdraw(consent_id, withdrawn_by=withdrawn_by, method=method)

    @needs(Right.SEE_IDENTITY)
    def consents(self, patient_id: str) -> list[Consent]:
        """All consents of a person, withdrawn ones too."""
        return self.vault.consents.list(patient_id)

    @needs(Right.READ_DATA)
    def has_consent(self, patient_id: str, purpose: str) -> bool:
        """Whether a consent for a purpose is in force now."""
        return self.vault.consents.is_given(patient_id, purpose)

    # -- retention -------------------------------------------------------------------------------------------

    @needs(Right.MANAGE_RETENTION, Right.SEE_IDENTITY)
    def retention_policies(self) -> list[Policy]:
        """How long each class of data is kept."""
        return self.vault.retention.policies()

    @needs(Right.MANAGE_RETENTION)
    def set_retention(
        self,
        data_class: DataClass,
        keep_days: int | None,
        *,
        study: str = "",
        reason: str = "",
        recovery_code: str | None = None,
    ) -> Policy:
        """Change a policy.

        A shorter time takes two people (V-47): the first call is kept as a request and raises; the same call by another
        user within 30 days changes the policy. Where nobody else looks after retention, the recovery code stands in.

        Raises
        ------
        UsageError
            ``retention.two_people``.
        InputError
            ``retention.days``, ``retention.least``.
        """
        wanted = f"{data_class.value} {study}: {keep_days} days"
        second = self._by_code(recovery_code, Right.MANAGE_RETENTION, "set_retention")
        second = second or self._asked_before(_SHORTER, wanted, "retention.set")
        try:
            return self.vault.retention.set(data_class, keep_days, study=study, confirmed_by=second, reason=reason)
        except UsageError as error:
            if error.code == "retention.two_people":
                self.vault.audit.append(_SHORTER, detail=wanted)
            raise

    @needs(Right.MANAGE_RETENTION)
    def retention_preview(self) -> list[Due]:
        """What would go now."""
        return self.vault.retention.preview()

    @needs(Right.MANAGE_RETENTION)
    def execute_retention(self, *, recovery_code: str | None = None) -> list[Due]:
        """Delete what is due.

        Much at once takes two people: the first call is kept as a request and raises, the call of another user within
        30 days deletes. Where nobody else looks after retention, the recovery code stands in.

        Raises
        ------
        ConflictError
            ``retention.breaker``.
        """
        second = self._by_code(recovery_code, Right.MANAGE_RETENTION, "execute_retention")
        second = second or self._asked_before(_MUCH, "", "retention.execute")
        try:
            gone = self.vault.retention.execute(confirmed_by=second)
        except ConflictError as error:
            if error.code == "retention.breaker":
                self.vault.audit.append(_MUCH)
            raise
        if gone:
            self._announce(Change.SAMPLES | Change.FINDINGS, *sorted({one.patient_id for one in gone}))
        return gone

    @needs(Right.MANAGE_RETENTION)
    def audit_expiry_preview(self) -> list[Segment]:
        """The segments of the audit that would go now: whole ones, under the policy of the class ``audit``."""
        return self.vault.audit_segments.due()

    @needs(Right.MANAGE_RETENTION)
    def expire_audit(self) -> list[AuditStub]:
        """Let those segments go; each leaves a signed stub. Raises :class:`IntegrityError` (``audit.changed``)."""
        return self.vault.audit_segments.expire()

    @needs(Right.READ_ALL_AUDIT)
    def audit_stubs(self) -> list[AuditStub]:
        """What expired segments of the audit have left, oldest first."""
        return self.vault.audit_segments.stubs()

    # -- what a person may have ------------------------------------------------------------------------------

    @needs(Right.EXPORT_IDENTIFIED)
    def export_person(
        self,
        patient_id: str,
        path: Path,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> ReportFile:
        """Write everything that is held of a person as a ZIP in open formats. The export is an audit entry."""
        from clarity_desktop.reports.disclosure.export import write_personal_export

        vault = self.vault
        vault.patients.get(patient_id)
        panel = self._panel_of(patient_id) if vault.series.list(patient_id) else None
        vault.audit.append("export.person", patient_id=patient_id)
        return write_personal_export(
            path, vault, patient_id, panel, generated=int(time.time()), progress=progress, cancel=cancel
        )

    @needs(Right.EXPORT_IDENTIFIED)
    def access_report(self, patient_id: str) -> AccessReport:
        """Purposes, recipients, retention and what left the vault, for the person."""
        from clarity_desktop.reports.disclosure.access import access_report

        self.vault.audit.append("report.access", patient_id=patient_id)
        return access_report(self.vault, patient_id, generated=int(time.time()))

    @needs(Right.CHANGE_IDENTITY)
    def corrections(self, patient_id: str) -> list[Correction]:
        """What was said of a person's identity before. Asking is an audit entry."""
        return self.vault.patients.corrections(patient_id)

    # -- documents -------------------------------------------------------------------------------------------

    @needs(Right.CHANGE_DATA)
    def add_document(self, patient_id: str, stream: BinaryIO, *, name: str, media_type: str) -> Attachment:
        """Store a document from a stream; it is never in plain on the disk."""
        return self.vault.attachments.add(patient_id, stream, name=name, media_type=media_type)

    @needs(Right.SEE_IDENTITY)
    def documents(self, patient_id: str) -> list[Attachment]:
        """The documents of a person."""
        return self.vault.attachments.list(patient_id)

    @needs(Right.SEE_IDENTITY)
    def open_document(self, attachment_id: str) -> AttachmentReader:
        """A document as a seekable file. The opening is an audit entry."""
        return self.vault.attachments.open(attachment_id)

    @needs(Right.CHANGE_DATA)
    def remove_document(self, attachment_id: str) -> None:
        """Remove a document."""
        self.vault.attachments.remove(attachment_id)


def backup_places(folders: Sequence[Path]) -> list[BackupPlace]:
    """Folders of backups as an erasure takes them, without dates of deletion."""
    from clarity_desktop.vault.erasure.copies import BackupPlace

    return [BackupPlace(folder) for folder in folders]


def data_class_of(text: str) -> DataClass:
    """The class of data of this name; raises :class:`UsageError` (``retention.class``) for another one."""
    from clarity_desktop.vault.consent.retention import DataClass

    try:
        return DataClass(text)
    except ValueError:
        raise UsageError(
            "retention.class",
            "There is no such class of data.",
            remedy="Choose one of: " + ", ".join(one.value for one in DataClass) + ".",
        ) from None
