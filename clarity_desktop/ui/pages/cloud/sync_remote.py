"""What other devices of the account have sent: the direction, reading now, who is who, and bringing it all back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.exchange import Direction, PullReport, RemoteSummary
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import board, run_mutation, run_query, start_job
from clarity_desktop.ui.pages.cloud.direction import DIRECTION_WORDS, DirectionSheet
from clarity_desktop.ui.pages.cloud.restore import RestoreSheet, report_words
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable
from clarity_desktop.ui.qt import QHBoxLayout

if TYPE_CHECKING:
    from clarity_desktop.app.sync_status import SyncStatus

__all__ = ["RemoteCard"]

_MAY_NOT_LINK = "Your role does not say who is who; one that changes names does"


class RemoteCard(Card):
    """One line of how it stands, and three ways on. Asking the server is always a person's own step here."""

    def __init__(self, page: LoadedPage) -> None:
        super().__init__("Other devices of this account")
        self._page = page
        self._status: SyncStatus | None = None
        self._rights: frozenset[Right] = frozenset()
        self._people: list[Patient] = []
        self.badge = Badge("", "circle-dashed", "neutral")
        self.add_mark(self.badge)
        self.words = Label("", "body", wrap=True)
        self.body.addWidget(self.words)
        self.report = Label("", "small", "muted", wrap=True)
        self.report.hide()
        self.body.addWidget(self.report)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.direct = Button("Direction and people", "normal", "move-horizontal")
        self.direct.clicked.connect(lambda _=False: self.ask_direction())
        self.read = Button("Read now", "quiet", "download")
        self.read.clicked.connect(lambda _=False: self.read_now())
        self.restore = Button("Bring all back", "quiet", "history")
        self.restore.clicked.connect(lambda _=False: self.ask_restore())
        for button in (self.direct, self.read, self.restore):
            row.addWidget(button)
        row.addStretch(1)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def show_remote(
        self, status: SyncStatus, direction: str, people: list[Patient], rights: frozenset[Right], refusal: str
    ) -> None:
        """Show the direction that was chosen; ``refusal`` says why nothing may be asked of the server."""
        self._status, self._rights, self._people = status, rights, people
        if direction:
            title, words = DIRECTION_WORDS[direction]
            self.badge.show_state(title, "ban" if direction == "apart" else "move-horizontal", "neutral")
            self.words.setText(words)
        elif status.asks_direction:
            self.badge.show_state("Choose a direction", "triangle-alert", "warn")
            self.words.setText("Both sides hold data. Nothing moves before you say which way.")
        else:
            self.badge.show_state("Not chosen", "circle-dashed", "neutral")
            self.words.setText("It is asked as soon as both sides hold data. Nothing is read before that.")
        enable(self.direct, refusal)
        stays = {"apart": "Kept apart", "upload": "Only up was chosen"}.get(direction, "")
        enable(self.read, refusal or stays)
        enable(self.restore, refusal or ("The vault holds people already" if people else ""))

    # -- direction and people -------------------------------------------------------------------------------------

    def ask_direction(self) -> None:
        """Ask the server what it holds, then the person which way data go and who is who."""
        self.words.setText("Asking the server what it holds.")

        def refused(error: ClarityError) -> None:
            self._page.reload()
            board().failed.emit(error)

        run_query(self, self._page.services.remote_summary, self.show_summary, refused)

    def show_summary(self, summary: RemoteSummary) -> None:
        """Open the sheet over what the server holds."""
        waiting = 0 if self._status is None else self._status.waiting
        here = f"{count_words(waiting, 'stretch', 'stretches')} of 30 days would go up"
        may_link = "" if Right.CHANGE_IDENTITY in self._rights else _MAY_NOT_LINK
        DirectionSheet(self.window(), summary, here, self._people, self._chosen, may_link).open()
        self._page.reload()

    def _chosen(self, direction: Direction | None, links: dict[str, str | None]) -> None:
        services = self._page.services

        def keep() -> None:
            if direction is not None:
                services.choose_direction(direction)
            for remote, patient in links.items():
                services.link_remote(remote, patient)

        def kept(_: object) -> None:
            said = "" if direction is None else f"{DIRECTION_WORDS[direction][0]} from now on. "
            linked = f"{count_words(len(links), 'person', 'people')} linked." if links else ""
            self._page.told.emit(f"{said}{linked}".strip() or "Nothing was changed.")
            self._page.reload()

        run_mutation(self, keep, kept)

    # -- reading --------------------------------------------------------------------------------------------------

    def read_now(self) -> None:
        """Read what other devices sent, as a job; nothing here is overwritten."""
        services = self._page.services
        job = start_job("Reading from the server", lambda progress, cancel: services.pull_now(cancel, progress))

        def ended() -> None:
            if isinstance(job.result, PullReport):
                self.report.setText(f"Last reading: {report_words(job.result)}")
                self.report.show()

        job.ended.connect(ended)
        self._page.after(job, "What other devices sent was read.")

    def ask_restore(self) -> None:
        """Open the way back of everything into an empty vault."""
        RestoreSheet(self.window(), self._page.services, self._page.reload).open()
