"""Text that somebody typed and has not saved."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant

__all__ = ["Draft", "UnsavedText"]


@dataclass(frozen=True, slots=True)
class UnsavedText:
    """What stands in a field and nowhere else."""

    place: str
    """The field in the program's words, such as ``person.new/name``; holds nothing that was typed."""
    text: str = field(repr=False)
    patient_id: PatientId | None = None
    """Whom the text is about; ``None`` when that is nobody in the vault."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsaved text that was sealed, opened again for the person who typed it."""

    id: str
    place: str
    text: str = field(repr=False)
    patient_id: PatientId | None = None
    at: Instant = 0
    """When it was sealed, UTC seconds."""
