"""The ways into the vault: own passphrase, keychain and recovery code; for admins those of everybody, and new keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.users import Right, User
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.components.new_passphrase import NewPassphrase
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.codes import RECOVERY_LINES, CodeDialog
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form, with_secrets
from clarity_desktop.ui.jobs import board, run_mutation, start_job
from clarity_desktop.ui.pages.security.loaded import LoadedPage, enable
from clarity_desktop.ui.qt import QHBoxLayout, QVBoxLayout

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import Slot

__all__ = ["SLOT_WORDS", "KeysPage"]

SLOT_WORDS = {
    "passphrase": ("Passphrase", "key-round"),
    "keychain": ("Keychain of a computer", "monitor"),
    "recovery": ("Recovery code on paper", "file-text"),
    "emergency": ("Sealed emergency code", "triangle-alert"),
}


@dataclass(frozen=True, slots=True)
class _Found:
    me: User
    slots: list[Slot]
    names: dict[str, str]
    keychain: bool


class KeysPage(LoadedPage):
    """A table of ways in, and what can be done with them."""

    id: ClassVar[str] = "keys"
    title: ClassVar[str] = "Key slots"
    icon: ClassVar[str] = "key-round"
    watches: ClassVar[Change] = Change.SLOTS

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        card = Card("Ways into the vault", "Each wraps a person's own key; changing one rewrites no data")
        self.table = RecordTable("Ways into the vault", (Column("Way in"), Column("Person", 240), Column("Name", 240)))
        self.table.current_changed.connect(lambda _: self._enable())
        card.body.addWidget(self.table)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.change = Button("Change passphrase", "normal", "pencil")
        self.change.clicked.connect(lambda _=False: self.change_passphrase())
        self.recovery = Button("New recovery code", "normal", "file-text")
        self.recovery.clicked.connect(lambda _=False: self.new_recovery_code())
        self.keychain = Button("Let the keychain open it", "normal", "monitor")
        self.keychain.clicked.connect(lambda _=False: self.add_keychain())
        self.remove = Button("Remove", "danger", "trash-2")
        self.remove.clicked.connect(lambda _=False: self.remove_slot())
        for button in (self.change, self.recovery, self.keychain):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.remove)
        card.body.addLayout(row)
        column.addWidget(card)
        self._whole = Card("New keys for the whole vault", "As after somebody has left")
        self._whole.body.addWidget(
            Label(
                "Every page and every patient's key is encrypted anew in a copy, which then takes the vault's place. "
                "Everybody keeps their passphrases and codes. It can be stopped; nothing has changed then. "
                "Backups from before keep the keys from before.",
                "body",
                "muted",
                wrap=True,
            )
        )
        self.rekey = Button("Make new keys", "normal", "rotate-ccw")
        self.rekey.clicked.connect(lambda _=False: self.make_new_keys())
        self._whole.body.addWidget(self.rekey)
        column.addWidget(self._whole)

    def read(self) -> _Found:
        services = self.services
        me = services.user()
        names = {me.id: me.name}
        if Right.MANAGE_PEOPLE in me.rights:
            names = {user.id: user.name for user in services.users()}
        return _Found(me, services.slots(), names, services.keychain_available())

    def show_data(self, data: _Found) -> None:
        self._found = data
        self.table.show_records(
            [
                Record(
                    slot.id,
                    (
                        SLOT_WORDS.get(slot.kind, (slot.kind, ""))[0],
                        data.names.get(slot.user, "") + (" (you)" if slot.user == data.me.id else ""),
                        slot.label,
                    ),
                    SLOT_WORDS.get(slot.kind, ("", "key-round"))[1],
                )
                for slot in sorted(data.slots, key=lambda one: (one.user != data.me.id, data.names.get(one.user, "")))
            ]
        )
        self._whole.setVisible(Right.MANAGE_PEOPLE in data.me.rights)
        mine = {slot.kind for slot in data.slots if slot.user == data.me.id}
        self.recovery.set_text("Renew recovery code" if "recovery" in mine else "New recovery code")
        emergency = "The emergency access has no ways in of its own" if data.me.emergency else ""
        enable(self.change, emergency)
        enable(self.recovery, emergency)
        missing = "This session of the desktop has no keychain" if not data.keychain else ""
        enable(self.keychain, emergency or missing)
        self._enable()

    def _enable(self) -> None:
        slot = self._chosen()
        reason = "" if slot is not None else "Select a way in first"
        if slot is not None and slot.kind == "passphrase":
            reason = "A person's passphrase stays; it can be changed"
        enable(self.remove, reason)

    def _chosen(self) -> Slot | None:
        key = self.table.current_key()
        return next((slot for slot in (self._found.slots if self._found else ()) if slot.id == key), None)

    # -- what can be done -------------------------------------------------------------------------------------

    def change_passphrase(self) -> None:
        """Ask for the present passphrase and a new one."""
        old, new = PassphraseEdit(), NewPassphrase("New passphrase")
        present = Field("Present passphrase", old)
        services = self.services

        def act() -> object:
            before, after = old.text(), new.text()
            return with_secrets(lambda: services.change_passphrase(before, after), before, after)

        ask_form(
            self.window(),
            "Change your passphrase",
            "Until the moment of the change the present one opens the vault; afterwards only the new one does.",
            (present, new),
            "Change passphrase",
            act,
            lambda _: self.told.emit("The new passphrase opens the vault from now on."),
            ready=lambda: ("" if old.text() else "Type the present passphrase first") or new.problem(),
            fields={"vault.wrong_passphrase": present, "vault.passphrase": new.first},
        )

    def new_recovery_code(self) -> None:
        """Show a recovery code to print, and keep it once two groups were typed back."""
        CodeDialog(
            self.window(),
            "Keep this recovery code",
            "It opens the vault when the passphrase is forgotten. It is shown once and is stored nowhere. "
            "An earlier code opens nothing once this one is kept.",
            RECOVERY_LINES,
            self.services.new_recovery_code,
            self.services.keep_recovery_code,
            lambda: self.told.emit("The recovery code is kept. An earlier one opens nothing now."),
        ).open()

    def add_keychain(self) -> None:
        """Let the keychain of this computer open the vault for oneself."""

        def added(_: object) -> None:
            self.services.settings.set("keychain_slot", True)
            self.told.emit("The keychain of this computer can open the vault from now on.")

        run_mutation(self, lambda: self.services.add_keychain_slot("This computer"), added)

    def remove_slot(self) -> None:
        """Ask, then remove the selected way in."""
        slot = self._chosen()
        if slot is None:
            return
        name = SLOT_WORDS.get(slot.kind, (slot.kind, ""))[0]
        confirm(
            self.window(),
            f"Remove this way in: {name}?",
            "It opens the vault no more. The passphrase of the person still does, and no data is touched.",
            verb="Remove",
            on_confirm=lambda: self._remove(slot.id),
            danger=True,
        )

    def _remove(self, slot_id: str) -> None:
        run_mutation(
            self, lambda: self.services.remove_slot(slot_id), lambda _: self.told.emit("The way in was removed.")
        )

    def make_new_keys(self) -> None:
        """Ask, then give the vault new keys as a job."""
        running = [job for job in board().jobs if not job.is_over]
        confirm(
            self.window(),
            "Give the whole vault new keys?",
            (f"{running[0].title} comes first. " if running else "")
            + "The pages cannot be read for the last moments of it. Nobody else may have the vault open. Whoever was "
            "removed holds nothing that opens the new files. Make a backup afterwards.",
            verb="Make new keys",
            on_confirm=self._rekey,
        )

    def _rekey(self) -> None:
        services = self.services
        job = start_job("New keys for the vault", lambda progress, cancel: services.rekey_vault(progress, cancel))

        def ended() -> None:
            if job.error is None:
                self.told.emit("The vault has new keys. Make a backup now.")
                self.reload()
                return
            if not job.token.cancelled:
                board().failed.emit(job.error)
            if not services.unlocked:
                # The vault is as before and closed; the window goes where it can be opened again.
                self.go.emit("command:vault.lock", None)

        job.ended.connect(ended)
        self.told.emit("The vault is getting new keys. The Jobs page shows how far it is.")
