"""The start of the window: the Qt application, its theme, the unlock screen, and an orderly end."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.choice import zone_names
from clarity_desktop.ui.components.focus_ring import FocusRing
from clarity_desktop.ui.jobs import board, presentable, run_query, shut_down
from clarity_desktop.ui.qt import (
    QApplication,
    QEvent,
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from clarity_desktop.ui.shell.window import Window

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.ui.shell.single_instance import SingleInstance

__all__ = ["make_application", "make_window", "run"]

_log = logging.getLogger(__name__)
_HARMLESS = ("propagateSizeHints", "does not support raise()")


def _take_qt_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go to the log; what is known to be harmless is left out."""
    if any(part in text for part in _HARMLESS):
        return
    level = logging.INFO if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) else logging.WARNING
    _log.log(level, "Qt: %s", text)


class _FirstPaint(QObject):
    """Calls once, after the first time something was painted."""

    def __init__(self, window: Window, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._then: Callable[[], None] | None = then
        window.unlock_page.installEventFilter(self)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._then is not None:
            then, self._then = self._then, None
            QTimer.singleShot(0, self, then)
        return False


def make_application(services: Services) -> QApplication:
    """The Qt application with fonts and the theme that the person chose; the one there is, when there is one."""
    qInstallMessageHandler(_take_qt_message)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Clarity Desktop")
    application.setApplicationVersion(services.version)
    chosen = services.settings.get("theme", "system")
    theme.install(application, chosen if chosen in theme.CHOICES else "system")
    if application.findChild(FocusRing) is None:
        FocusRing(application)
    return application


def make_window(services: Services, on_first_paint: Callable[[], None] | None = None) -> Window:
    """The window on its unlock screen, not shown yet. What the vault needs is loaded after the first paint."""
    window = Window(services)
    window.setWindowIcon(theme.icon("moon-star", 24, "accent"))

    def painted() -> None:
        if on_first_paint is not None:
            on_first_paint()
        if not services.unlocked:
            window.unlock_page.confirm_vault()
        run_query(window, _load_pages, lambda _: None)

    _FirstPaint(window, painted)
    return window


def _load_pages() -> None:
    """Bring what the first pages need into memory while the passphrase is typed."""
    zone_names()


def run(services: Services, *, patient: str | None = None, page: str | None = None) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    services:
        Locked services open on the unlock screen, unlocked ones on the list of people.
    patient:
        Id, code or exact name of a person to open after unlocking.
    page:
        Id of the page to show: ``patients``, ``overview``, ``sleep``, ``circadian``, ``timeline`` or ``import``.

    Returns
    -------
    int
        The exit code of the process: 0 as well where a window over the same home was open and came to the front.
    """
    if (services.home / "state" / "window.json").exists():
        from clarity_desktop.ui.shell.single_instance import call_first

        if call_first(services.home, patient, page):
            return 0
    services.origin = "UI"
    application = make_application(services)
    before = sys.excepthook

    def crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        board().failed.emit(presentable(error))

    sys.excepthook = crash
    first: list[SingleInstance] = []

    def listen() -> None:
        """After the first paint: hear of the session, and of a second start."""
        from clarity_desktop.ui.shell.single_instance import SingleInstance

        window.session.start()
        instance = SingleInstance(services.home, window)
        instance.called.connect(window.come_to_front)
        if instance.listen():
            first.append(instance)

    window = make_window(services, listen)
    window.restore_geometry()
    window.start_at(patient, page)
    window.show()
    try:
        return application.exec()
    finally:
        sys.excepthook = before
        for instance in first:
            instance.close()
        shut_down()
        services.close()
        window.deleteLater()
