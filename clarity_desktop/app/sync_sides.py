"""A conflict in words: what each side wrote, who, when and where; nothing here decides anything (Y-48)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.annotations import KIND_WORDS, AnnotationKind
from clarity_desktop.domain.exchange import Conflict, ExchangeRecord, Keep, RecordClass, RecordVersion, Side
from clarity_desktop.domain.exchange_rules import Settled

if TYPE_CHECKING:
    from clarity_desktop.vault.tables.exchange_records import HeldRecord

__all__ = ["conflict_of", "shown_fields", "sides_of"]

_FIELDS: Final[Mapping[str, str]] = {
    "name": "Name",
    "birth_date": "Date of birth",
    "sex": "Sex",
    "home_zone": "Home time zone",
}
_AREAS: Final[Mapping[str, str]] = {
    "annotation": "Annotation",
    "night": "Sleep diary of",
    "week": "Free weekdays",
    "day": "Free day",
}


def sides_of(record: ExchangeRecord, replica: str) -> tuple[RecordVersion, RecordVersion]:
    """``(here, there)``: this device's own version, else the earliest; and the latest of the others."""
    here = next((one for one in record.versions if one.stamp.device == replica), record.versions[0])
    others = [one for one in record.versions if one is not here] or [here]
    different = [one for one in others if one.fields != here.fields] or others
    return here, different[-1]


def conflict_of(patient_id: str, held: HeldRecord, found: Settled, replica: str, *, is_widening: bool) -> Conflict:
    """A record that asks a person, as it is shown.

    Parameters
    ----------
    is_widening:
        Another device says that a consent is given that does not hold here.
    """
    record = held.record
    here, there = sides_of(record, replica)
    first = _side(record.record_class, here, replica)
    if is_widening:
        first = Side("not given", "", None, "here")
        there = record.latest
    base = here.base if here.base is not None and here.base == there.base else None
    choices: tuple[Keep, ...] = ("here", "there")
    if any(version.fields is not None for version in found.beside) and record.entity.startswith("annotation/"):
        choices = ("here", "there", "both")
    return Conflict(
        "",
        patient_id,
        record.record_class,
        record.entity,
        _differing(here.fields, there.fields),
        first,
        _side(record.record_class, there, replica),
        None if base is None else shown_fields(record.record_class, base),
        _title(record),
        choices=choices,
    )


def shown_fields(record_class: RecordClass, fields: Mapping[str, Any]) -> str:
    """What a version says, in words."""
    if record_class is RecordClass.CONSENT:
        ends = f", until {fields['expires']}" if fields.get("expires") else ""
        return f"given{ends}" if fields.get("held") else "withdrawn"
    if "value" in fields:
        return str(fields["value"])
    if "title" in fields:
        parts = [str(fields["title"]) or KIND_WORDS[AnnotationKind(fields["kind"])], str(fields.get("reason", ""))]
        return "\n".join(part for part in parts if part)
    return ", ".join(
        f"{name.replace('_', ' ')}: {value}" for name, value in sorted(fields.items()) if value is not None
    )


def _side(record_class: RecordClass, version: RecordVersion, replica: str) -> Side:
    is_here = version.stamp.device == replica
    value = "" if version.fields is None else shown_fields(record_class, version.fields)
    where = "here" if is_here else f"device {version.stamp.device}"
    return Side(value, version.who, version.wall or None, where, version.is_removal)


def _differing(mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> str:
    if mine is None or theirs is None:
        return ""
    names = [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
    return names[0] if len(names) == 1 else ""


def _title(record: ExchangeRecord) -> str:
    if record.record_class is RecordClass.DEMOGRAPHICS:
        return _FIELDS.get(record.entity, record.entity)
    if record.record_class is RecordClass.CONSENT:
        return f"Consent: {record.entity}"
    area, _, key = record.entity.partition("/")
    words = _AREAS.get(area, area)
    return words if area in ("annotation", "week") else f"{words} {key}"
