"""What the open vault needs by itself: a look at its notices every few minutes, and the daily backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clarity_desktop.ui.jobs import Job, JobState, board, run_query, start_job
from clarity_desktop.ui.qt import QObject, QTimer
from clarity_desktop.ui.shell.notices import NoticeStrip

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.safekeeping import Notice

__all__ = ["VaultCare"]

_LOOK_EVERY_MS: Final = 5 * 60_000
_BACKUP_AFTER_MS: Final = 60_000
_TITLE: Final = "Daily backup"


class VaultCare(QObject):
    """Starts with the unlocking and ends with the lock.

    The first backup waits a minute, so that it does not take the disk from the first page. When one does not succeed
    nothing pops up: the job page says why, and after seven days without one the strip does.
    """

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._strip: NoticeStrip | None = None
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_EVERY_MS)
        self._look.timeout.connect(self.look)
        self._backup = QTimer(self)
        self._backup.setInterval(_BACKUP_AFTER_MS)
        self._backup.timeout.connect(self.back_up_if_due)

    def start(self, strip: NoticeStrip) -> None:
        """The vault is open and this strip shows its notices."""
        self._strip = strip
        strip.back_up.connect(self.back_up_now)
        self._look.start()
        self._backup.start()
        self.look()

    def stop(self) -> None:
        """The vault locks; the strip goes with the rest of the window."""
        self._strip = None
        self._look.stop()
        self._backup.stop()

    def look(self) -> None:
        """Ask for the notices and show them."""
        if self._strip is None:
            return
        strip = self._strip

        def show(found: tuple[Notice, ...]) -> None:
            strip.show_notices(found)

        run_query(strip, self._services.notices, show, lambda _: None)

    def back_up_if_due(self) -> None:
        """Start the daily backup as a quiet job, when a day has passed since the last one and the setting lets it."""
        if self._strip is None or self._is_under_way():
            return
        services = self._services

        def due() -> bool:
            return services.setting("backup.automatic") is True and services.backup_is_due()

        run_query(self._strip, due, lambda found: self._start(quiet=True) if found else None, lambda _: None)

    def back_up_now(self) -> None:
        """Make a backup because somebody asked."""
        if not self._is_under_way():
            self._start(quiet=False)

    def _is_under_way(self) -> bool:
        return any(job.title == _TITLE and not job.is_over for job in board().jobs)

    def _start(self, *, quiet: bool) -> None:
        services = self._services
        if quiet:
            job = start_job(_TITLE, lambda tell, stop: services.back_up_if_due(progress=tell, cancel=stop), quiet=True)
        else:
            job = start_job(_TITLE, lambda tell, stop: services.back_up(progress=tell, cancel=stop))
        job.ended.connect(lambda: self._ended(job, quiet))

    def _ended(self, job: Job, quiet: bool) -> None:
        if job.state is JobState.STOPPED and job.error is not None and not quiet and self._strip is not None:
            board().failed.emit(job.error)
        self.look()
