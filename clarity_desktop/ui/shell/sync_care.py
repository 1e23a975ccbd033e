"""Sync by itself while the vault is open: quiet, ended by the lock, and told in the header."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.data_place import data_place
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.cloud.sync_words import BADGES, Told, overall
from clarity_desktop.ui.pages.security.loaded import when
from clarity_desktop.ui.qt import QNetworkInformation, QObject, QTimer

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.ui.shell.header import Header

__all__ = ["SyncCare"]

_LOOK_EVERY_MS: Final = 60_000
_SOON_MS: Final = 400
_LATER_MS: Final = 5_000
_OFF: Final = Told("cloud-off", "neutral", "Sync off")


@dataclass(frozen=True, slots=True)
class _Found:
    whole: Told
    badge: str
    ends: int | None = None
    """When the first sign-in ends that nothing renews, where that is within a day."""


class SyncCare(QObject):
    """Starts with the unlocking and ends with the lock. What goes wrong stands on the sync page; nothing pops up."""

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._header: Header | None = None
        self._patient_id = ""
        self._watches_connection = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(lambda: self.look(may_sync=False))
        # Asking the system loads a library; the first pages come before it.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._watch_connection)

    def start(self, header: Header) -> None:
        """The vault is open and this header tells how sync stands."""
        self._header = header
        self._later.start()
        self._timer.start()
        self.look(may_sync=False)

    def _watch_connection(self) -> None:
        """Tell the services whether the system calls the connection metered, now and whenever that changes."""
        QNetworkInformation.loadBackendByFeatures(QNetworkInformation.Feature.Metered)
        network = QNetworkInformation.instance()
        if network is None:
            return  # This system does not say.
        if not self._watches_connection:
            self._watches_connection = True
            network.isMeteredChanged.connect(self._note_metered)
        self._note_metered(network.isMetered())

    def _note_metered(self, metered: bool) -> None:
        self._services.note_metered(metered)

    def stop(self) -> None:
        """The vault locks; a cycle that runs is parked by the services."""
        self._header = None
        data_place().tell(None)
        self._timer.stop()
        self._soon.stop()
        self._later.stop()

    def look_soon(self) -> None:
        """Something changed; many changes are one look."""
        if self._header is not None and not self._soon.isActive():
            self._soon.start()

    def open_patient(self, patient_id: str) -> None:
        """Whose data the header speaks of; their newest days go first."""
        self._patient_id = patient_id
        self.look_soon()

    def look(self, *, may_sync: bool = True) -> None:
        """Ask the vault how sync stands, show it, and start a cycle where one is due."""
        header = self._header
        if header is None:
            return
        run_query(header, lambda: self._read(may_sync), self._show, lambda _: None)

    def _read(self, may_sync: bool) -> _Found:
        services = self._services
        rights = services.user().rights
        ends = min((end for _, end in services.cloud_ending_soon()), default=None)
        if Right.READ_DATA not in rights or services.setting("external.sending") is not True:
            return _Found(_OFF, "", ends)
        status = services.sync_status()
        if may_sync and Right.SEND_INSIGHT in rights and services.sync_goes_by_itself():
            services.sync_in_background(self._patient_id or None)
        badge = services.sync_badge(self._patient_id) if self._patient_id and status.patients else ""
        return _Found(overall(status, int(time.time())) if status.account else _OFF, badge, ends)

    def _show(self, found: _Found) -> None:
        header = self._header
        if header is None:
            return
        tip = "Nothing leaves this machine." if found.whole is _OFF else "How sync stands; the sync page says more."
        if found.ends is None:
            header.sync.show_state(found.whole.words, found.whole.icon, found.whole.tone, tip)
        else:
            # A day ahead, so that nobody is thrown out in the middle of something (L-81).
            words = f"Sign-in ends {when(found.ends)}"
            header.sync.show_state(
                words, "hourglass", "warn", f"Nothing renews it: sign in anew on the account page. {tip}"
            )
        header.show_data_place(BADGES.get(found.badge))
        # Where nothing of a person goes, charts carry no mark: their titles say so on hovering.
        data_place().tell(None if found.badge == "here" else BADGES.get(found.badge))
