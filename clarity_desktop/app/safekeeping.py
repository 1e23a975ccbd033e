"""The services that keep the vault safe: backups, restoring, the drill, notices, and the filters of the audit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.second_person import SecondPersonServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.app.settings import Settings
    from clarity_desktop.vault import AuditEntry, AuditQuery, Circumstances, DrillReport, Manifest, Restored
    from clarity_desktop.vault.backup.one_patient import RestoredPatient

__all__ = ["BACKUP_FOLDER", "Notice", "SafekeepingServices"]

BACKUP_FOLDER: Final = "backup.folder"
"""Key of the setting that names another folder for backups."""
_REQUEST: Final = "vault.restore.request"
_REQUEST_HOLDS_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the vault's safety that has to be said until it is put right."""

    code: str
    message: str
    remedy: str


class SafekeepingServices(SecondPersonServices):
    """Backups, restore, drill, notices. Part of ``Services``."""

    home: Path
    settings: Settings
    origin: str
    take_over: bool = False
    """Whether the next opening does not believe a lock of another computer."""

    def _circumstances(self, owner: str | None = None) -> Circumstances:
        """From where vaults are opened here, and where their traces outside lie."""
        from clarity_desktop.vault import Circumstances

        chosen = self.settings.get(BACKUP_FOLDER)
        return Circumstances(
            origin=self.origin,
            state=self.home / "state",
            owner=owner,
            backups=Path(chosen) if isinstance(chosen, str) and chosen else None,
            take_over=self.take_over,
        )

    # -- backups --------------------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def back_up(
        self,
        folder: Path | None = None,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Manifest:
        """Make a verified backup, in the folder for backups or another place; takes long, call it from a worker.

        Raises
        ------
        ClarityError
            ``backup.no_room``, ``backup.place``, ``backup.running``, ``backup.unsound``; earlier backups stay.
        """
        return self.vault.backups.make(folder=folder, progress=progress, cancel=cancel)

    @needs(Right.OWN_ACCESS)
    def back_up_if_due(
        self, *, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
    ) -> Manifest | None:
        """The daily backup, where a day has passed since the last one; else ``None``."""
        return self.vault.backups.make_if_due(progress=progress, cancel=cancel)

    @needs(Right.OWN_ACCESS)
    def backups(self) -> list[Manifest]:
        """The backups of the vault, newest first."""
        return self.vault.backups.list()

    @needs(Right.OWN_ACCESS)
    def backup_folder(self) -> Path:
        """Where the backups lie."""
        return self.vault.backups.folder

    @needs(Right.RESTORE)
    def drill(self, *, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None) -> DrillReport:
        """Practise the restore of the latest backup; nothing of it stays."""
        from clarity_desktop.vault import Vault

        key = self.vault.job_key()
        return self.vault.backups.drill(
            lambda folder, copy: Vault.open_with_key(folder, key, circumstances=copy), progress=progress, cancel=cancel
        )

    @needs(Right.OWN_ACCESS)
    def check_backup(self, name: str, progress: ProgressListener = ignore_progress) -> Manifest:
        """Read every byte of a backup in the folder for backups again; raises as the vault's ``backups.check``."""
        return self.vault.backups.check(name, progress=progress)

    # -- restoring over the vault: one admin asks, another one does it (V-47) ---------------------------------

    @needs(Right.RESTORE)
    def restore_requests(self) -> dict[str, str]:
        """Requests of the last 30 days that wait for another admin: who asked, by name of the backup."""
        from clarity_desktop.vault import AuditQuery

        since = int(time.time()) - _REQUEST_HOLDS_S
        found: dict[str, str] = {}
        for entry in self.vault.audit.find(AuditQuery(action=_REQUEST, limit=None)):
            if entry.at >= since:
                found.setdefault(entry.detail, entry.who)
        return found

    @needs(Right.RESTORE)
    def ask_restore(self, name: str) -> bool:
        """Whether a backup may be restored over the vault now; where another admin has to agree, keep the request."""
        if not self._lacks_second(name):
            return True
        self.vault.audit.append(_REQUEST, detail=name)
        return False

    def _lacks_second(self, name: str) -> bool:
        me = self.user()
        others = [
            one
            for one in self.vault.people.everybody()
            if one.removed is None and not one.emergency and one.id != me.id and Right.RESTORE in one.rights
        ]
        # A vault with one admin has nobody who could agree; there the recovery code stands in.
        return bool(others) and self.restore_requests().get(name, me.name) == me.name

    @needs(Right.RESTORE)
    def restore_over(
        self,
        backup: Path,
        *,
        allow_older: bool = False,
        recovery_code: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Restored:
        """Put a backup in place of the open vault, which is kept under another name; the vault is open afterwards.

        It takes two admins (V-47): the call of the first is kept as a request and raises, the call of the other does
        it. Where nobody else may restore, one's recovery code stands in.

        Raises
        ------
        UsageError
            ``restore.two_people``; ``restore.needs_code`` where nobody else may restore and no code is given;
            ``second.somebody_else`` for a code where another user may restore.
        ClarityError
            As the vault's ``restore_backup`` does; the vault is then open as it was.
        """
        from clarity_desktop.vault import Vault, restore_backup

        if self._lacks_second(backup.name):
            self.vault.audit.append(_REQUEST, detail=backup.name)
            raise UsageError(
                "restore.two_people",
                "Restoring over a vault takes two admins. This is kept as a request; nothing was changed.",
                remedy="Let another admin give the same command within 30 days.",
            )
        if self.vault.is_read_only:
            self.vault.audit.append("vault.restore", outcome="refused", detail="the vault is open elsewhere")
        self.vault.require_owner()
        asked = self.restore_requests().get(backup.name, "")
        second = self._by_code(recovery_code, Right.RESTORE, "restore_over") or asked
        if not second or second == self.user().name:
            raise UsageError(
                "restore.needs_code",
                "Nobody else of this vault may restore, so your recovery code confirms it.",
                remedy="Give the recovery code that you have printed. Nothing was changed.",
            )
        key = self.vault.job_key()
        circumstances = self._circumstances()
        self.lock()
        try:
            done = restore_backup(
                backup,
                self.vault_directory,
                lambda folder, copy: Vault.open_with_key(folder, key, circumstances=copy),
                over=True,
                allow_older=allow_older,
                origin=self.origin,
                progress=progress,
                cancel=cancel,
            )
        finally:
            self._adopt(Vault.open_with_key(self.vault_directory, key, circumstances=circumstances))
        self.vault.audit.accept_gap(f"Restored from {done.manifest.name}, confirmed by {second}.")
        return done

    @needs(Right.RESTORE)
    def restore_patient(
        self,
        backup: Path,
        patient: str,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> RestoredPatient:
        """Add what a backup holds of one person and the vault lacks; nothing that is there is taken away (V-52).

        Parameters
        ----------
        patient:
            Id of the person. Names tell nothing here, because admins do not see them.

        Raises
        ------
        NotFoundError
            ``backup.no_patient``, for whoever was erased since too.
        """
        from clarity_desktop.vault import Vault
        from clarity_desktop.vault.backup.one_patient import restore_patient

        key = self.vault.job_key()
        done = restore_patient(
            self.vault,
            backup,
            patient,
            lambda folder, copy: Vault.open_with_key(folder, key, circumstances=copy),
            progress=progress,
            cancel=cancel,
        )
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS | Change.ZONES | Change.FINDINGS, patient)
        return done

    @open_to_all
    def restore_into(
        self,
        backup: Path,
        folder: Path,
        passphrase: str,
        *,
        person: str | None = None,
        allow_older: bool = False,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Restored:
        """Restore a backup into a new folder with a passphrase of its people; needs no vault here (V-55)."""
        from clarity_desktop.vault import Vault, restore_backup

        return restore_backup(
            backup,
            folder,
            lambda place, copy: Vault.open(place, passphrase, person=person, circumstances=copy),
            allow_older=allow_older,
            origin=self.origin,
            progress=progress,
            cancel=cancel,
        )

    # -- what has to be said --------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def notices(self) -> tuple[Notice, ...]:
        """What is amiss with the safety of the vault; empty when nothing is. Ask again after each change."""
        found = []
        vault = self.vault
        if self.user().emergency:
            found.append(
                Notice(
                    "emergency.session",
                    "The sealed emergency code opened this vault.",
                    "Every action is marked and listed for an admin to review. Lock the vault when you are done.",
                )
            )
        if vault.backups.is_overdue():
            found.append(
                Notice(
                    "backup.overdue",
                    "There was no verified backup for 7 days.",
                    "Make one now, or see why the daily backup does not happen.",
                )
            )
        if vault.gap:
            found.append(
                Notice(
                    "audit.mismatch",
                    f"The vault may be an older copy: {vault.gap}",
                    "Ask an admin of the vault, who can look into it and answer for the difference.",
                )
            )
        if vault.is_read_only:
            other = vault.owner
            found.append(
                Notice(
                    "vault.occupied",
                    f"The vault is open for writing by {'somebody' if other is None else other.who}"
                    f"{'' if other is None else f' on {other.host}'}, so here it can be read and not changed.",
                    "Close it there to change something here.",
                )
            )
        if vault.clock_went_back():
            found.append(
                Notice(
                    "clock.back",
                    "The clock of this computer is behind the last entry of the audit.",
                    "Set the clock. Entries keep their order, and backups ahead of the clock stay.",
                )
            )
        return tuple(found)

    # -- the audit ------------------------------------------------------------------------------------------

    @needs(Right.READ_OWN_AUDIT, Right.READ_ALL_AUDIT)
    def find_audit(self, query: AuditQuery) -> list[AuditEntry]:
        """The entries that meet all conditions: everybody's for admins, one's own for others."""
        from dataclasses import replace

        me = self.user()
        asked = query if Right.READ_ALL_AUDIT in me.rights else replace(query, who=me.name)
        return self.vault.audit.find(asked)

    @needs(Right.READ_ALL_AUDIT)
    def accept_audit_gap(self, reason: str) -> None:
        """Answer for a difference between the audit and its record outside; the reason stays in the audit."""
        self.vault.audit.accept_gap(reason)
