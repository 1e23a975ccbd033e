"""The part of the services about imports after the fact: interrupted ones, undoing, and what has vanished."""

from __future__ import annotations

from dataclasses import replace

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.pseudonyms import masked_source
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.importing import ImportReport, UnfinishedImport, VanishedSample
from clarity_desktop.domain.users import Right

__all__ = ["ReimportServices"]

_ALL = Change.SAMPLES | Change.IMPORTS | Change.ZONES | Change.FINDINGS


class ReimportServices(AccessServices):
    """Interrupted imports, undo and vanished records. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def unfinished_imports(self, patient_id: str | None = None) -> list[UnfinishedImport]:
        """Imports that were interrupted and go on when the same file is imported again, newest first."""
        shown = {one.id for one in self._visible(self.vault.patients.list())}
        found = [one for one in self.vault.journal.unfinished(patient_id) if one.patient_id in shown]
        return found if self._sees_identity() else [replace(one, file="", path="") for one in found]

    @needs(Right.CHANGE_DATA)
    def discard_unfinished(self, token: str) -> None:
        """Forget an interrupted import; the vault is then as it was before it."""
        unfinished = next((one for one in self.vault.journal.unfinished() if one.token == token), None)
        if unfinished is not None:
            self.require_visible(unfinished.patient_id, "discard_unfinished")
        patient_id = self.vault.journal.discard(token)
        self.vault.audit.append("import.discard", patient_id=patient_id)
        if unfinished is not None and unfinished.adds_patient and not self.vault.series.list(patient_id):
            self.vault.patients.discard_empty(patient_id)
        self._announce(Change.IMPORTS | Change.PATIENTS, patient_id)

    @needs(Right.READ_DATA)
    def undoable_import(self, patient_id: str) -> tuple[int, int] | None:
        """Id of the import that can be undone now, and until when (UTC seconds): the latest, for 30 days."""
        return self.vault.reversals.undoable(patient_id)

    @needs(Right.CHANGE_DATA)
    def undo_import(self, import_id: int) -> ImportReport:
        """Bring a person's data back to how it was before an import. The report stays and says so.

        Raises
        ------
        ConflictError
            ``import.not_undoable``, ``import.running``.
        NotFoundError
            ``import.unknown``.
        """
        self.require_visible(self.vault.imports.owner(import_id), "undo_import")
        report = self.vault.reversals.undo(import_id)
        self._announce(_ALL, report.patient_id or "")
        return report

    @needs(Right.READ_DATA)
    def vanished(self, patient_id: str, import_id: int | None = None) -> list[VanishedSample]:
        """Samples and elements that are stored and that a later export no longer held."""
        found = self.vault.reversals.vanished(patient_id, import_id)
        if self._sees_identity():
            return found
        return [replace(one, source=masked_source(one.source), label="") for one in found]

    @needs(Right.CHANGE_DATA)
    def bring_back(self, import_id: int) -> int:
        """Let what an import had marked as gone count again; answers how many samples and elements."""
        owner = self.vault.imports.owner(import_id)
        self.require_visible(owner, "bring_back")
        back = self.vault.reversals.bring_back(import_id)
        self._announce(_ALL, owner)
        return back
