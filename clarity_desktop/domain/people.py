"""Who the data is about, apart from the data itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from clarity_desktop.domain.time import Instant

__all__ = ["Patient", "PatientId", "Sex", "age_band"]

PatientId = str
"""Random identifier (UUID4, hexadecimal with dashes). It is what every other record carries."""


class Sex(StrEnum):
    """Biological sex as the person's record states it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Patient:
    """A person whose recordings the vault holds."""

    id: PatientId
    name: str
    code: str
    """Short label for people, unique in the vault: ``P-0001``, ``D-0001`` for demo people."""
    birth_date: date | None = None
    sex: Sex = Sex.NOT_STATED
    home_zone: str | None = None
    """IANA zone set by the user; ``None`` means: take it from the evidence."""
    simulated: bool = False
    """True for demo people. Shown as such wherever their data is shown, exported or printed."""
    tags: tuple[str, ...] = ()
    created: Instant = 0

    def age_on(self, day: date) -> int | None:
        """Age in completed years on a date, or ``None`` when the birth date is unknown."""
        if self.birth_date is None:
            return None
        before_birthday = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before_birthday


def age_band(age: int | None) -> str | None:
    """The ten years that an age lies in: ``18–29``, ``30–39`` … ``90+``, ``under 18``; ``None`` for an unknown one.

    Ages from 90 on are one band, because single ones would name people (45 CFR 164.514(b)(2)(i)(C)).
    """
    if age is None:
        return None
    if age < 18:
        return "under 18"
    if age >= 90:
        return "90+"
    return "18–29" if age < 30 else f"{age // 10 * 10}–{age // 10 * 10 + 9}"
