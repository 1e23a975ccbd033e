"""The dialog that adds a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient, Sex
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QLineEdit, QWidget
from clarity_desktop.ui.shell.unsaved import keep_as_draft

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["NewPatientDialog", "read_birth_date"]

_SEX = (
    (Sex.NOT_STATED.value, "Not stated"),
    (Sex.FEMALE.value, "Female"),
    (Sex.MALE.value, "Male"),
    (Sex.OTHER.value, "Other"),
)


def read_birth_date(text: str, today: date) -> date | None:
    """The date of ``YYYY-MM-DD``; ``None`` for an empty line.

    Raises
    ------
    ValueError
        With a sentence that says what is accepted.
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        born = date.fromisoformat(typed)
    except ValueError as error:
        raise ValueError("Write year, month and day: 1987-04-23.") from error
    if born > today:
        raise ValueError("Date of birth cannot lie in the future.")
    return born


class NewPatientDialog(Sheet):
    """Name or code, date of birth, sex. What was typed stays when something is not accepted."""

    def __init__(self, window: QWidget, services: Services, on_added: Callable[[Patient], None]) -> None:
        super().__init__(window, "Add a person")
        self._services = services
        self._on_added = on_added
        self.name = QLineEdit()
        self._name = Field("Name or code", self.name, "As it should appear in lists and on reports")
        self.body.addWidget(self._name)
        self.born = QLineEdit()
        self.born.setPlaceholderText("YYYY-MM-DD")
        self._born = Field("Date of birth", self.born, "May stay empty")
        self.body.addWidget(self._born)
        self.sex = Choice(_SEX)
        self.body.addWidget(Field("Sex", self.sex, "As the person's record states it"))
        for line, name in ((self.name, "Name or code"), (self.born, "Date of birth")):
            keep_as_draft(line, name)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.add = self.add_button("Add person", "primary")
        self.add.clicked.connect(lambda _=False: self._add())
        self.name.textChanged.connect(lambda _: self._check())
        self.born.textChanged.connect(lambda _: self._born.show_error(""))
        self._check()

    def _check(self) -> None:
        ready = bool(self.name.text().strip())
        self.add.setEnabled(ready)
        self.add.setToolTip("" if ready else "Type a name or a code first")

    def _add(self) -> None:
        try:
            born = read_birth_date(self.born.text(), date.today())
        except ValueError as error:
            self._born.show_error(str(error))
            return
        name, sex = self.name.text().strip(), Sex(self.sex.value())
        zone = str(self._services.setting("zone.home")) or None
        self.add.setEnabled(False)

        def refused(error: ClarityError) -> None:
            self.add.setEnabled(True)
            self._name.show_error(error.message)

        def added(patient: Patient) -> None:
            self.dismiss()
            self._on_added(patient)

        run_mutation(
            self, lambda: self._services.add_patient(name, birth_date=born, sex=sex, home_zone=zone), added, refused
        )
