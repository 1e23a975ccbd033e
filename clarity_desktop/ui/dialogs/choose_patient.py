"""Asks whose recordings the chosen files are: a person of the vault, or a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.buttons import SegmentedSwitch
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QLineEdit, QWidget

__all__ = ["ChoosePatientDialog", "ImportChoice"]

_SHOWN_FILES = 3


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """Whose files these are, and the zone of those that state none."""

    files: tuple[Path, ...]
    patient_id: str | None
    new_name: str | None
    zone: str | None


class ChoosePatientDialog(Sheet):
    """Existing or new person, and an optional zone."""

    def __init__(
        self,
        window: QWidget,
        files: tuple[Path, ...],
        people: list[Patient],
        current: Patient | None,
        on_chosen: Callable[[ImportChoice], None],
    ) -> None:
        many = len(files) > 1
        super().__init__(
            window, f"Whose recordings are these {len(files)} files?" if many else "Whose recording is this?"
        )
        self._files = files
        self._on_chosen = on_chosen
        for path in files[:_SHOWN_FILES]:
            self.body.addWidget(ElidedLabel(path.name, "mono", "muted"))
        if len(files) > _SHOWN_FILES:
            self.body.addWidget(Label(f"and {len(files) - _SHOWN_FILES} more", "small", "muted"))
        start = "existing" if people else "new"
        self.switch = SegmentedSwitch("Whose", (("existing", "A person here"), ("new", "A new person")), start)
        self.switch.setVisible(bool(people))
        self.switch.chosen.connect(lambda _: self._show())
        self.body.addWidget(self.switch)
        self.person = Choice([(one.id, f"{one.name}  ·  {one.code}") for one in people], current.id if current else "")
        self._person = Field("Person", self.person)
        self.body.addWidget(self._person)
        self.name = QLineEdit()
        self.name.textChanged.connect(lambda _: self._show())
        self._name = Field("Name or code of the new person", self.name, "Added only when a file can be read")
        self.body.addWidget(self._name)
        zones = [("", "Leave open"), *((zone, zone) for zone in sorted(available_timezones()))]
        self.zone = Choice(zones)
        self.zone.setMaxVisibleItems(12)
        self.body.addWidget(
            Field("Zone of the clock, where a file states none", self.zone, "A health export brings its own zones")
        )
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.start = self.add_button("Import", "primary")
        self.start.clicked.connect(lambda _=False: self._choose())
        self._show()

    def _show(self) -> None:
        new = self.switch.value() == "new"
        self._name.setVisible(new)
        self._person.setVisible(not new)
        ready = not new or bool(self.name.text().strip())
        self.start.setEnabled(ready)
        self.start.setToolTip("" if ready else "Type a name or a code first")
        self._settle()

    def _choose(self) -> None:
        new = self.switch.value() == "new"
        choice = ImportChoice(
            self._files,
            None if new else self.person.value(),
            self.name.text().strip() if new else None,
            self.zone.value() or None,
        )
        self.dismiss()
        self._on_chosen(choice)
