"""A robot that presses everything: what changes nothing, says nothing and logs nothing is reported (L-71)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.users import Role
from clarity_desktop.ui.commands import COMMANDS
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import board
from clarity_desktop.ui.qt import QAbstractButton, QApplication, QMenu, QScrollArea, QWidget
from clarity_desktop.ui.shell.page_list import PAGES, entry
from clarity_desktop.ui.shell.window import Window

NOT_PRESSED = {
    "Lock": "closes the vault, which its own tests show",
    "Close this note": "belongs to the note of the press before",
}
"""Names of buttons that the robot leaves, and why."""
NOT_RUN = {
    "vault.lock": "closes the vault, which its own tests show",
    "vault.switch": "closes the vault, which its own tests show",
    "view.full_screen": "the platform of the tests has no screen to fill",
    "view.next_region": "moves the keyboard alone, which the tests of focus show",
    "view.previous_region": "moves the keyboard alone, which the tests of focus show",
}
MOST_PRESSES_A_PAGE = 60


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if not record.getMessage().startswith("Qt:"):
            self.count += 1


@dataclass
class Robot:
    """Presses, looks what came of it, and puts things back."""

    window: Window
    services: Services
    rest: Callable[[], None]
    records: Records
    pressed: int = 0
    idle: list[str] = field(default_factory=list)

    def traces(self) -> tuple[object, ...]:
        """Everything that a press may change."""
        space = self.window.workspace
        shown = hashlib.sha256()
        for part in (space.header, space.toolbar, space.pages, space.footer):
            image = part.grab().toImage()
            shown.update(bytes(image.constBits()))
        tops = frozenset(id(one) for one in QApplication.topLevelWidgets() if one.isVisible())
        sheets = frozenset(id(one) for one in self.window.findChildren(Sheet) if one.isVisible())
        current = space.current()
        newest = self.services.vault.audit.entries(limit=1)[0]
        settings = self.services.home / "settings.json"
        return (
            shown.hexdigest(),
            tops,
            sheets,
            "" if current is None else (current.id, repr(current.place())),
            newest.seq,
            QApplication.clipboard().text(),
            settings.read_bytes() if settings.exists() else b"",
            self.records.count,
            len(board().jobs),
            self.window.size().toTuple(),
            id(self.window.focusWidget()),
        )

    def press(self, what: str, act: Callable[[], object]) -> None:
        """Do it; note it where no trace of it is left."""
        space = self.window.workspace
        space.toast.hide()
        QApplication.clipboard().clear()
        self.window.setFocus()
        before = self.traces()
        act()
        self.rest()
        self.pressed += 1
        if self.traces() == before:
            self.idle.append(what)
        self.tidy()

    def tidy(self) -> None:
        """Close what a press opened."""
        for _ in range(4):
            opened = [one for one in self.window.findChildren(Sheet) if one.isVisible()]
            for sheet in opened:
                sheet.dismiss()
            others = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not self.window]
            for other in others:
                if isinstance(other, QMenu):
                    other.close()
                else:
                    other.hide()
                    other.close()
            self.rest()
            if not opened and not others:
                break
        assert not self.window.is_locked

    def go(self, page_id: str, patient_id: str | None) -> None:
        """Show a page."""
        if patient_id is not None and (self.window.patient is None or entry(page_id).needs_patient):
            self.window.open_patient(patient_id, page_id)
        else:
            self.window.open_page(page_id)
        self.rest()

    def buttons(self) -> dict[str, QAbstractButton]:
        """What can be pressed on the visible page and in its toolbar, by a name that outlives a reload."""
        space = self.window.workspace
        page = space.current()
        assert page is not None
        found: dict[str, QAbstractButton] = {}
        for root in (space.toolbar, page, space.footer):
            for one in root.findChildren(QAbstractButton):
                if not one.isVisible() or not one.isEnabled() or _is_chosen(one) or _is_of_toast(one, space.toast):
                    continue
                name = one.accessibleName() or one.text() or one.toolTip() or type(one).__name__
                if name in NOT_PRESSED:
                    continue
                number = sum(key.split(" #")[0] == name for key in found)
                found[f"{name} #{number}" if number else name] = one
        return found

    def show(self, one: QWidget) -> None:
        """Scroll to it, as a person would."""
        above = one.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(one, 50, 200)
            above = above.parentWidget()
        self.rest()

    def press_page(self, page_id: str, patient_id: str | None) -> None:
        """Press everything on a page, each from the page as it opens."""
        self.go(page_id, patient_id)
        for key in list(self.buttons())[:MOST_PRESSES_A_PAGE]:
            current = self.window.workspace.current()
            if current is None or current.id != page_id:
                self.go(page_id, patient_id)
            one = self.buttons().get(key)
            if one is not None:
                self.show(one)
                self.press(f"{page_id}: {key}", one.click)


def _is_chosen(one: QAbstractButton) -> bool:
    """One of several that is chosen already: a second press changes nothing, and need not."""
    group = one.group()
    return one.isCheckable() and one.isChecked() and (one.autoExclusive() or (group is not None and group.exclusive()))


def _is_of_toast(one: QWidget, toast: QWidget) -> bool:
    return toast.isAncestorOf(one)


@pytest.fixture
def robot(
    services: Services, window: Window, rest: Callable[[], None], keychain: object, _log_watch: Any
) -> Iterator[Robot]:
    del keychain
    me = services.user()
    services.vault.people.set_roles(me.id, set(Role))
    window.resize(1280, 800)
    window.follow_user()
    rest()
    records = Records()
    logger = logging.getLogger("clarity_desktop")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(records)
    yield Robot(window, services, rest, records)
    # The platform of the tests has no keyboard that a menu could hold.
    _log_watch.records = [one for one in _log_watch.records if "grabbing the keyboard" not in one.getMessage()]
    logger.removeHandler(records)
    logger.setLevel(level)


@pytest.mark.slow
def test_l71_every_button_does_something(robot: Robot) -> None:
    patient = robot.services.patients()[0].id
    for page in PAGES:
        robot.press_page(page.id, patient if page.needs_patient else None)
    assert robot.pressed > 100
    assert not robot.idle, robot.idle


@pytest.mark.slow
def test_l71_every_command_does_something(robot: Robot) -> None:
    patient = robot.services.patients()[0].id
    for one in COMMANDS:
        if one.id in NOT_RUN:
            continue
        # From a place that none of the commands leads to by itself.
        robot.go("jobs" if one.id == "go.diagnostics" else "diagnostics", patient)
        if one.id.startswith("view."):
            robot.window.choose_theme("dark" if one.id.endswith("light") else "light")
            robot.rest()
        state = robot.window.state()
        if one.is_offered(state) and one.obstacle(state) is None:
            robot.press(one.id, lambda one=one: robot.window.run(one))  # type: ignore[misc]
    assert robot.pressed > 40
    assert robot.idle == []


def test_l71_a_button_that_does_nothing_is_found(robot: Robot) -> None:
    robot.go("jobs", None)
    robot.press("nothing", lambda: None)
    assert robot.idle == ["nothing"]
    robot.press("a toast", lambda: robot.window.say("Done."))
    robot.press("a note", robot.window.show_about)
    assert robot.idle == ["nothing"]
