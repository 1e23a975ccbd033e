"""What a person agreed to and how long what is held of them is kept, a line for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clarity_desktop.vault.consent.records import Consent
    from clarity_desktop.vault.consent.retention import Policy

__all__ = ["ConsentLine", "KeptLine", "consent_lines", "kept_lines"]


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One consent as it stands on a day."""

    id: int
    purpose: str
    state: str
    """``in force``, ``withdrawn``, ``ended`` or ``not begun``."""
    dated: date
    expires: date | None
    text_version: str


@dataclass(frozen=True, slots=True)
class KeptLine:
    """How long one class of data is kept of this person."""

    data_class: str
    keep_days: int | None
    """``None`` keeps for good."""
    study: str
    """Tag of the study whose policy it is; empty for the general one."""


def consent_lines(consents: Sequence[Consent], today: date) -> tuple[ConsentLine, ...]:
    """The consents, those in force first, then newest first."""
    lines = [
        ConsentLine(one.id, one.purpose, _state(one, today), one.dated, one.expires, one.text_version)
        for one in sorted(consents, key=lambda one: (one.dated, one.id), reverse=True)
    ]
    return tuple(sorted(lines, key=lambda line: line.state != "in force"))


def _state(consent: Consent, today: date) -> str:
    if consent.withdrawn is not None:
        return "withdrawn"
    if consent.holds_on(today):
        return "in force"
    return "not begun" if today < consent.dated else "ended"


def kept_lines(policies: Sequence[Policy], tags: Sequence[str]) -> tuple[KeptLine, ...]:
    """The policy of each class that holds for a person: of several studies the one that keeps longest."""
    found: dict[str, KeptLine] = {}
    for one in policies:
        name = one.data_class.value
        if one.study and one.study not in tags:
            continue
        held, line = found.get(name), KeptLine(name, one.keep_days, one.study)
        if (
            held is None
            or (one.study and not held.study)
            or (bool(one.study) == bool(held.study) and _longer(line, held))
        ):
            found[name] = line
    return tuple(found.values())


def _longer(line: KeptLine, held: KeptLine) -> bool:
    if held.keep_days is None:
        return False
    return line.keep_days is None or line.keep_days > held.keep_days
