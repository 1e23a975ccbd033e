"""The dialog that enters or changes an event, a note or a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from clarity_desktop.domain.annotations import KIND_WORDS, Annotation, AnnotationKind
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.time import Instant, ZoneTimeline, day_of_date
from clarity_desktop.ui.charts.wording import clock, local_parts
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QWidget
from clarity_desktop.ui.shell.unsaved import keep_as_draft

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["AnnotationDialog", "read_moment", "written_moment"]


def written_moment(zone: ZoneTimeline, instant: Instant | None) -> str:
    """``2025-03-20 23:32`` by the local clock; empty for no instant."""
    return "" if instant is None else f"{local_parts(zone, instant)[0].isoformat()} {clock(zone, instant)}"


def read_moment(text: str, zone: ZoneTimeline, *, end: bool = False) -> Instant:
    """The instant of ``2025-03-20`` (its midnight, the next one for an end) or ``2025-03-20 23:32`` local time.

    Raises
    ------
    ValueError
        With a sentence that says what is accepted.
    """
    typed = text.strip().replace(" ", "T")
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise ValueError("Write date and time: 2025-03-20 23:32.") from error
    if moment.tzinfo is not None:
        return int(moment.timestamp())
    day = day_of_date(moment.date())
    if len(typed) == 10:
        return zone.instant_of_local(day + 1 if end else day)
    return zone.instant_of_local(day, moment.hour * 3600 + moment.minute * 60 + moment.second)


class AnnotationDialog(Sheet):
    """Kind, times, words and reason. What was typed stays when something is not accepted."""

    def __init__(
        self,
        window: QWidget,
        services: Services,
        patient_id: str,
        zone: ZoneTimeline,
        annotation: Annotation,
        kinds: Sequence[AnnotationKind],
        on_saved: Callable[[Annotation], None],
    ) -> None:
        """``kinds`` are those to choose from; an annotation with an ``id`` is changed, else one is added."""
        super().__init__(window, "Change this entry" if annotation.id else "Add an entry")
        self._services, self._patient_id, self._zone = services, patient_id, zone
        self.draft_patient = patient_id
        self._annotation, self._on_saved = annotation, on_saved
        self.kind = Choice([(kind.value, KIND_WORDS[kind]) for kind in kinds], annotation.kind.value)
        self.body.addWidget(Field("What it is", self.kind))
        self.start = QLineEdit(written_moment(zone, annotation.start))
        self.stop = QLineEdit(written_moment(zone, annotation.stop))
        self._start = Field("From", self.start, "Date, or date and local time")
        self._stop = Field("To", self.stop, "Empty for a moment")
        times = QHBoxLayout()
        times.setSpacing(12)
        times.addWidget(self._start)
        times.addWidget(self._stop)
        self.body.addLayout(times)
        self.words = QLineEdit(annotation.title)
        self._words = Field("What happened", self.words, "Shown beside the flag")
        self.body.addWidget(self._words)
        self.reason = QLineEdit(annotation.reason)
        self._reason = Field("Why it is entered", self.reason, "Kept in the history with your name")
        self.body.addWidget(self._reason)
        keep_as_draft(self.words, "What happened")
        keep_as_draft(self.reason, "Why it is entered")
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.save = self.add_button("Save entry", "primary")
        self.save.clicked.connect(lambda _=False: self._save())
        for field, edit in ((self._start, self.start), (self._stop, self.stop), (self._words, self.words)):
            edit.textChanged.connect(lambda _, field=field: field.show_error(""))

    def _save(self) -> None:
        zone, typed = self._zone, self.stop.text().strip()
        try:
            start = read_moment(self.start.text(), zone)
        except ValueError as error:
            self._start.show_error(str(error))
            return
        try:
            stop = read_moment(typed, zone, end=True) if typed else None
        except ValueError as error:
            self._stop.show_error(str(error))
            return
        wanted = replace(
            self._annotation,
            kind=AnnotationKind(self.kind.value()),
            start=start,
            stop=stop,
            title=self.words.text(),
            reason=self.reason.text(),
        )
        self.save.setEnabled(False)

        def refused(error: ClarityError) -> None:
            self.save.setEnabled(True)
            (self._words if error.code == "annotation.empty" else self._stop).show_error(error.message)

        def saved(annotation: Annotation) -> None:
            self.dismiss()
            self._on_saved(annotation)

        run_mutation(self, lambda: self._services.save_annotation(self._patient_id, wanted), saved, refused)
