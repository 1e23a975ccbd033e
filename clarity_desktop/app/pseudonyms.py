"""What somebody without the right to names sees of a person: their code, and sources under made-up names."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.annotations import Annotation
from clarity_desktop.domain.importing import Element, ImportReport
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.sleep_diary import DiaryNight

if TYPE_CHECKING:
    from clarity_desktop.vault.tables.diary_entries import Version

__all__ = [
    "IDENTIFYING",
    "masked_annotations",
    "masked_diary",
    "masked_elements",
    "masked_imports",
    "masked_panel",
    "masked_patient",
    "masked_segments",
    "masked_series",
    "masked_source",
    "masked_versions",
]

IDENTIFYING: Final = frozenset({"Me", "ClinicalRecord"})
"""Kinds of elements that say who somebody is."""
_SALT: Final = secrets.token_bytes(16)
"""New in each run, so that names of sources cannot be guessed from their stand-ins."""


def masked_source(source: str) -> str:
    """A stand-in for the name of a source, which often holds a person's: the same within a run of the program."""
    return "Source " + hashlib.sha256(_SALT + source.encode()).hexdigest()[:6] if source else ""


def masked_patient(patient: Patient) -> Patient:
    """The person by code only, without date of birth and tags."""
    return replace(patient, name=patient.code, birth_date=None, tags=())


def masked_series(series: Sequence[Series]) -> list[Series]:
    """Series without the names of sources and devices."""
    return [replace(one, source=masked_source(one.source), device="") for one in series]


def masked_segments(segments: Sequence[SleepSegment]) -> tuple[SleepSegment, ...]:
    """Sleep stages without the names of sources."""
    return tuple(replace(one, source=masked_source(one.source)) for one in segments)


def masked_nights(nights: Sequence[Night]) -> tuple[Night, ...]:
    """Nights without the names of sources."""
    return tuple(
        replace(one, source=masked_source(one.source), segments=masked_segments(one.segments)) for one in nights
    )


def masked_panel(panel: Panel) -> Panel:
    """A panel without the names of sources."""
    return replace(panel, nights=masked_nights(panel.nights), naps=masked_nights(panel.naps))


def masked_elements(elements: Sequence[Element]) -> list[Element]:
    """Elements by kind and time; what was written in them may name the person."""
    return [
        replace(one, key="", source=masked_source(one.source), payload="{}")
        for one in elements
        if one.kind not in IDENTIFYING
    ]


def masked_annotations(annotations: Sequence[Annotation]) -> list[Annotation]:
    """Annotations by kind and time; their texts may name the person."""
    return [replace(one, title="", reason="", source="") for one in annotations]


def masked_diary(nights: Sequence[DiaryNight]) -> list[DiaryNight]:
    """Nights of a diary without what was written freely."""
    return [replace(one, comments="", source="") for one in nights]


def masked_versions(versions: Sequence[Version]) -> list[Version]:
    """Versions of entries by who and when, without what they said."""
    return [replace(one, payload=None) for one in versions]


def masked_imports(imports: Sequence[ImportReport]) -> list[ImportReport]:
    """Reports of imports without what files say of the person, and without names of files and sources."""
    return [
        replace(
            one,
            file=f"file {number}",
            person={},
            sources=tuple(masked_source(source) for source in one.sources),
        )
        for number, one in enumerate(imports, start=1)
    ]
