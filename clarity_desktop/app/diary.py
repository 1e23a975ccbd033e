"""The part of the services that is about what people write by hand: events, edits of nights, sleep diary, free days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.pseudonyms import masked_annotations, masked_diary, masked_nights, masked_versions
from clarity_desktop.app.studies import StudyServices
from clarity_desktop.domain.annotations import Annotation, touches
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.analysis.comparison import Comparison, DayRange
    from clarity_desktop.analysis.methods import SleepMethods
    from clarity_desktop.vault.tables.diary_entries import Version

__all__ = ["DiaryServices"]


class DiaryServices(StudyServices):
    """Annotations, diary, free days, and what they are compared by. Part of ``Services``."""

    # -- annotations -----------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def annotations(self, patient_id: str, span: Span | None = None) -> list[Annotation]:
        """Events, notes and stretches of a person that touch a window, by start; all of them without one."""
        self.vault.patients.get(patient_id)
        found = self.vault.diary.annotations(patient_id)
        found = [one for one in found if span is None or touches(one, span)]
        return found if self._sees_identity() else masked_annotations(found)

    @needs(Right.READ_DATA)
    def annotation(self, patient_id: str, annotation_id: str) -> Annotation:
        """One annotation by its identifier, or the first letters of it; raises ``NotFoundError``."""
        found = self.vault.diary.annotation(patient_id, annotation_id)
        return found if self._sees_identity() else masked_annotations([found])[0]

    @needs(Right.CHANGE_DATA)
    def save_annotation(self, patient_id: str, annotation: Annotation) -> Annotation:
        """Add an annotation (empty ``id``) or change one. No sample is changed.

        Raises
        ------
        InputError
            ``annotation.*`` for what cannot be.
        NotFoundError
            ``patient.unknown``; ``diary.no_entry`` for an ``id`` that is not there.
        """
        diary = self.vault.diary
        self.vault.patients.get(patient_id)
        if annotation.id and not self._sees_identity():
            # Who is not shown the texts cannot mean to remove them.
            before = diary.annotation(patient_id, annotation.id)
            annotation = replace(
                annotation, title=annotation.title or before.title, reason=annotation.reason or before.reason
            )
        elif annotation.id:
            diary.annotation(patient_id, annotation.id)
        stored = diary.save_annotation(patient_id, annotation)
        self._written(patient_id)
        return stored

    @needs(Right.CHANGE_DATA)
    def remove_annotation(self, patient_id: str, annotation_id: str) -> None:
        """Remove an annotation; :meth:`undo_entry` brings it back. Raises ``NotFoundError`` (``diary.no_entry``)."""
        self.vault.diary.remove_annotation(patient_id, annotation_id)
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def import_events(self, patient_id: str, path: Path) -> list[Annotation]:
        """Add the events, notes and stretches of a CSV table, all or none.

        Raises
        ------
        InputError
            ``table.*``; ``table.cell`` names row and column. Nothing is stored then.
        """
        from clarity_desktop.importers.diary_csv import read_events_csv

        self.vault.patients.get(patient_id)
        read = read_events_csv(path, self.zone_timeline(patient_id))
        known = {_same(one) for one in self.vault.diary.annotations(patient_id)}
        stored = self.vault.diary.save_annotations(patient_id, [one for one in read if _same(one) not in known])
        self._written(patient_id)
        return stored

    # -- sleep diary -----------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def diary_nights(self, patient_id: str) -> list[DiaryNight]:
        """The sleep diary of a person, by date of waking."""
        self.vault.patients.get(patient_id)
        found = self.vault.diary.nights(patient_id)
        return found if self._sees_identity() else masked_diary(found)

    @needs(Right.CHANGE_DATA)
    def save_diary_night(self, patient_id: str, night: DiaryNight) -> None:
        """Store a night of the diary in place of what its date had; raises ``InputError`` (``diary.*``)."""
        self.vault.patients.get(patient_id)
        before = next((one for one in self.vault.diary.nights(patient_id) if one.date == night.date), None)
        if before is not None and not self._sees_identity():
            night = replace(night, comments=night.comments or before.comments)
        self.vault.diary.save_nights(patient_id, [night], "add" if before is None else "edit")
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def remove_diary_night(self, patient_id: str, day: date) -> None:
        """Remove a night of the diary; :meth:`undo_entry` brings it back. Raises ``NotFoundError``."""
        self.vault.diary.remove_night(patient_id, day)
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def import_diary(self, patient_id: str, path: Path) -> int:
        """Store the nights of a CSV table, all or none; nights of the same dates are replaced, and can be undone.

        Raises
        ------
        InputError
            ``table.*``; ``table.cell`` names row and column. Nothing is stored then.
        """
        from clarity_desktop.importers.diary_csv import read_diary_csv

        self.vault.patients.get(patient_id)
        nights = read_diary_csv(path)
        self.vault.diary.save_nights(patient_id, nights)
        self._written(patient_id)
        return len(nights)

    # -- free days -------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def free_days(self, patient_id: str) -> FreeDays:
        """Which dates are free for a person; Saturday and Sunday are assumed until somebody says otherwise."""
        self.vault.patients.get(patient_id)
        return self.vault.diary.free_days(patient_id)

    @needs(Right.CHANGE_DATA)
    def set_free_weekdays(self, patient_id: str, weekdays: frozenset[int] | None) -> None:
        """Set the free weekdays, 0 Monday … 6 Sunday; ``None`` returns to the assumption."""
        self.vault.patients.get(patient_id)
        if weekdays is not None:
            self.vault.diary.save_week(patient_id, weekdays)
        elif self.vault.diary.free_days(patient_id).stated:
            self.vault.diary.forget_week(patient_id)
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def set_free_dates(self, patient_id: str, days: Mapping[date, bool | None]) -> None:
        """Say of dates that they are free (true), work days (false), or follow the week again (``None``)."""
        diary = self.vault.diary
        self.vault.patients.get(patient_id)
        diary.save_days(patient_id, {day: free for day, free in days.items() if free is not None})
        known = diary.free_days(patient_id).exceptions
        for day, free in days.items():
            if free is None and day in known:
                diary.remove_day(patient_id, day)
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def import_free_days(self, patient_id: str, path: Path) -> int:
        """Store the dates of a CSV table with ``free`` or ``work``; raises ``InputError`` (``table.*``)."""
        from clarity_desktop.importers.diary_csv import read_free_days_csv

        self.vault.patients.get(patient_id)
        days = read_free_days_csv(path)
        self.vault.diary.save_days(patient_id, days, "import")
        self._written(patient_id)
        return len(days)

    # -- history ---------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def entry_history(self, patient_id: str, area: str | None = None, key: str | None = None) -> list[Version]:
        """Every version of what was written by hand, oldest first: who, when, what.

        ``area`` is ``annotation``, ``night``, ``week`` or ``day``; ``key`` an identifier, a date, or ``pattern``.
        """
        found = self.vault.diary.history(patient_id, area, key)
        return found if self._sees_identity() else masked_versions(found)

    @needs(Right.CHANGE_DATA)
    def undo_entry(self, patient_id: str, area: str, key: str, *, seen: int | None = None) -> None:
        """Return an entry to the version before its latest; undoing again brings that back.

        Parameters
        ----------
        seen:
            The revision that the caller shows; when somebody changed the entry since, nothing is done.

        Raises
        ------
        NotFoundError
            ``diary.no_entry``.
        ConflictError
            ``diary.changed``.
        """
        self.vault.diary.undo(patient_id, area, key, seen=seen)
        self._written(patient_id)

    @needs(Right.CHANGE_DATA)
    def restore_entry(self, patient_id: str, area: str, key: str, revision: int) -> None:
        """Bring back a version of an entry as a new one; 0 and versions that are removals take it away.

        Raises
        ------
        NotFoundError
            ``diary.no_entry``.
        """
        self.vault.diary.entries.restore(patient_id, area, key, revision)
        self._written(patient_id)

    # -- what they are compared by ---------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def sleep_methods(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> SleepMethods:
        """Nights by stages, scored activity and diary, and how far they agree, of the window of :meth:`panel`."""
        from clarity_desktop.analysis.methods import sleep_methods

        panel = self.study.panel(patient_id, span, zone=zone, details=False, edited=False)
        found = sleep_methods(self.vault, patient_id, panel)
        if self._sees_identity():
            return found
        return replace(found, nights={name: masked_nights(nights) for name, nights in found.nights.items()})

    @needs(Right.READ_DATA)
    def compare_windows(
        self,
        patient_id: str,
        a: DayRange,
        b: DayRange,
        *,
        washout_days: int = 0,
        zone: str | None = None,
    ) -> Comparison:
        """Nightly, daily and whole-window measures in two windows of local days, B minus A.

        Raises
        ------
        UsageError
            ``compare.overlap``, ``compare.order``.
        NotFoundError
            ``analysis.no_data``.
        """
        from clarity_desktop.analysis.comparison import check_windows, compare_windows

        check_windows(a, b)
        clock = ZoneTimeline.single(zone) if zone is not None else self.zone_timeline(patient_id)
        spans = tuple(Span(clock.instant_of_local(one.first), clock.instant_of_local(one.last + 1)) for one in (a, b))
        whole = Span(min(one.start for one in spans), max(one.stop for one in spans))
        change = self.study.change(patient_id, whole, zone=zone)
        panels = tuple(self.study.panel(patient_id, one, zone=zone, details=False) for one in spans)
        return compare_windows(change, a, b, clock, washout_days=washout_days, panels=(panels[0], panels[1]))

    @needs(Right.READ_DATA)
    def compare_event(
        self,
        patient_id: str,
        day: date,
        *,
        days_each_side: int = 14,
        washout_days: int = 0,
        zone: str | None = None,
    ) -> Comparison:
        """The days before and after a local date; raises what :meth:`compare_windows` raises."""
        from clarity_desktop.analysis.comparison import around_event

        a, b = around_event(day_of_date(day), days_each_side, washout_days)
        return self.compare_windows(patient_id, a, b, washout_days=washout_days, zone=zone)

    def _written(self, patient_id: str) -> None:
        self._announce(Change.DIARY | Change.FINDINGS, patient_id)


def _same(annotation: Annotation) -> tuple[object, ...]:
    """What makes a row of a table the same as a stored annotation, so that a table imported twice adds nothing."""
    return (
        annotation.kind,
        annotation.start,
        annotation.stop,
        annotation.title,
        annotation.reason,
        annotation.asleep,
        annotation.wake,
    )
