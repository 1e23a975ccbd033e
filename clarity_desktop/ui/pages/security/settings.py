"""The settings: search on top, sections at the left, a row each; changes hold at once and can be undone (U-69)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.app.settings_registry import SETTINGS, SettingSpec, SettingValue
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.refused import refusal
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable
from clarity_desktop.ui.pages.security.setting_row import SettingRow
from clarity_desktop.ui.qt import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSize,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
)
from clarity_desktop.ui.undo import Step

if TYPE_CHECKING:
    from clarity_desktop.domain.users import User

__all__ = ["SettingsPage"]

_ALL = "All settings"
_DANGEROUS = "With care"


class SettingsPage(LoadedPage):
    """Rows of all declared settings, filtered by section or by words.

    Sections are made one after the other between the events of the window, so that the first visit does not hold it up.
    """

    id: ClassVar[str] = "settings"
    title: ClassVar[str] = "Settings"
    icon: ClassVar[str] = "settings-2"
    watches: ClassVar[Change] = Change.SETTINGS | Change.SLOTS

    def build(self, column: QVBoxLayout) -> None:
        self._rows: dict[str, SettingRow] = {}
        self._unmade = deque(_sections().items())
        self._making = QTimer(self)
        self._making.setSingleShot(True)
        self._making.timeout.connect(self._make_next)
        self._user: User | None = None
        self._values: dict[str, SettingValue] = {}
        self._mine: list[SettingSpec] = []
        self._cards: dict[str, Card] = {}
        self._rules: dict[str, QWidget] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setFixedWidth(320)
        self.search.textChanged.connect(lambda _: self._filter())
        column.addWidget(self.search)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        column.addLayout(middle)
        self.sections = QListWidget()
        self.sections.setAccessibleName("Sections")
        self.sections.setFont(theme.font("body"))
        self.sections.setFixedWidth(200)
        self.sections.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sections.currentRowChanged.connect(lambda _: self._filter())
        middle.addWidget(self.sections, 0, Qt.AlignmentFlag.AlignTop)
        right = self._right = QVBoxLayout()
        right.setSpacing(12)
        middle.addLayout(right, 1)
        self.nothing = Label("", "body", "muted")
        self.nothing.hide()
        right.addWidget(self.nothing)
        right.addStretch(1)
        names = (_ALL, *(name for name, _ in self._unmade))
        for name in names:
            item = QListWidgetItem(name, self.sections)
            item.setSizeHint(QSize(0, 28))
        self.sections.blockSignals(True)
        self.sections.setCurrentRow(0)
        self.sections.blockSignals(False)
        self.sections.setFixedHeight(28 * len(names) + 8)
        self.reset = Button("Reset all", "normal", "rotate-ccw")
        self.reset.clicked.connect(lambda _=False: self.reset_all())
        self.save = Button("Save as file", "normal", "download")
        self.save.clicked.connect(lambda _=False: self._choose_file())

    @property
    def rows(self) -> dict[str, SettingRow]:
        """The row of each setting; those that are not made yet are made now."""
        while self._unmade:
            self._make_section()
        return self._rows

    def _make_next(self) -> None:
        if self._unmade:
            self._make_section()
            self._filter()
            self._making.start(0)

    def _make_section(self) -> None:
        name, specs = self._unmade.popleft()
        card = Card(name)
        for number, spec in enumerate(specs):
            line = rule()
            line.setVisible(number > 0)
            self._rules[spec.id] = line
            card.body.addWidget(line)
            row = SettingRow(spec)
            row.wanted.connect(lambda value, spec=spec: self.want(spec, value))
            row.folder_wanted.connect(lambda spec=spec: self._choose_folder(spec))
            self._rows[spec.id] = row
            card.body.addWidget(row)
            self._show_value(row)
        self._right.insertWidget(len(self._cards), card)
        self._cards[name] = card

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.reset, self.save]

    def read(self) -> tuple[User, dict[str, SettingValue]]:
        services = self.services
        return services.user(), {spec.id: services.setting(spec.id) for spec in SETTINGS}

    def show_data(self, data: tuple[User, dict[str, SettingValue]]) -> None:
        user, self._values = data
        self._user = user
        for row in self._rows.values():
            self._show_value(row)
        self._making.start(0)
        self._mine = [spec for spec in SETTINGS if spec.right in user.rights]
        enable(self.reset, "" if self._changed() else "All settings that you may change stand at their default")

    def _show_value(self, row: SettingRow) -> None:
        user, right = self._user, row.spec.right
        if user is not None:
            reason = "" if right in user.rights else refusal(user.roles, (right,), "this setting")[0]
            row.show_value(self._values[row.spec.id], reason)

    # -- finding ----------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        rows = self.rows if words else self._rows
        item = self.sections.currentItem()
        section = item.text() if item is not None and not words else _ALL
        shown = 0
        for name, card in self._cards.items():
            first = True
            for spec in _sections()[name]:
                fits = section in (_ALL, name) and rows[spec.id].fits(words)
                rows[spec.id].setVisible(fits)
                self._rules[spec.id].setVisible(fits and not first)
                first = first and not fits
                shown += fits
            card.setVisible(not first)
        self.nothing.setVisible(not shown and not self._unmade)
        self.nothing.setText(f"No setting fits “{self.search.text()}”. Empty the search line to see all.")

    def place(self) -> dict[str, Any]:
        return {"search": self.search.text(), "section": self.sections.currentRow()}

    def restore(self, place: dict[str, Any]) -> None:
        self.search.setText(str(place.get("search", "")))
        self.sections.setCurrentRow(int(place.get("section", 0)))

    # -- changing ---------------------------------------------------------------------------------------------

    def want(self, spec: SettingSpec, value: SettingValue) -> None:
        """Change a setting; a dangerous one is asked about before."""
        if spec.dangerous and value != spec.default:
            confirm(
                self.window(),
                f"{spec.title}: change to {spec.in_words(value)}?",
                f"{spec.help} The default is {spec.in_words(spec.default)}. The change is an entry of the audit.",
                verb="Change",
                on_confirm=lambda: self._change(spec, value, noted=True),
            ).closed.connect(self.reload)
        else:
            self._change(spec, value, noted=True)

    def _change(self, spec: SettingSpec, value: SettingValue, *, noted: bool) -> None:
        services = self.services

        def done(before: SettingValue) -> None:
            if spec.id == "theme":
                theme.set_theme(str(value))
            if noted and before != value:
                self.did.emit(
                    Step(
                        f"Change of {spec.title.lower()}",
                        lambda: self._change(spec, before, noted=False),
                        lambda: self._change(spec, value, noted=False),
                    )
                )
            self.reload()

        def refused(error: ClarityError) -> None:
            self.rows[spec.id].show_trouble(f"{error.message} {error.remedy}".strip())

        run_mutation(self, lambda: services.change_setting(spec.id, value), done, refused)

    def _changed(self) -> dict[str, SettingValue]:
        """What differs from its default and may be reset by the user."""
        mine = [spec for spec in self._mine if not spec.unavailable]
        return {spec.id: self._values[spec.id] for spec in mine if self._values[spec.id] != spec.default}

    def reset_all(self) -> None:
        """Ask, then bring all settings that the user may change back to their defaults; undo brings them back."""
        changed = self._changed()
        titles = ", ".join(SETTINGS[name].title.lower() for name in changed)
        defaults = {name: SETTINGS[name].default for name in changed}

        def done(_: object) -> None:
            self.did.emit(Step("Reset of settings", lambda: self._put(changed), lambda: self._put(defaults)))

        confirm(
            self.window(),
            f"Reset {count_words(len(changed), 'setting')}?",
            f"Back to the default go: {titles}. It can be undone.",
            verb="Reset",
            on_confirm=lambda: self._put(defaults, done),
        )

    def _put(self, values: dict[str, SettingValue], then: Callable[[object], None] | None = None) -> None:
        services = self.services

        def put() -> None:
            for name, value in values.items():
                services.change_setting(name, value)

        def done(answer: object) -> None:
            if "theme" in values:
                theme.set_theme(str(values["theme"]))
            if then is not None:
                then(answer)
            self.reload()

        run_mutation(self, put, done)

    def _choose_folder(self, spec: SettingSpec) -> None:
        dialog = QFileDialog(self, spec.title, str(self._values.get(spec.id) or Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.want(spec, name))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_file(self) -> None:
        name = str(Path.home() / f"clarity-settings-{time.strftime('%Y-%m-%d')}.json")
        dialog = QFileDialog(self, "Save the settings", name, "JSON (*.json)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(lambda chosen: self.save_to(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_to(self, path: Path) -> None:
        """Write all settings to a file; there are no secrets among them."""
        run_mutation(
            self, lambda: self.services.write_settings(path), lambda _: self.told.emit("The settings are saved.")
        )


def _sections() -> dict[str, list[SettingSpec]]:
    """Settings by section; those that are asked about stand in a section of their own, the last."""
    calm = {name: [one for one in specs if not one.dangerous] for name, specs in SETTINGS.sections().items()}
    found = {name: specs for name, specs in calm.items() if specs}
    careful = [spec for spec in SETTINGS if spec.dangerous]
    return {**found, _DANGEROUS: careful} if careful else found
