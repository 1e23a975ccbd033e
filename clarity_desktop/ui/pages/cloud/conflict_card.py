"""A conflict as a card: both values side by side with who, when and where, what both had before, and three answers."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.domain.exchange import Conflict, Keep, RecordClass, Side
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.security.loaded import when
from clarity_desktop.ui.qt import QFrame, QHBoxLayout, QVBoxLayout

__all__ = ["KEPT_WORDS", "ConflictCard", "class_words", "merge_proposal"]

KEPT_WORDS = {"here": "Kept what stands here", "there": "Took what is there", "both": "Kept both"}
_CLASSES = {
    RecordClass.NOTE: "Note",
    RecordClass.DEMOGRAPHICS: "Person",
    RecordClass.CONSENT: "Consent",
    RecordClass.WORKFLOW: "Step of work",
    RecordClass.DELETION: "Deleted on one device, changed on another",
    RecordClass.RESULT: "Result",
    RecordClass.SETTING: "Setting",
}


_FIELD_WORDS = {
    "title": "the text differs",
    "reason": "the reason differs",
    "start": "the begin differs",
    "stop": "the end differs",
    "kind": "the kind differs",
    "held": "",
    "value": "",
}


def class_words(one: RecordClass) -> str:
    """What kind of entry it is, in words."""
    return _CLASSES.get(one, one.value.capitalize())


def merge_proposal(one: Conflict) -> str:
    """Both titles, this side's first, for a person to edit into one; the lines below a title stay as they are here."""
    texts = [side.value.split("\n")[0].strip() for side in (one.here, one.there)]
    return "; ".join(dict.fromkeys(text for text in texts if text))


class ConflictCard(Card):
    """Both versions and the answers that this kind of entry allows.

    Parameters
    ----------
    answer:
        Gets what is kept.
    edit:
        Asks for one text made of both, where the entry is a text.
    reopen:
        Takes the answer back.
    refusal:
        Why this user cannot answer; empty when they can.
    """

    def __init__(
        self,
        one: Conflict,
        name: str,
        answer: Callable[[Keep], None],
        edit: Callable[[], None],
        reopen: Callable[[], None],
        refusal: str = "",
    ) -> None:
        differs = _FIELD_WORDS.get(one.field, f"{one.field.replace('_', ' ')} differs" if one.field else "")
        super().__init__(one.title or class_words(one.record_class), f"{name} · {differs}" if differs else name)
        self.conflict = one
        self.setAccessibleName(f"{self.title_label.text()}, {name}: {side_words(one.here)}; {side_words(one.there)}")
        kept = one.resolved
        tone = "ok" if kept else "warn"
        words = KEPT_WORDS[kept] if kept else "Waits for you"
        self.badge = Badge(words, "circle-check" if kept else "triangle-alert", tone)
        self.add_action(self.badge)
        row = QHBoxLayout()
        row.setSpacing(12)
        for title, side, is_kept in (
            ("Here", one.here, kept in ("here", "both")),
            ("There", one.there, kept in ("there", "both")),
        ):
            row.addWidget(_side(title, side, is_kept=is_kept), 1)
        self.body.addLayout(row)
        if one.base is not None:
            before = " · ".join(one.base.split("\n")) or "nothing"
            self.body.addWidget(Label(f"Before, on both: {before}", "small", "muted", wrap=True))
        self.buttons: dict[str, Button] = {}
        line = QHBoxLayout()
        line.setSpacing(8)
        if kept:
            back = self.buttons["reopen"] = Button("Take back", "normal", "undo-2")
            back.clicked.connect(lambda _=False: reopen())
            line.addWidget(back)
            line.addWidget(Label("It can be taken back until the next sync.", "small", "muted"))
        else:
            self._add_answers(line, answer, edit)
        for key, button in self.buttons.items():
            button.setAccessibleName(f"{button.text()}: {self.title_label.text()}, {name}")
            button.setEnabled(not refusal)
            button.setToolTip(refusal or _TIPS.get(key, ""))
        line.addStretch(1)
        self.body.addLayout(line)

    def _add_answers(self, line: QHBoxLayout, answer: Callable[[Keep], None], edit: Callable[[], None]) -> None:
        names: tuple[tuple[Keep, str], ...] = (("here", "Keep here"), ("there", "Take there"), ("both", "Keep both"))
        for keep, words in names:
            if keep in self.conflict.choices:
                button = self.buttons[keep] = Button(words, "normal")
                button.clicked.connect(lambda _=False, keep=keep: answer(keep))
                line.addWidget(button)
        sides = (self.conflict.here, self.conflict.there)
        is_text = self.conflict.entity.startswith("annotation/")
        if is_text and not any(side.is_removal for side in sides):
            one = self.buttons["edit"] = Button("Edit into one", "quiet", "pencil")
            one.clicked.connect(lambda _=False: edit())
            line.addWidget(one)


_TIPS = {
    "here": "The other device takes what is here with its next sync",
    "there": "What is here is kept in the history for 30 days",
    "both": "Both stand side by side from now on",
    "edit": "One text made of both takes their place",
    "reopen": "Both versions stand side by side again",
}


def _side(title: str, side: Side, *, is_kept: bool) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "well")
    column = QVBoxLayout(frame)
    column.setContentsMargins(12, 8, 12, 8)
    column.setSpacing(4)
    head = QHBoxLayout()
    name = Label(title, "micro_strong", "muted")
    name.setMinimumHeight(20)
    head.addWidget(name)
    head.addStretch(1)
    if is_kept:
        head.addWidget(Badge("kept", "check", "ok"))
    column.addLayout(head)
    if side.is_removal:
        column.addWidget(Label("Deleted", "body_strong", "danger"))
    else:
        column.addWidget(Label(side.value or "Empty", "body", "text" if side.value else "muted", wrap=True))
    where = "this computer" if side.where == "here" else side.where
    by = f"by {side.who}, " if side.who else ""
    column.addWidget(Label(f"{by}{when(side.when)}, {where}", "small", "muted", wrap=True))
    column.addStretch(1)
    return frame


def side_words(side: Side) -> str:
    """One side as it is spoken."""
    where = "here" if side.where == "here" else f"on {side.where}"
    return f"deleted {where}" if side.is_removal else f"{side.value} {where}"
