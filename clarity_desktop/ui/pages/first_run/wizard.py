"""The wizard itself: rail, one step at a time, back and next; it goes on where it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.first_run.rail import Rail
from clarity_desktop.ui.pages.first_run.steps import (
    CloudStep,
    CodeStep,
    DemoStep,
    LanguageStep,
    PassphraseStep,
    PersonStep,
    Step,
    TimeStep,
    VaultStep,
)
from clarity_desktop.ui.qt import QHBoxLayout, QKeyEvent, QStackedWidget, Qt, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["FirstRunWizard"]

_KEY = "first_run"
_SIZE = (1000, 680)
_RAIL = 264
_PASSPHRASE, _CODE = 2, 3


class FirstRunWizard(QWidget):
    """Eight steps. Until the recovery code is confirmed nothing is stored but where one is (U-51)."""

    finished = Signal(bool)
    """Everything is set; true when simulated people are wanted."""
    opened = Signal()
    """The vault is made and open, while steps are left."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.passphrase = PassphraseStep(services)
        self.code = CodeStep(services, self.passphrase.passphrase.text, services.code_to_show)
        self.person = PersonStep(services)
        self.time = TimeStep(services)
        self.demo = DemoStep(services)
        self.steps: list[Step] = [
            LanguageStep(services),
            VaultStep(services),
            self.passphrase,
            self.code,
            self.person,
            self.time,
            CloudStep(services),
            self.demo,
        ]
        self._at = 0
        self._build()
        for step in self.steps:
            step.changed.connect(self._check)
        self.resume()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        card = Card(padding=0)
        card.setMaximumSize(*_SIZE)
        card.setAccessibleName("First run")
        outer.addStretch(1)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card, 20)
        middle.addStretch(1)
        outer.addLayout(middle, 20)
        outer.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(0)
        card.body.addLayout(row, 1)
        left = QWidget()
        left.setFixedWidth(_RAIL)
        rail = QVBoxLayout(left)
        rail.setContentsMargins(16, 24, 16, 24)
        rail.setSpacing(12)
        brand = QHBoxLayout()
        brand.setContentsMargins(12, 0, 0, 8)
        brand.setSpacing(8)
        brand.addWidget(Icon("moon-star", 24, "accent"))
        brand.addWidget(Label("Clarity Desktop", "title"))
        brand.addStretch(1)
        rail.addLayout(brand)
        self.rail = Rail([step.title for step in self.steps])
        rail.addWidget(self.rail)
        note = Label("Stop at any time. The next start goes on here.", "small", "muted", wrap=True)
        note.setContentsMargins(12, 12, 0, 0)
        rail.addWidget(note)
        rail.addStretch(1)
        row.addWidget(left)
        row.addWidget(rule(vertical=True))
        right = QVBoxLayout()
        right.setContentsMargins(40, 32, 40, 24)
        right.setSpacing(4)
        row.addLayout(right, 1)
        self.number = Label("", "small", "muted")
        self.question = Label("", "display", wrap=True)
        self.words = Label("", "body", "muted", wrap=True)
        right.addWidget(self.number)
        right.addWidget(self.question)
        right.addWidget(self.words)
        right.addSpacing(16)
        self.stack = QStackedWidget()
        for step in self.steps:
            self.stack.addWidget(step)
        right.addWidget(self.stack, 1)
        right.addWidget(rule())
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 16, 0, 0)
        foot.setSpacing(8)
        self.back = Button("Back", "normal", "arrow-left")
        self.back.clicked.connect(lambda _=False: self.go_back())
        self.reason = Label("", "small", "muted")
        self.next = Button("Next", "primary")
        self.next.clicked.connect(lambda _=False: self.go_on())
        foot.addWidget(self.back)
        foot.addStretch(1)
        foot.addWidget(self.reason)
        foot.addWidget(self.next)
        right.addLayout(foot)

    # -- moving -----------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """Number of the step that is shown, from 0."""
        return self._at

    def resume(self) -> None:
        """Go to the step where the wizard was left, as far as that is possible with what is stored."""
        kept = self.services.settings.get(_KEY, 0)
        at = kept if isinstance(kept, int) and 0 <= kept < len(self.steps) else 0
        if not self.services.unlocked:
            # A passphrase that was typed is stored nowhere, so it is typed again.
            at = min(at, _PASSPHRASE)
        else:
            at = max(at, _CODE)
            if at > _CODE:
                self.code.done()
        self.show_step(at)

    def show_step(self, at: int) -> None:
        """Show a step, and keep that it is the one."""
        self._at = at
        step = self.steps[at]
        self.services.settings.set(_KEY, at)
        self.rail.show_step(at)
        self.number.setText(f"Step {at + 1} of {len(self.steps)}")
        self.question.setText(step.question)
        self.words.setText(step.words)
        self.stack.setCurrentWidget(step)
        self.next.set_text(step.verb)
        self.back.setEnabled(at > 0)
        self.back.setToolTip("" if at else "This is the first step")
        if step is self.demo:
            reads = self.person.clinician.isChecked()
            self.demo.allow("" if reads else "Simulated people are patients, which an admin alone does not see")
        step.enter()
        self._check()

    def go_back(self) -> None:
        """Return to the step before; what was typed stays."""
        if self._at:
            self.show_step(self._at - 1)

    def go_on(self) -> None:
        """Do what the step has to do, then show the next one, or end."""
        step = self.steps[self._at]
        if step.problem():
            return
        work = step.work()
        if work is None:
            self._next()
            return
        self._set_working(True)

        def done(_: Any) -> None:
            self._set_working(False)
            if step is self.code:
                self.code.done()
                self.passphrase.passphrase.clear()
                self.opened.emit()
            self._next()

        def refused(error: ClarityError) -> None:
            self._set_working(False)
            if not step.refused(error):
                self.reason.setText(error.message)

        run_mutation(self, work, done, refused)

    def _set_working(self, working: bool) -> None:
        for widget in (self.stack, self.back, self.next):
            widget.setEnabled(not working)
        self.next.set_text("Creating the vault" if working and self._at == _CODE else self.steps[self._at].verb)
        if not working:
            self._check()

    def _next(self) -> None:
        if self._at + 1 < len(self.steps):
            self.show_step(self._at + 1)
            return
        self.services.settings.set(_KEY, None)
        self.finished.emit(self.demo.demo.isChecked())

    def _check(self) -> None:
        reason = self.steps[self._at].problem()
        self.next.setEnabled(not reason)
        self.next.setToolTip(reason)
        self.reason.setText(reason)
        self.back.setEnabled(self._at > 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.next.isEnabled():
            self.go_on()
        else:
            super().keyPressEvent(event)
