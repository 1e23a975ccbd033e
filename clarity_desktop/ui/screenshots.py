"""Pictures of every page, made offscreen from the real window over real services."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from clarity_desktop.app import open_services
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.dialogs.error import ErrorDialog
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import board, shut_down
from clarity_desktop.ui.pages.imports import ImportPage
from clarity_desktop.ui.pages.security.keys import KeysPage
from clarity_desktop.ui.qt import QApplication, QColor, QEvent, QPixmap
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.window import Window

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["render_pages", "settle"]

_QUIET_ROUNDS = 6
_LONGEST_WAIT_S = 120.0


def settle(application: QApplication, *, longest_s: float = _LONGEST_WAIT_S) -> None:
    """Process events until no query, mutation or job is under way and nothing new was started for some rounds.

    Raises
    ------
    ClarityError
        ``screenshots.waited`` when the work does not end in time.
    """
    deadline = time.monotonic() + longest_s
    quiet = 0
    while quiet < _QUIET_ROUNDS:
        application.processEvents()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        quiet = 0 if board().is_busy else quiet + 1
        if time.monotonic() > deadline:
            raise ClarityError(
                "screenshots.waited", "A page did not come to rest.", remedy="Run again on a machine with less load."
            )
        time.sleep(0.004)


def _grab(window: Window, path: Path) -> Path:
    picture = QPixmap(window.size())
    picture.fill(QColor(theme.colour("app")))
    window.render(picture)
    if not picture.save(str(path)):
        raise ClarityError(
            "screenshots.not_written", "A picture could not be written.", remedy="Check the folder.", detail=path.name
        )
    return path


def render_pages(
    services: Services,
    directory: Path,
    themes: Sequence[str] = ("light", "dark"),
    size: tuple[int, int] = (1440, 900),
) -> list[Path]:
    """Open the window, walk every page and every simulated person in each theme, and write one PNG each.

    Parameters
    ----------
    services:
        Unlocked, with people in the vault; a locked one gives the unlock screen only.
    directory:
        Made when it does not exist. Files are named ``light-01-unlock.png`` and so on.
    size:
        Width and height of the window in logical pixels.

    Returns
    -------
    list[Path]
        The files, in the order they were made.

    Raises
    ------
    ClarityError
        What a page reported instead of showing itself, or ``screenshots.*`` when a picture could not be made.
    """
    directory.mkdir(parents=True, exist_ok=True)
    application = make_application(services)
    chosen = theme.choice()
    written: list[Path] = []
    try:
        for name in themes:
            theme.set_theme(name)
            written += _walk(application, services, directory, name, size)
    finally:
        theme.set_theme(chosen)
        shut_down()
    return written


def _walk(
    application: QApplication, services: Services, directory: Path, theme_name: str, size: tuple[int, int]
) -> list[Path]:
    window = make_window(services)
    window.resize(*size)
    window.show()
    written: list[Path] = []

    def picture(name: str) -> None:
        settle(application)
        failed = next((dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()), None)
        if failed is not None:
            raise failed.error
        written.append(_grab(window, directory / f"{theme_name}-{len(written) + 1:02d}-{name}.png"))

    def with_sheet(name: str, show: Callable[[], None]) -> None:
        show()
        picture(name)
        for sheet in window.findChildren(Sheet):
            sheet.dismiss()
        settle(application)

    picture("unlock")
    if services.unlocked:
        window.start_at(None, None)
        picture("patients")
        with_sheet("palette", window.show_palette)
        with_sheet("new-patient", window.new_patient)
        with_sheet("keys", window.show_keys)
        for patient in services.patients():
            for page in PAGES:
                if page.needs_patient:
                    window.open_patient(patient.id, page.id)
                    picture(f"{patient.code}-{page.id}")
        window.open_page("import")
        picture("import")
        page_of_imports = window.workspace.page("import")
        reports = services.imports()
        if isinstance(page_of_imports, ImportPage) and reports:
            page_of_imports.open_report(max(reports, key=lambda report: len(report.types)))
            picture("import-report")
        for page in PAGES:
            if page.group in ("cloud", "workstation") and page.id != "import" and window.may_open(page.id):
                window.open_page(page.id)
                picture(page.id)
        keys = window.workspace.page("keys")
        if isinstance(keys, KeysPage):
            window.open_page("keys")
            with_sheet("recovery-code", keys.new_recovery_code)
    window.close()
    window.deleteLater()
    settle(application)
    return [*written, *_first_run(application, directory, f"{theme_name}-{len(written) + 1:02d}", size)]


def _first_run(application: QApplication, directory: Path, beginning: str, size: tuple[int, int]) -> list[Path]:
    """The wizard over a home of its own, at its passphrase and at its code."""
    with TemporaryDirectory() as home:
        services = open_services(Path(home))
        window = Window(services)
        window.resize(*size)
        window.show()
        written = []
        wizard = window.unlock_page.wizard
        for name, step in (("passphrase", 2), ("code", 3)):
            if wizard is not None:
                wizard.show_step(step)
            settle(application)
            written.append(_grab(window, directory / f"{beginning}-first-run-{name}.png"))
        window.close()
        window.deleteLater()
        settle(application)
        services.close()
    return written
