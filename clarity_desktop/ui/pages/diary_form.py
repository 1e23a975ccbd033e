"""The entry screen of the sleep diary: the questions of one night in order, by keyboard alone."""

from __future__ import annotations

from datetime import date
from typing import Final

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sleep_diary import DiaryNight, checked_night, clock_minutes, clock_text
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QGridLayout, QHBoxLayout, QLineEdit, Signal
from clarity_desktop.ui.shell.unsaved import keep_as_draft

__all__ = ["DiaryForm"]

_QUESTIONS: Final = (
    ("date", "Night to (date of waking)", "YYYY-MM-DD"),
    ("in_bed", "Got into bed", "22:40"),
    ("tried", "Tried to go to sleep", "empty: on going to bed"),
    ("latency_min", "Took to fall asleep", "minutes"),
    ("awakenings", "Times awake in between", "number"),
    ("waso_min", "Awake in between", "minutes in total"),
    ("final_awakening", "Final awakening", "6:50"),
    ("out_of_bed", "Got out of bed", "7:05"),
    ("quality", "Quality of sleep", "1 lowest, 5 highest"),
    ("naps", "Naps the day before", "number"),
    ("nap_min", "Slept in naps", "minutes"),
    ("comments", "Comments", "anything else"),
)
_CLOCKS: Final = ("in_bed", "tried", "final_awakening", "out_of_bed")
_WHOLE: Final = ("awakenings", "quality", "naps")
_PLACES: Final = {
    "diary.quality": "quality",
    "diary.amount": "latency_min",
    "diary.longer_than_bed": "waso_min",
    "diary.order": "out_of_bed",
    "diary.text": "comments",
}


class DiaryForm(Card):
    """One field a question. Tab goes on, Enter stores the night and begins the next one."""

    written = Signal(object)
    """A :class:`DiaryNight` that is to be stored."""

    def __init__(self) -> None:
        super().__init__("Write a night", "consensus sleep diary")
        self.edits: dict[str, QLineEdit] = {}
        self._fields: dict[str, Field] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for place, (name, question, told) in enumerate(_QUESTIONS):
            edit = QLineEdit()
            field = Field(question, edit, told)
            edit.returnPressed.connect(self.store)
            edit.textChanged.connect(lambda _, field=field: field.show_error(""))
            if name != "date":
                keep_as_draft(edit, question)
            self.edits[name], self._fields[name] = edit, field
            wide = 2 if name == "comments" else 1
            row, column = (6, 0) if wide == 2 else divmod(place, 2)
            grid.addWidget(field, row, column, 1, wide)
        self.body.addLayout(grid)
        self.body.addWidget(
            Label("Clock times are local. Enter stores and goes on to the next night.", "small", "muted", wrap=True)
        )
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addStretch(1)
        self.clear_button = Button("Clear")
        self.clear_button.clicked.connect(lambda _=False: self.clear())
        for edit in self.edits.values():
            edit.textChanged.connect(self._note_typed)
        self._note_typed()
        self.store_button = Button("Store night", "primary")
        self.store_button.clicked.connect(lambda _=False: self.store())
        foot.addWidget(self.clear_button)
        foot.addWidget(self.store_button)
        self.body.addLayout(foot)

    def begin(self, day: date) -> None:
        """Empty the form for a night."""
        self.clear()
        self.edits["date"].setText(day.isoformat())
        self.edits["in_bed"].setFocus()

    def clear(self) -> None:
        """Empty every field but the date."""
        for name, edit in self.edits.items():
            if name != "date":
                edit.clear()

    def _note_typed(self) -> None:
        typed = any(edit.text() for name, edit in self.edits.items() if name != "date")
        self.clear_button.setEnabled(typed)
        self.clear_button.setToolTip("" if typed else "Nothing is typed yet")

    def show_night(self, night: DiaryNight) -> None:
        """Fill the form with a stored night, to change it."""
        self.edits["date"].setText(night.date.isoformat())
        for name in _CLOCKS:
            self.edits[name].setText(clock_text(getattr(night, name)))
        for name in ("latency_min", "waso_min", "nap_min", *_WHOLE):
            value = getattr(night, name)
            self.edits[name].setText("" if value is None else f"{value:g}")
        self.edits["comments"].setText(night.comments)
        # What is stored already is no draft.
        for name, question, _ in _QUESTIONS:
            if name != "date":
                keep_as_draft(self.edits[name], question)

    def show_refusal(self, error: ClarityError) -> None:
        """Say beside a field what is accepted."""
        self._fields[_PLACES.get(error.code, "date")].show_error(error.message)

    def store(self) -> None:
        """Announce the night when every answer can be read; else say which one cannot."""
        try:
            night = self._night()
        except ValueError as error:
            name, words = error.args
            self._fields[name].show_error(words)
            self.edits[name].setFocus()
            return
        try:
            self.written.emit(checked_night(night))
        except ClarityError as error:
            self.show_refusal(error)

    def _night(self) -> DiaryNight:
        try:
            day = date.fromisoformat(self.edits["date"].text().strip())
        except ValueError:
            raise ValueError("date", "Write 2025-03-20.") from None
        in_bed = self._clock("in_bed")
        return DiaryNight(
            date=day,
            in_bed=in_bed,
            tried=self._clock("tried") if self.edits["tried"].text().strip() else in_bed,
            final_awakening=self._clock("final_awakening"),
            out_of_bed=self._clock("out_of_bed"),
            latency_min=self._number("latency_min"),
            awakenings=self._whole("awakenings"),
            waso_min=self._number("waso_min"),
            quality=self._whole("quality"),
            naps=self._whole("naps"),
            nap_min=self._number("nap_min"),
            comments=self.edits["comments"].text(),
        )

    def _clock(self, name: str) -> int:
        try:
            return clock_minutes(self.edits[name].text())
        except ValueError as error:
            raise ValueError(name, str(error)) from None

    def _number(self, name: str) -> float | None:
        typed = self.edits[name].text().strip().replace(",", ".")
        if not typed:
            return None
        try:
            return float(typed)
        except ValueError:
            raise ValueError(name, "Write a number.") from None

    def _whole(self, name: str) -> int | None:
        value = self._number(name)
        if value is not None and value != int(value):
            raise ValueError(name, "Write a whole number.")
        return None if value is None else int(value)
