"""Many entries that another device removes: the window asks for their count, or keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.qt import QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.app.test_sync_classes import Pair, desk, note, replica

__all__ = ["desk", "replica"]
Open = Callable[[Services], Window]
Rest = Callable[[], None]


@pytest.mark.slow
def test_y38_many_removals_are_asked_about_in_the_window(
    desk: object, open_window: Open, rest: Rest, tmp_path: Path
) -> None:
    pair = Pair(desk)  # type: ignore[arg-type]
    names = [note(pair.here, pair.mine, f"Note {number}") for number in range(6)]
    pair.settle()
    for name in names:
        pair.here.remove_annotation(pair.mine, name)
    pair.settle()
    window = open_window(pair.there)
    window.open_page("sync")
    rest()
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    row = next(one for one in page.needs.rows() if "removes many entries" in one.words)
    dict(row.actions)["Type the number"]()
    rest()
    sheet = window.findChild(FormSheet)
    assert sheet is not None
    window.grab().save(str(tmp_path / "held.png"))
    line = sheet.findChild(QLineEdit)
    assert line is not None
    assert not sheet.go.isEnabled()
    line.setText("6")
    rest()
    sheet.go.click()
    rest()
    assert pair.notes()[1] == []
    assert "removals_held" not in pair.there.sync_status().notices
