"""What a person lays over the data by hand: events, notes, and stretches of rest, nap, no wear or left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline

__all__ = [
    "EVENT_KINDS",
    "INTERVAL_KINDS",
    "KIND_WORDS",
    "LONGEST_INTERVAL_S",
    "Annotation",
    "AnnotationKind",
    "checked_annotation",
    "touches",
    "wake_day",
]

LONGEST_INTERVAL_S: Final = 36 * 3600
"""A rest or a nap is at most this long."""
_LONGEST_TEXT: Final = 4000


class AnnotationKind(StrEnum):
    """What an annotation says of its point or stretch of time."""

    MEDICATION = "medication"
    SHIFT_CHANGE = "shift_change"
    TRAVEL = "travel"
    THERAPY = "therapy"
    OTHER = "other"
    NOTE = "note"
    REST = "rest"
    """The night's time in bed, with asleep and wake where they are known; takes the place of what was computed."""
    NAP = "nap"
    NOT_WORN = "not_worn"
    LEAVE_OUT = "leave_out"
    """Counts in no total."""

    @property
    def is_event(self) -> bool:
        """Whether it is something that happened, around which one may compare."""
        return self in EVENT_KINDS

    @property
    def is_interval(self) -> bool:
        """Whether it changes what the analysis counts."""
        return self in INTERVAL_KINDS


EVENT_KINDS: Final = (
    AnnotationKind.MEDICATION,
    AnnotationKind.SHIFT_CHANGE,
    AnnotationKind.TRAVEL,
    AnnotationKind.THERAPY,
    AnnotationKind.OTHER,
)
INTERVAL_KINDS: Final = (
    AnnotationKind.REST,
    AnnotationKind.NAP,
    AnnotationKind.NOT_WORN,
    AnnotationKind.LEAVE_OUT,
)
KIND_WORDS: Final[Mapping[AnnotationKind, str]] = {
    AnnotationKind.MEDICATION: "Medication",
    AnnotationKind.SHIFT_CHANGE: "Shift change",
    AnnotationKind.TRAVEL: "Travel",
    AnnotationKind.THERAPY: "Therapy",
    AnnotationKind.OTHER: "Other event",
    AnnotationKind.NOTE: "Note",
    AnnotationKind.REST: "Rest",
    AnnotationKind.NAP: "Nap",
    AnnotationKind.NOT_WORN: "Not worn",
    AnnotationKind.LEAVE_OUT: "Left out",
}
"""What the kinds are called on screen."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation as it stands now. It lies over the data and never changes a sample."""

    kind: AnnotationKind
    start: Instant
    stop: Instant | None = None
    """End of a stretch; ``None`` for a point in time."""
    title: str = ""
    reason: str = ""
    """Why it was entered, in the words of its author."""
    asleep: Instant | None = None
    """First sleep inside a rest or a nap, where somebody states it."""
    wake: Instant | None = None
    """Final awakening inside a rest or a nap, where somebody states it."""
    source: str = "hand"
    """``hand``, or the name of the file it was imported from."""
    id: str = ""
    """Random identifier; empty before it is stored."""
    revision: int = 0
    """1 when stored first; each change adds one."""
    author: str = ""
    """Who entered this version."""
    at: Instant = 0
    """When this version was entered."""

    @property
    def span(self) -> Span:
        """The stretch; of length 0 for a point."""
        return Span(self.start, self.start if self.stop is None else self.stop)

    @property
    def words(self) -> str:
        """The title, or the kind where there is none."""
        return self.title or KIND_WORDS[self.kind]

    def as_payload(self) -> dict[str, Any]:
        """What is sealed; what the store knows by itself is left out."""
        found = asdict(self)
        for name in ("id", "revision", "author", "at"):
            del found[name]
        return {**found, "kind": self.kind.value}

    @classmethod
    def from_payload(
        cls,
        payload: Mapping[str, Any],
        *,
        id: str,  # noqa: A002 - the field's own name
        revision: int,
        author: str,
        at: Instant,
    ) -> Annotation:
        """The annotation of :meth:`as_payload` with what the store knows of it."""
        fields = {**payload, "kind": AnnotationKind(payload["kind"])}
        return cls(**fields, id=id, revision=revision, author=author, at=at)


def wake_day(annotation: Annotation, zone: ZoneTimeline) -> int:
    """Local day of waking (days since 1970-01-01) that a rest belongs to."""
    end = annotation.wake if annotation.wake is not None else annotation.span.stop
    return int(zone.local_days(np.array([end], dtype=np.int64))[0])


def checked_annotation(annotation: Annotation, others: Sequence[Annotation] = ()) -> Annotation:
    """The annotation with its texts trimmed, when it says something that can be.

    Parameters
    ----------
    others:
        What is stored already; two rests must not overlap.

    Raises
    ------
    InputError
        ``annotation.order`` for an end before the start or instants out of order, ``annotation.needs_end`` for an
        interval without an end, ``annotation.too_long``, ``annotation.overlap``, ``annotation.text``.
    """
    kind, start, stop = annotation.kind, annotation.start, annotation.stop
    if kind.is_interval and stop is None:
        raise InputError(
            "annotation.needs_end",
            f"A stretch of the kind “{KIND_WORDS[kind]}” has a beginning and an end.",
            remedy="Give both times.",
        )
    order = [instant for instant in (start, annotation.asleep, annotation.wake, stop) if instant is not None]
    if order != sorted(order) or (kind.is_interval and stop == start):
        raise InputError(
            "annotation.order",
            "The times are not in order.",
            remedy="In bed comes first, then asleep, wake and up; an end lies after its start.",
        )
    restful = kind in (AnnotationKind.REST, AnnotationKind.NAP)
    if not restful and (annotation.asleep is not None or annotation.wake is not None):
        raise InputError(
            "annotation.asleep", "Asleep and wake belong to a rest or a nap.", remedy="Leave both times out."
        )
    if restful and stop is not None and stop - start > LONGEST_INTERVAL_S:
        raise InputError("annotation.too_long", "A rest lasts at most 36 hours.", remedy="Check the dates.")
    if len(annotation.title) > _LONGEST_TEXT or len(annotation.reason) > _LONGEST_TEXT:
        raise InputError("annotation.text", "A text has at most 4000 characters.", remedy="Make it shorter.")
    if kind is AnnotationKind.NOTE and not annotation.title.strip():
        raise InputError("annotation.empty", "A note needs a text.", remedy="Type what is to be remembered.")
    if restful:
        for other in others:
            alike = other.kind in (AnnotationKind.REST, AnnotationKind.NAP) and other.id != annotation.id
            if alike and other.span.intersects(annotation.span):
                raise InputError(
                    "annotation.overlap",
                    "Another rest or nap lies at this time already.",
                    remedy="Change that one, or choose times beside it.",
                )
    return replace(annotation, title=annotation.title.strip(), reason=annotation.reason.strip())


def touches(annotation: Annotation, span: Span) -> bool:
    """Whether an annotation lies at least in part inside a window; a point on its edge counts as inside."""
    own = annotation.span
    return own.start < span.stop and own.stop >= span.start
