"""Cards of the import report about what stays possible: undoing it, what has vanished, sources, unfinished imports."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.domain.importing import UnfinishedImport, VanishedSample
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label, rule
from clarity_desktop.ui.pages.import_words import byte_words, grouped
from clarity_desktop.ui.qt import QHBoxLayout, QVBoxLayout, Signal

__all__ = ["UnfinishedRow", "VanishedCard", "vanished_table"]

_FIRST = 5


def _value(one: VanishedSample) -> str:
    if one.value is None:
        return one.label.rpartition(".")[2] if "|" not in one.label else ""
    return f"{one.value:g} {one.unit}".strip()


def vanished_table(listed: Sequence[VanishedSample], clock: ZoneTimeline) -> ChartTable:
    """What has vanished as a table, by the person's clock."""
    rows = tuple(
        (
            kind_of(one.kind, one.unit).title,
            "" if one.start is None else clock.format(one.start)[:16].replace("T", " "),
            _value(one),
            one.source,
            "counts again" if one.kept else "left out of results",
        )
        for one in listed
    )
    return ChartTable(("Type", "Start (local)", "Value", "Source", "Now"), rows)


class VanishedCard(Card):
    """What this export no longer held: the first of it, all of it in a table, and one action that brings it back."""

    all_wanted = Signal()
    back_wanted = Signal()

    def __init__(self, listed: Sequence[VanishedSample], clock: ZoneTimeline) -> None:
        kept = sum(one.kept for one in listed)
        many = len(listed)
        super().__init__(
            "No longer in this export", f"{grouped(many)} records, all still stored" if many else "", padding=0
        )
        self.body.setSpacing(0)
        self.back = Button("Bring back", "link")
        self.back.setToolTip("They count in results again until you undo this import.")
        self.back.clicked.connect(lambda _=False: self.back_wanted.emit())
        self.back.setVisible(kept < many)
        show = Button(f"Show all {grouped(many)}", "link")
        show.clicked.connect(lambda _=False: self.all_wanted.emit())
        self.add_action(show)
        self.add_action(self.back)
        words = "Deleted or corrected on the phone since the export before. They are left out of results."
        if kept == many:
            words = "Deleted or corrected on the phone since the export before. You brought them back: they count."
        note = Label(words, "small", "muted", wrap=True)
        note.setContentsMargins(12, 0, 12, 8)
        self.body.addWidget(note)
        for row in vanished_table(listed[:_FIRST], clock).rows:
            self.body.addWidget(rule())
            line = QHBoxLayout()
            line.setContentsMargins(12, 5, 12, 5)
            line.setSpacing(12)
            title = ElidedLabel(row[0], "body")
            line.addWidget(title, 4)
            line.addWidget(Label(row[1], "small", "muted"))
            line.addWidget(Label(row[2], "body_strong"), 2)
            line.addWidget(ElidedLabel(row[3], "small", "muted"), 3)
            self.body.addLayout(line)


class UnfinishedRow(Card):
    """An import that was interrupted: how far it is, going on, and forgetting it."""

    go_on = Signal()
    forget = Signal()

    def __init__(self, one: UnfinishedImport, person: str) -> None:
        super().__init__(padding=12)
        self.setAccessibleName(f"Interrupted import of {one.file}")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(Icon("hourglass", 16, "warn"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(ElidedLabel(one.file or "A file", "body_strong"))
        of = f" of {byte_words(one.total)}" if one.total else ""
        text = (
            f"{person} · interrupted after {byte_words(one.done)}{of}, {grouped(one.records)} records · "
            "nothing of it is visible yet"
        )
        words.addWidget(ElidedLabel(text, "small", "muted"))
        row.addLayout(words, 1)
        forget = Button("Forget it")
        forget.setAccessibleName(f"Forget the interrupted import of {one.file}")
        forget.clicked.connect(lambda _=False: self.forget.emit())
        row.addWidget(forget)
        button = Button("Go on", "primary")
        button.setAccessibleName(f"Go on with the import of {one.file}")
        button.clicked.connect(lambda _=False: self.go_on.emit())
        row.addWidget(button)
        self.body.addLayout(row)
