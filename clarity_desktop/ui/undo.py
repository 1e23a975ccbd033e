"""Undo and redo of what was done in this session, each step under its name; locking forgets all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarity_desktop.ui.qt import QObject, Signal

__all__ = ["Step", "UndoStack"]

_MOST = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One change that can be taken back. Both functions start their work off the window's thread by themselves."""

    name: str
    """What was done, in words that follow "Undo": ``change of theme``. No patient name."""
    undo: Callable[[], None]
    redo: Callable[[], None]


class UndoStack(QObject):
    """What can be taken back and done again, the latest first."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[Step] = []
        self._undone: list[Step] = []

    def push(self, step: Step) -> None:
        """Note that a step was done; what was undone before cannot be redone any more."""
        self._done = [*self._done[1 - _MOST :], step]
        self._undone = []
        self.changed.emit()

    @property
    def undo_name(self) -> str:
        """Name of the step that :meth:`undo` takes back; empty when there is none."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """Name of the step that :meth:`redo` does again; empty when there is none."""
        return self._undone[-1].name if self._undone else ""

    def undo(self) -> str:
        """Take the latest step back; answers its name, empty when there was none."""
        if not self._done:
            return ""
        step = self._done.pop()
        self._undone.append(step)
        step.undo()
        self.changed.emit()
        return step.name

    def redo(self) -> str:
        """Do the step again that was taken back last; answers its name, empty when there was none."""
        if not self._undone:
            return ""
        step = self._undone.pop()
        self._done.append(step)
        step.redo()
        self.changed.emit()
        return step.name

    def clear(self) -> None:
        """Forget everything."""
        self._done, self._undone = [], []
        self.changed.emit()
