"""Annotations, sleep diary and work days of a patient, as the rest of the program speaks of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from clarity_desktop.domain.annotations import Annotation, checked_annotation
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sleep_diary import DiaryNight, checked_night
from clarity_desktop.domain.time import DAY_S, Span, day_of_date
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.diary_entries import ABSENT, DiaryEntries, Draft, Entry, Version

__all__ = ["ANALYSED", "ANNOTATION", "AREAS", "DAY", "NIGHT", "WEEK", "Diary"]

ANNOTATION, NIGHT, WEEK, DAY = "annotation", "night", "week", "day"
AREAS: Final = (ANNOTATION, NIGHT, WEEK, DAY)
ANALYSED: Final = AREAS
"""Areas that a panel may rest on."""
_PATTERN: Final = "pattern"
_ALWAYS: Final = Span(0, 2**60)
"""The weekly pattern speaks of no date, so no time of retention ends it."""
_NAMES: Final = {ANNOTATION: "annotation", NIGHT: "diary", WEEK: "free_days", DAY: "free_days"}


class Diary:
    """What people wrote by hand about the patients of a vault.

    Attributes
    ----------
    entries:
        The same by area and key, with history, undo and digest.
    """

    def __init__(self, store: Store) -> None:
        self.entries = DiaryEntries(store, _NAMES)

    # -- annotations -----------------------------------------------------------------------------------------

    def annotations(self, patient_id: PatientId) -> list[Annotation]:
        """All annotations, by start."""
        return [_annotation(entry) for entry in self.entries.list(patient_id, ANNOTATION)]

    def annotation(self, patient_id: PatientId, annotation_id: str) -> Annotation:
        """One annotation; raises :class:`NotFoundError` (``diary.no_entry``).

        An identifier may be shortened to its first letters as long as it names one.
        """
        wanted = annotation_id.strip().casefold()
        found = [one for one in self.annotations(patient_id) if wanted and one.id.startswith(wanted)]
        if len(found) != 1:
            raise NotFoundError(
                "diary.no_entry", "There is no such entry.", remedy="List the entries and choose one of them."
            )
        return found[0]

    def save_annotation(self, patient_id: PatientId, annotation: Annotation) -> Annotation:
        """Add an annotation (empty ``id``) or change one; raises :class:`InputError` (``annotation.*``)."""
        return self.save_annotations(patient_id, [annotation], "edit" if annotation.id else "add")[0]

    def save_annotations(
        self, patient_id: PatientId, annotations: Sequence[Annotation], action: str = "import"
    ) -> list[Annotation]:
        """Store annotations, all or none; raises :class:`InputError` (``annotation.*``)."""
        known = self.annotations(patient_id)
        checked: list[Annotation] = []
        for one in annotations:
            named = replace(checked_annotation(one, [*known, *checked]), id=one.id or str(uuid.uuid4()))
            checked.append(named)
        drafts = [Draft(one.id, one.as_payload(), one.span) for one in checked]
        if drafts:
            self.entries.write(patient_id, ANNOTATION, drafts, action)
        ids = {one.id for one in checked}
        stored = {one.id: one for one in self.annotations(patient_id) if one.id in ids}
        return [stored[one.id] for one in checked]

    def remove_annotation(self, patient_id: PatientId, annotation_id: str) -> None:
        """Remove an annotation; its history stays."""
        self.entries.remove(patient_id, ANNOTATION, self.annotation(patient_id, annotation_id).id)

    # -- sleep diary -----------------------------------------------------------------------------------------

    def nights(self, patient_id: PatientId) -> list[DiaryNight]:
        """All nights of the diary, by date."""
        return [_night(entry) for entry in self.entries.list(patient_id, NIGHT)]

    def save_nights(self, patient_id: PatientId, nights: Sequence[DiaryNight], action: str = "import") -> None:
        """Store nights, all or none; a night of the same date is replaced. Raises ``InputError`` (``diary.*``)."""
        drafts = [_night_draft(checked_night(night)) for night in nights]
        if drafts:
            self.entries.write(patient_id, NIGHT, drafts, action)

    def remove_night(self, patient_id: PatientId, day: date) -> None:
        """Remove a night; raises :class:`NotFoundError` (``diary.no_entry``)."""
        self.entries.remove(patient_id, NIGHT, day.isoformat())

    # -- work days -------------------------------------------------------------------------------------------

    def free_days(self, patient_id: PatientId) -> FreeDays:
        """The person's free days; Saturday and Sunday where nobody has said otherwise."""
        week = self.entries.list(patient_id, WEEK)
        dates = self.entries.list(patient_id, DAY)
        exceptions = {date.fromisoformat(entry.key): bool(entry.payload["free"]) for entry in dates}
        if not week:
            return FreeDays(exceptions=exceptions)
        return FreeDays(frozenset(week[0].payload["weekdays"]), exceptions, stated=True)

    def save_week(self, patient_id: PatientId, weekdays: frozenset[int]) -> None:
        """Store the weekly pattern: free weekdays, 0 Monday … 6 Sunday."""
        draft = Draft(_PATTERN, {"weekdays": sorted(weekdays)}, _ALWAYS)
        self.entries.write(patient_id, WEEK, [draft], "edit")

    def forget_week(self, patient_id: PatientId) -> None:
        """Return to the assumed pattern; raises :class:`NotFoundError` (``diary.no_entry``)."""
        self.entries.remove(patient_id, WEEK, _PATTERN)

    def save_days(self, patient_id: PatientId, days: Mapping[date, bool], action: str = "edit") -> None:
        """Store dates that are free (true) or work days."""
        drafts = [Draft(day.isoformat(), {"free": free}, _of_date(day)) for day, free in sorted(days.items())]
        if drafts:
            self.entries.write(patient_id, DAY, drafts, action)

    def remove_day(self, patient_id: PatientId, day: date) -> None:
        """Let a date follow the pattern again; raises :class:`NotFoundError` (``diary.no_entry``)."""
        self.entries.remove(patient_id, DAY, day.isoformat())

    # -- history ---------------------------------------------------------------------------------------------

    def history(self, patient_id: PatientId, area: str | None = None, key: str | None = None) -> list[Version]:
        """Every version of every entry, oldest first."""
        return self.entries.history(patient_id, area, key)

    def undo(self, patient_id: PatientId, area: str, key: str, *, seen: int | None = None) -> None:
        """Return an entry to the version before its latest; undoing twice brings the latest back.

        Raises
        ------
        NotFoundError
            ``diary.no_entry``.
        ConflictError
            ``diary.changed`` when ``seen`` is not the latest revision any more.
        """
        latest = self.entries.latest_revision(patient_id, area, key)
        self.entries.restore(patient_id, area, key, max(ABSENT, latest - 1), seen=seen)

    def digest(self, patient_id: PatientId) -> str:
        """What changes when anything that an analysis may rest on changes; empty when nothing was written."""
        return self.entries.digest(patient_id, ANALYSED)


def _annotation(entry: Entry) -> Annotation:
    return Annotation.from_payload(entry.payload, id=entry.key, revision=entry.revision, author=entry.who, at=entry.at)


def _night(entry: Entry) -> DiaryNight:
    return DiaryNight.from_payload(
        entry.payload, day=date.fromisoformat(entry.key), revision=entry.revision, author=entry.who, at=entry.at
    )


def _of_date(day: date) -> Span:
    start = day_of_date(day) * DAY_S
    return Span(start, start + DAY_S)


def _night_draft(night: DiaryNight) -> Draft:
    return Draft(night.date.isoformat(), night.as_payload(), _of_date(night.date))
