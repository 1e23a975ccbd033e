"""The part of the sleep page that edits: grips, marked stretches, notes, what was left out, and undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from clarity_desktop.domain.annotations import (
    INTERVAL_KINDS,
    KIND_WORDS,
    Annotation,
    AnnotationKind,
    touches,
)
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.charts.night_chart import NightChart
from clarity_desktop.ui.charts.wording import clock, day_short, local_parts
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.dialogs.annotation import AnnotationDialog
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QObject, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["NightEditor", "icon_of", "when_words", "whole_night"]

_T = TypeVar("_T")
_ICONS: Final = {
    AnnotationKind.MEDICATION: "heart",
    AnnotationKind.SHIFT_CHANGE: "clock",
    AnnotationKind.TRAVEL: "plane",
    AnnotationKind.THERAPY: "stethoscope",
    AnnotationKind.OTHER: "tag",
    AnnotationKind.NOTE: "tag",
    AnnotationKind.REST: "pencil",
    AnnotationKind.NAP: "moon",
    AnnotationKind.NOT_WORN: "watch",
    AnnotationKind.LEAVE_OUT: "ban",
}
_KINDS: Final = (*INTERVAL_KINDS, AnnotationKind.NOTE)
_MARKED: Final = (AnnotationKind.NAP, AnnotationKind.NOT_WORN)


def icon_of(kind: AnnotationKind) -> str:
    """The icon of a kind."""
    return _ICONS[kind]


def whole_night(night: Night) -> Span:
    """From going to bed, or onset, to getting up, or the final awakening."""
    start = night.onset if night.in_bed is None else min(night.in_bed, night.onset)
    stop = night.offset if night.out_of_bed is None else max(night.out_of_bed, night.offset)
    return Span(start, stop)


def when_words(zone: ZoneTimeline, annotation: Annotation) -> str:
    """``23:32 – 06:59``, with the date before a moment."""
    if annotation.stop is None:
        return f"{day_short(local_parts(zone, annotation.start)[0])} {clock(zone, annotation.start)}"
    return f"{clock(zone, annotation.start)} – {clock(zone, annotation.stop)}"


class _Step(NamedTuple):
    """An edit that was made here: the entry, the version it made, and what it is called."""

    entry: str
    revision: int
    words: str


class NightEditor(QObject):
    """Buttons, the Edited/Computed switch and the card of entries, all about one night of one person."""

    view_chosen = Signal(bool)
    """Whether the edited (true) or the computed night is to be shown."""
    changed = Signal(str)
    """Something was stored; a sentence for a toast."""

    def __init__(self, page: QWidget, services: Services, chart: NightChart) -> None:
        super().__init__(page)
        self._page, self._services, self._chart = page, services, chart
        self._patient: Patient | None = None
        self._night: Night | None = None
        self._zone = ZoneTimeline.unknown()
        self._annotations: tuple[Annotation, ...] = ()
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.switch = SegmentedSwitch("Which night", (("edited", "Edited"), ("computed", "Computed")), "edited")
        self.switch.chosen.connect(lambda value: self.view_chosen.emit(value == "edited"))
        self.edit_button = Button("Edit intervals", icon="pencil")
        self.edit_button.setToolTip("Key E. Grips on in bed, asleep, final wake and up; 1 to 4 and arrows by key")
        self.edit_button.clicked.connect(lambda _=False: self.toggle())
        self.leave_button = Button("Leave out of totals", "quiet", "ban")
        self.leave_button.setToolTip("Key X. The night stays visible and counts in no median")
        self.leave_button.clicked.connect(lambda _=False: self.toggle_left_out())
        self.keep_button = Button("Keep these times", "primary")
        self.keep_button.clicked.connect(lambda _=False: self.keep())
        self.cancel_button = Button("Give up")
        self.cancel_button.clicked.connect(lambda _=False: self.give_up())
        self.card = Card("Notes and edits")
        self.mark_button = Button("Mark", "quiet", "plus")
        self.mark_button.setAccessibleName("Mark a stretch of this night")
        self.mark_button.setToolTip("Rest, nap, not worn, leave out. Or drag with Shift over the lanes")
        self.mark_button.clicked.connect(lambda _=False: self.mark(None))
        self.note_button = Button("Note", "quiet", "plus")
        self.note_button.setToolTip("Key N")
        self.note_button.clicked.connect(lambda _=False: self.note())
        self.card.add_action(self.note_button)
        self.card.add_action(self.mark_button)
        self.entries = EntryList("Notes and edits of this night", "Nothing was entered by hand for this night.")
        self.card.body.setContentsMargins(0, 0, 0, 8)
        self.card.body.addWidget(self.entries)
        chart.kept.connect(self.keep)
        chart.given_up.connect(self.give_up)
        chart.period_chosen.connect(self.mark)
        self._renew()

    # -- what is shown -------------------------------------------------------------------------------------------

    def show_night(
        self,
        patient: Patient | None,
        night: Night | None,
        zone: ZoneTimeline,
        annotations: tuple[Annotation, ...],
        *,
        edited: bool,
    ) -> None:
        """Speak of another night."""
        if night is None or self._night is None or night.date != self._night.date:
            self._chart.edit(None)
        if patient is None or self._patient is None or patient.id != self._patient.id:
            self._done, self._undone = [], []
        self._patient, self._night, self._zone = patient, night, zone
        self._annotations = ()
        if night is not None:
            span = whole_night(night)
            around = Span(span.start - 3 * 3600, span.stop + 3 * 3600)
            self._annotations = tuple(one for one in annotations if touches(one, around))
        self.switch.set_value("edited" if edited else "computed")
        self._chart.set_marked([(one.span, one.kind) for one in self._annotations if edited and one.kind in _MARKED])
        self._renew()

    @property
    def intervals(self) -> tuple[Annotation, ...]:
        """The stretches by hand that touch the night."""
        return tuple(one for one in self._annotations if one.kind.is_interval)

    def words(self) -> str:
        """On what the totals rest: ``edited by Ada, 21 Nov``; empty for a night as it was computed."""
        night = self._night
        rest = next((one for one in self.intervals if night is not None and one.id == night.edited), None)
        if rest is None:
            return ""
        return f"edited by {rest.author}, {day_short(local_parts(self._zone, rest.at)[0], weekday=False)}"

    def _left_out(self) -> Annotation | None:
        night = self._night
        if night is None:
            return None
        return next(
            (
                one
                for one in self.intervals
                if one.kind is AnnotationKind.LEAVE_OUT
                and one.span.start <= night.onset
                and one.span.stop >= night.offset
            ),
            None,
        )

    def _renew(self) -> None:
        editing = self._chart.times is not None
        allowed = self._services.permits(Right.CHANGE_DATA)
        there = self._night is not None and allowed
        for button in (self.edit_button, self.leave_button, self.mark_button, self.note_button):
            button.setEnabled(there)
        self.edit_button.setVisible(not editing)
        self.leave_button.setVisible(not editing)
        self.keep_button.setVisible(editing)
        self.cancel_button.setVisible(editing)
        self.leave_button.set_text("Count in totals" if self._left_out() is not None else "Leave out of totals")
        self.switch.setVisible(bool(self.intervals))
        self.entries.show_rows([self._row(one) for one in self._annotations])

    def _row(self, one: Annotation) -> EntryRow:
        when = when_words(self._zone, one)
        second = ", ".join(part for part in (one.reason, f"by {one.author}") if part)
        actions: tuple[tuple[str, Callable[[], None]], ...] = ()
        if self._services.permits(Right.CHANGE_DATA):
            actions = (("Undo", lambda: self.undo(one)), ("Change", lambda: self.change(one)))
        if one.kind is AnnotationKind.REST:
            second += ", computed version kept"
        words = f"{when} · {one.words}" if one.title else f"{KIND_WORDS[one.kind]} {when}"
        return EntryRow(icon_of(one.kind), words, second, actions)

    # -- what can be done ----------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Begin to edit the night's times, or give up."""
        if self._chart.times is not None:
            self.give_up()
        elif self._night is not None and self._services.permits(Right.CHANGE_DATA):
            self._chart.edit(self._night)
            self._chart.setFocus()
            self._renew()

    def give_up(self) -> None:
        """End editing; the night is as before."""
        self._chart.edit(None)
        self._renew()

    def keep(self) -> None:
        """Store the four times as a rest of this night."""
        times, night = self._chart.times, self._night
        if times is None or night is None:
            return
        before = next((one for one in self.intervals if one.kind is AnnotationKind.REST), None)
        rest = Annotation(AnnotationKind.REST, times["in_bed"], times["up"], asleep=times["asleep"], wake=times["wake"])
        if before is not None:
            rest = replace(before, start=rest.start, stop=rest.stop, asleep=rest.asleep, wake=rest.wake)
        self._chart.edit(None)
        self._save(rest, "The times of the night are kept. Totals follow them.")

    def toggle_left_out(self) -> None:
        """Leave the night out of totals, or let it count again."""
        held, night = self._left_out(), self._night
        if night is None or not self.leave_button.isEnabled():
            return
        if held is not None:
            words = "The night counts again."
            self._run(
                lambda s, p: s.remove_annotation(p, held.id),
                words,
                lambda _: self._note(held.id, held.revision + 1, words),
            )
            return
        span = whole_night(night)
        self._save(Annotation(AnnotationKind.LEAVE_OUT, span.start, span.stop), "The night counts in no total.")

    def mark(self, span: Span | None) -> None:
        """Ask what a stretch is; the night itself when none was drawn."""
        if self._night is None or not self.mark_button.isEnabled():
            return
        shown = whole_night(self._night) if span is None else span
        self._ask(Annotation(AnnotationKind.NOT_WORN, shown.start // 60 * 60, -(-shown.stop // 60) * 60), _KINDS)

    def note(self) -> None:
        """Write a note at the middle of the night."""
        if self._night is not None and self.note_button.isEnabled():
            middle = (self._night.onset + self._night.offset) // 120 * 60
            self._ask(Annotation(AnnotationKind.NOTE, middle), (AnnotationKind.NOTE,))

    def change(self, one: Annotation) -> None:
        """Change an entry in the dialog."""
        self._ask(one, tuple(dict.fromkeys((one.kind, *(_KINDS if one.kind in _KINDS else ())))))

    def undo(self, one: Annotation) -> None:
        """Return an entry to its version before, which for a new one is none."""
        self._run(
            lambda s, p: s.undo_entry(p, "annotation", one.id, seen=one.revision),
            f"{KIND_WORDS[one.kind]} is as before.",
        )

    def step_back(self) -> None:
        """Undo the last edit made here (Ctrl+Z), by its name."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            self._restore(step, step.revision - 1, "Undone")

    def step_forward(self) -> None:
        """Do again what was undone last (Ctrl+Shift+Z)."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self._restore(step, step.revision, "Done again")

    def _restore(self, step: _Step, revision: int, said: str) -> None:
        self._run(lambda s, p: s.restore_entry(p, "annotation", step.entry, revision), f"{said}: {step.words}")

    def _note(self, entry: str, revision: int, words: str) -> None:
        self._done.append(_Step(entry, revision, words))
        self._undone = []

    def _stored(self, stored: Annotation) -> None:
        words = f"{KIND_WORDS[stored.kind]} is stored."
        self._note(stored.id, stored.revision, words)
        self.changed.emit(words)

    def _ask(self, annotation: Annotation, kinds: tuple[AnnotationKind, ...]) -> None:
        patient = self._patient
        if patient is not None:
            AnnotationDialog(
                self._page.window(),
                self._services,
                patient.id,
                self._zone,
                annotation,
                kinds,
                self._stored,
            ).open()

    def _save(self, annotation: Annotation, words: str) -> None:
        self._run(
            lambda s, p: s.save_annotation(p, annotation),
            words,
            lambda stored: self._note(stored.id, stored.revision, words),
        )

    def _run(self, act: Callable[[Services, str], _T], words: str, then: Callable[[_T], None] | None = None) -> None:
        patient, services = self._patient, self._services

        def done(found: _T) -> None:
            if then is not None:
                then(found)
            self.changed.emit(words)

        if patient is not None:
            run_mutation(self, lambda: act(services, patient.id), done)
        self._renew()
