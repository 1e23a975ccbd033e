"""Backups: what there is, making one, checking and practising, and restoring beside the vault or over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.dialogs.form import ask_form, with_secrets
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.pages.security.loaded import LoadedPage, ago, count_words, enable, size_words, when
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import Manifest, Restored
    from clarity_desktop.app.safekeeping import Notice

__all__ = ["BackupsPage"]

_KINDS = {
    "manual": "by hand",
    "scheduled": "daily",
    "migration": "before a new version",
    "safety": "before a restore",
}


@dataclass(frozen=True, slots=True)
class _Found:
    backups: list[Manifest]
    folder: Path
    notices: tuple[Notice, ...]
    automatic: bool
    may_restore: bool
    requests: dict[str, str]
    alone: bool
    """Nobody else may restore, so the recovery code stands in for a second person."""


class BackupsPage(LoadedPage):
    """A table of backups and what can be done with them."""

    id: ClassVar[str] = "backups"
    title: ClassVar[str] = "Backups"
    icon: ClassVar[str] = "hard-drive"
    watches: ClassVar[Change] = Change.SETTINGS

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self.make = Button("Back up now", "primary", "download")
        self.make.clicked.connect(lambda _=False: self.back_up())
        self.elsewhere = Button("Back up to another place", "normal", "folder-open")
        self.elsewhere.clicked.connect(lambda _=False: self.choose_place())
        self._state = Card("How it stands")
        line = QHBoxLayout()
        line.setSpacing(12)
        self._icon = Icon("circle-check", 24, "ok")
        line.addWidget(self._icon)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.state = Label("", "body_strong", wrap=True)
        self.plan = Label("", "small", "muted", wrap=True)
        words.addWidget(self.state)
        words.addWidget(self.plan)
        line.addLayout(words, 1)
        settings = Button("Schedule and folder", "quiet", "settings-2")
        settings.clicked.connect(lambda _=False: self.go.emit("settings", {"search": "backup"}))
        line.addWidget(settings)
        self._state.body.addLayout(line)
        self.folder = ElidedLabel("", "mono", "muted")
        self._state.body.addWidget(self.folder)
        column.addWidget(self._state)
        self._card = Card("Backups of this vault")
        columns = (
            Column("Made", 220),
            Column("Why", 170),
            Column("Size", 90, right=True),
            Column("Verified", 190),
            Column("Version", 90),
            Column("Name"),
        )
        self.table = RecordTable("Backups of this vault", columns)
        self.table.current_changed.connect(lambda _: self._enable())
        self._card.body.addWidget(self.table)
        self.nothing = Label("No backup yet. The first one is made within a day, or now.", "body", "muted")
        self._card.body.addWidget(self.nothing)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.check = Button("Check again", "normal", "shield-check")
        self.check.clicked.connect(lambda _=False: self.check_backup())
        self.drill = Button("Practise a restore", "normal", "rotate-ccw")
        self.drill.clicked.connect(lambda _=False: self.practise())
        self.beside = Button("Restore to a new place", "normal", "folder-open")
        self.beside.clicked.connect(lambda _=False: self.choose_target())
        self.one = Button("Restore one patient", "normal", "user-round")
        self.one.clicked.connect(lambda _=False: self.restore_patient())
        self.over = Button("Restore over this vault", "danger", "history")
        self.over.clicked.connect(lambda _=False: self.restore_over())
        for button in (self.check, self.drill, self.beside, self.one):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.over)
        self._card.body.addLayout(row)
        column.addWidget(self._card)

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.elsewhere, self.make]

    def read(self) -> _Found:
        services = self.services
        restores = Right.RESTORE in services.user().rights
        return _Found(
            services.backups(),
            services.backup_folder(),
            tuple(one for one in services.notices() if one.code.startswith("backup.")),
            services.setting("backup.automatic") is True,
            restores,
            services.restore_requests() if restores else {},
            services.code_stands_in(Right.RESTORE),
        )

    def show_data(self, data: _Found) -> None:
        self._found = data
        verified = [one for one in data.backups if one.verified is not None]
        if data.notices:
            self._icon.show_icon("triangle-alert", "warn")
            self.state.setText(data.notices[0].message)
        elif not verified:
            self._icon.show_icon("circle-dashed", "text_muted")
            self.state.setText("No verified backup yet")
        else:
            self._icon.show_icon("circle-check", "ok")
            self.state.setText(f"Last verified backup {when(verified[0].created)}, {ago(verified[0].created)}")
        daily = "Every day while the vault is open" if data.automatic else "Daily backups are switched off"
        self.plan.setText(
            f"{daily}. Kept: the latest of each of 7 days, 4 weeks and 6 months; the last whole one always."
        )
        self.folder.set_text(str(data.folder))
        self._card.set_title("Backups of this vault", count_words(len(data.backups), "backup"))
        self.table.setVisible(bool(data.backups))
        self.nothing.setVisible(not data.backups)
        self.table.show_records([self._record(data, one) for one in data.backups])
        self._enable()

    def _record(self, data: _Found, one: Manifest) -> Record:
        asked = data.requests.get(one.name, "")
        return Record(
            one.name,
            (
                when(one.created),
                _KINDS.get(one.kind, one.kind) + (f" · restore asked by {asked}" if asked else ""),
                size_words(sum(file.size for file in one.files.values())),
                "not verified" if one.verified is None else when(one.verified),
                one.program,
                one.name,
            ),
            "triangle-alert" if one.verified is None else "circle-check",
            "warn" if one.verified is None else "ok",
        )

    def _chosen(self) -> Path | None:
        key = self.table.current_key()
        return self._found.folder / key if self._found is not None and key else None

    def _enable(self) -> None:
        data = self._found
        none = "" if self._chosen() is not None else "Select a backup first"
        role = "" if data is not None and data.may_restore else "Restoring belongs to the role Admin"
        enable(self.check, none)
        enable(self.drill, role or ("" if data is not None and data.backups else "There is no backup yet"))
        enable(self.beside, none)
        enable(self.one, role or none)
        enable(self.over, role or none)

    # -- making -----------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """Make a verified backup as a job."""
        services = self.services
        job = start_job("Making a backup", lambda progress, cancel: services.back_up(progress=progress, cancel=cancel))
        self.after(job, "The backup is made and verified.")
        self.told.emit("A backup is being made. You can go on working.")

    def choose_place(self) -> None:
        """Ask for another folder, such as on an external disk."""
        self._choose_folder("Back up to another place", self.back_up_to)

    def back_up_to(self, folder: Path) -> None:
        """Make a verified backup in another folder; nothing is rotated there."""
        services = self.services
        job = start_job(
            "Making a backup elsewhere",
            lambda progress, cancel: services.back_up(folder, progress=progress, cancel=cancel),
        )
        self.after(job, "The backup is made and verified.")

    def _choose_folder(self, title: str, then: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self, title, str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # -- proving ----------------------------------------------------------------------------------------------

    def check_backup(self) -> None:
        """Read every byte of the selected backup again, as a job."""
        path, services = self._chosen(), self.services
        if path is None:
            return
        job = start_job("Checking a backup", lambda progress, _cancel: services.check_backup(path.name, progress))
        self.after(job, "The backup is whole: every file is as it was written.")

    def practise(self) -> None:
        """Restore the latest backup to a place that is removed again, as a job, and say what was found."""
        services = self.services
        job = start_job(
            "Practising a restore", lambda progress, cancel: services.drill(progress=progress, cancel=cancel)
        )

        def ended() -> None:
            if job.error is not None:
                if not job.token.cancelled:
                    board().failed.emit(job.error)
                return
            report = job.result
            title = "The latest backup can be restored" if report.ok else "The restored copy differs"
            held = count_words(report.patients, "patient")
            entries = count_words(report.audit_entries, "audit entry", "audit entries")
            took = f"{held}, {entries}, {report.seconds:.1f} s."
            lines = [f"Backup {report.name}", took, "Nothing of the copy is left.", *report.problems]
            show_note(self.window(), title, "\n".join(lines))

        job.ended.connect(ended)
        self.told.emit("The restore is being practised. You can go on working.")

    # -- restoring --------------------------------------------------------------------------------------------

    def choose_target(self) -> None:
        """Ask for an empty folder to restore into."""
        self._choose_folder("Restore into an empty folder", self.restore_into)

    def restore_into(self, folder: Path) -> None:
        """Ask for a passphrase of the backup's people, then restore into a folder of its own."""
        backup, services = self._chosen(), self.services
        if backup is None:
            return
        name, words = QLineEdit(services.user().name), PassphraseEdit()
        person, typed = Field("Name", name), Field("Passphrase at the time of the backup", words)

        def act() -> Callable[[], object]:
            who, passphrase = name.text().strip(), words.text()
            return with_secrets(
                lambda: services.restore_into(backup, folder, passphrase, person=who or None, allow_older=True),
                passphrase,
            )

        def done(restored: Restored) -> None:
            show_note(self.window(), "The backup is restored", f"The restored vault lies in {restored.vault}")

        ask_form(
            self.window(),
            "Restore into a folder of its own",
            f"The vault that is open stays as it is. The copy goes to {folder} and opens with the passphrases of then.",
            (person, typed),
            "Restore",
            act,
            done,
            ready=lambda: "" if words.text() else "Type the passphrase first",
            fields={"vault.wrong_passphrase": typed, "vault.whose": person},
        )

    def restore_patient(self) -> None:
        """Ask for a patient, then add what the backup holds of them and the vault lacks, as a job."""
        backup, services = self._chosen(), self.services
        if backup is None:
            return
        line = QLineEdit()
        patient = Field("Patient: id, or code of one who is here", line, "The audit names patients by their id")

        def start(patient_id: str) -> None:
            job = start_job(
                "Restoring one patient",
                lambda progress, cancel: services.restore_patient(backup, patient_id, progress=progress, cancel=cancel),
            )
            self.after(job, "What the backup held of the patient is back in the vault.")

        def act() -> Callable[[], str]:
            text = line.text().strip()

            def found() -> str:
                try:
                    return services.patient_id(text)
                except NotFoundError:
                    # Whoever is not here is known to the backup by their id only.
                    return text

            return found

        ask_form(
            self.window(),
            "Restore one patient from this backup?",
            "What the backup holds of the patient and the vault lacks is added. Nothing that is there is taken away, "
            "and whoever was erased stays erased.",
            (patient,),
            "Restore",
            act,
            start,
            ready=lambda: "" if line.text().strip() else "Type an id or code first",
        )

    def restore_over(self) -> None:
        """Ask for a typed word, then put the backup in the vault's place; a second admin asks for the same before."""
        backup, services = self._chosen(), self.services
        if backup is None or self._found is None:
            return
        asked = self._found.requests.get(backup.name, "")
        line, printed, alone = QLineEdit(), QLineEdit(), self._found.alone
        content = [Field("Type restore to confirm", line)]
        if alone:
            content.append(Field("Your recovery code", printed))

        def act() -> Callable[[], tuple[bool, str | None]]:
            # Read while the dialog is there; it is gone when the answer comes.
            typed_code = printed.text().strip() or None
            return lambda: (services.ask_restore(backup.name), typed_code)

        second = (
            f"{asked} has asked for the same, so it happens now."
            if asked
            else "Nobody else may restore here, so your printed recovery code confirms it."
            if alone
            else "This is kept as a request, and another admin does the same here."
        )
        ask_form(
            self.window(),
            "Put this backup in the place of the vault?",
            "What was stored since then is not in it. The vault that is open now is kept under another name beside it, "
            f"and who was erased since is erased again. {second}",
            content,
            "Restore over this vault",
            act,
            lambda found: self._restore_over(backup, found[1]) if found[0] else self._requested(),
            ready=lambda: (
                "Type the word restore first"
                if line.text().strip().casefold() != "restore"
                else "Type the recovery code first"
                if alone and not printed.text().strip()
                else ""
            ),
            danger=True,
        )

    def _requested(self) -> None:
        self.told.emit("Kept as a request. Another admin restores it from this page within 30 days.")
        self.reload()

    def _restore_over(self, backup: Path, recovery_code: str | None = None) -> None:
        services = self.services
        job = start_job(
            "Restoring a backup",
            lambda progress, cancel: services.restore_over(
                backup, allow_older=True, recovery_code=recovery_code, progress=progress, cancel=cancel
            ),
        )

        def ended() -> None:
            if job.error is not None and not job.token.cancelled:
                board().failed.emit(job.error)
                return
            # Everything that the window holds is of the vault before; the restored one is opened anew.
            self.go.emit("command:vault.lock", None)

        job.ended.connect(ended)
