"""Going to and fro, and locking, leaves no widget or thread behind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from clarity_desktop.ui.qt import QApplication, QEvent
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.window import Window

pytestmark = pytest.mark.slow

ROUNDS = 12


def _widgets(qapp: QApplication) -> int:
    qapp.processEvents()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return len(qapp.allWidgets())


def test_switching_pages_keeps_the_number_of_widgets(
    window: Window, rest: Callable[[], None], qapp: QApplication
) -> None:
    window.open_patient(window.services.patient("D-0001").id)
    rest()
    for page in PAGES:
        window.open_page(page.id)
        rest()
    # The same quick walk as below, so that both counts are of pages that were left in the same way.
    for page in PAGES:
        window.open_page(page.id)
        qapp.processEvents()
    rest()
    widgets, threads = _widgets(qapp), threading.active_count()
    for _ in range(ROUNDS):
        for page in PAGES:
            window.open_page(page.id)
            qapp.processEvents()
    rest()
    assert _widgets(qapp) <= widgets
    assert threading.active_count() <= threads


def test_locking_drops_the_pages(window: Window, rest: Callable[[], None], qapp: QApplication) -> None:
    key = window.services.vault.job_key()
    counts = []
    for _ in range(3):
        window.open_patient(window.services.patient("D-0001").id)
        rest()
        window.run_id("vault.lock")
        rest()
        counts.append(_widgets(qapp))
        window.services.unlock_with_key(key)
        window.start_at(None, None)
        rest()
    assert counts[2] <= counts[1]
