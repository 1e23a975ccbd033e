"""The dialog that offers text that was not saved before the lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from clarity_desktop.domain.drafts import Draft
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QPlainTextEdit, QWidget

__all__ = ["DraftsDialog"]

_SHOWN = 4


class DraftsDialog(Sheet):
    """Shows each text with its field and time. Escape leaves them where they are, for the next unlocking.

    Parameters
    ----------
    put_back:
        Opens the field again, where the program knows how.
    discard:
        Deletes them.
    """

    def __init__(
        self,
        window: QWidget,
        drafts: Sequence[Draft],
        words: Callable[[Draft], str],
        put_back: Callable[[Sequence[Draft]], None],
        discard: Callable[[Sequence[Draft]], None],
    ) -> None:
        super().__init__(window, "Text that was not saved", width=560)
        self.drafts = tuple(drafts)
        self.body.addWidget(
            Label(
                "When the vault locked, this stood in fields that were not saved. It was sealed for you; nobody else "
                "is offered it. It can be selected and copied here.",
                "body",
                "muted",
                wrap=True,
            )
        )
        for draft in self.drafts[:_SHOWN]:
            at = datetime.fromtimestamp(draft.at).strftime("%Y-%m-%d %H:%M")
            self.body.addWidget(Label(f"{words(draft)} · {at}, this computer's clock", "small", "muted"))
            text = QPlainTextEdit(draft.text)
            text.setReadOnly(True)
            text.setAccessibleName(words(draft))
            text.setFixedHeight(44 if len(draft.text) < 70 and "\n" not in draft.text else 96)
            self.body.addWidget(text)
        rest = len(self.drafts) - _SHOWN
        if rest > 0:
            self.body.addWidget(Label(f"{rest} more are put back or kept with these.", "small", "muted"))
        later = self.add_button("Keep for later")
        later.clicked.connect(lambda _=False: self.dismiss())
        away = self.add_button("Discard", "danger")
        away.clicked.connect(lambda _=False: self._act(discard))
        self.back = self.add_button("Put back", "primary")
        self.back.clicked.connect(lambda _=False: self._act(put_back))

    def _act(self, action: Callable[[Sequence[Draft]], None]) -> None:
        self.dismiss()
        action(self.drafts)
