"""The command palette: letters find a command or a person; Enter runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.commands import COMMANDS, Command, match_letters
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import (
    QAbstractListModel,
    QEvent,
    QFont,
    QHBoxLayout,
    QKeyEvent,
    QLineEdit,
    QListView,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QWidget,
)
from clarity_desktop.ui.shell.palette_rows import HEAD_HEIGHT, ROW_HEIGHT, PaletteDelegate, Row

__all__ = ["Palette", "find_rows"]

_LATELY = 4
_VISIBLE_ROWS = 8


def find_rows(
    typed: str, state: frozenset[str], people: list[Patient], lately: list[str], commands: list[Command]
) -> list[Row]:
    """The rows for what was typed: commands that can run, people, those lately used, and last what cannot run.

    Parameters
    ----------
    state:
        What holds in the window, see :meth:`Command.obstacle`.
    lately:
        Ids of commands, the last used first.
    """
    found = _fitting(typed, commands)
    can: list[Row] = []
    cannot: list[Row] = []
    for one, places in found:
        reason = one.obstacle(state) or ""
        row = Row("command", one.title, one.area, one.shortcut, one.icon, places, one, reason)
        (cannot if reason else can).append(row)
    persons = []
    for patient in people:
        match = match_letters(typed, patient.name) or match_letters(typed, patient.code)
        if typed.strip() and match is not None and match.score > -4:
            persons.append(Row("person", patient.name, patient.code, "", "user-round", match.places, patient))
    rows: list[Row] = []
    if not typed.strip():
        recent = [row for name in lately for row in can if isinstance(row.target, Command) and row.target.id == name]
        if recent:
            rows += [Row("head", "Used lately"), *recent[:_LATELY]]
    if persons:
        rows += [Row("head", "People"), *persons[:6]]
    if can or cannot:
        rows += [Row("head", "Commands"), *can, *cannot]
    return rows


def _fitting(typed: str, commands: list[Command]) -> list[tuple[Command, tuple[int, ...]]]:
    """Commands whose title or other words fit, the closest first, with the matched places in the title."""
    letters = typed.strip().casefold()
    if not letters:
        return [(one, ()) for one in commands]
    found: list[tuple[int, Command, tuple[int, ...]]] = []
    for one in commands:
        match = match_letters(typed, one.title)
        if match is not None:
            found.append((match.score, one, match.places))
        elif any(word.startswith(letters) for word in one.words):
            found.append((500, one, ()))
    found.sort(key=lambda entry: -entry[0])
    # Scattered letters are noise once a whole word fits.
    whole = [entry for entry in found if entry[0] >= 500]
    return [(one, places) for _, one, places in whole or found]


class _Rows(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.spoken()
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        return Qt.ItemFlag.NoItemFlags if self.rows[index.row()].kind == "head" else super().flags(index)

    def show(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


@dataclass(frozen=True, slots=True)
class PaletteAnswers:
    """What the palette may do."""

    run: Callable[[Command], object]
    open_person: Callable[[Patient], None]


class Palette(Sheet):
    """Opens over the window; what was chosen runs after it has closed."""

    def __init__(
        self, window: QWidget, answers: PaletteAnswers, state: frozenset[str], people: list[Patient], lately: list[str]
    ) -> None:
        super().__init__(window, "Command palette", width=640, top=120)
        self._answers, self._state, self._people, self._lately = answers, state, people, lately
        self.title.hide()
        self.column.setContentsMargins(1, 1, 1, 8)
        self.column.setSpacing(0)
        self.body.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(12)
        head.addWidget(Icon("command", 18, "text_muted"))
        self.input = QLineEdit()
        self.input.setProperty("role", "bare")
        large = theme.font("title")
        large.setWeight(QFont.Weight.Normal)
        self.input.setFont(large)
        self.input.setFixedHeight(52)
        self.input.setPlaceholderText("Type a command or a name")
        self.input.setAccessibleName("Command or name")
        self.input.textChanged.connect(self._search)
        self.input.installEventFilter(self)
        head.addWidget(self.input, 1)
        self._count = Label("", "small", "muted")
        head.addWidget(self._count)
        self.body.addLayout(head)
        self.body.addWidget(rule())
        self._model = _Rows()
        self.list = QListView()
        self.list.setAccessibleName("Results")
        self.list.setModel(self._model)
        self.list.setItemDelegate(PaletteDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.clicked.connect(lambda index: self._run(index))
        self.body.addWidget(self.list)
        self._nothing = Label("No command and no one fits these letters.", "body", "muted")
        self._nothing.setContentsMargins(16, 16, 16, 16)
        self.body.addWidget(self._nothing)
        self.body.addWidget(rule())
        foot = Label("↑ ↓  choose      Enter  run      Esc  close", "small", "muted")
        foot.setContentsMargins(16, 8, 16, 0)
        self.body.addWidget(foot)
        self._search("")

    def _search(self, typed: str) -> None:
        rows = find_rows(typed, self._state, self._people, self._lately, COMMANDS.offered(self._state))
        self._model.show(rows)
        shown = len({row.target.id for row in rows if isinstance(row.target, Command)})
        self._count.setText(f"{shown} of {len(COMMANDS.offered(self._state))} commands")
        height = sum(HEAD_HEIGHT if row.kind == "head" else ROW_HEIGHT for row in rows)
        self.list.setVisible(bool(rows))
        self._nothing.setVisible(not rows)
        self.list.setFixedHeight(min(height, _VISIBLE_ROWS * ROW_HEIGHT + HEAD_HEIGHT))
        self._move(0, 1)
        if self.isVisible():
            self._settle()

    def _move(self, start: int, step: int) -> None:
        rows = self._model.rows
        at = start
        while 0 <= at < len(rows) and rows[at].kind == "head":
            at += step
        if 0 <= at < len(rows):
            index = self._model.index(at)
            self.list.setCurrentIndex(index)
            self.list.scrollTo(self._model.index(0) if at == 1 else index)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.input and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            current = self.list.currentIndex().row()
            if event.key() == Qt.Key.Key_Down:
                self._move(current + 1, 1)
                return True
            if event.key() == Qt.Key.Key_Up:
                self._move(current - 1, -1)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _run(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        row = self._model.rows[index.row()]
        if row.reason or row.kind == "head":
            return
        self.dismiss()
        if isinstance(row.target, Command):
            self._answers.run(row.target)
        elif isinstance(row.target, Patient):
            self._answers.open_person(row.target)
