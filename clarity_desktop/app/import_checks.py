"""Asks, before anything is stored, whether a file can belong to the person it is imported for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.people import Patient, Sex
from clarity_desktop.domain.time import DAY_S

__all__ = ["OTHER_PERSON", "PersonCheck", "other_person"]

OTHER_PERSON = "import.other_person"
"""Code of the error that asks for a confirmation."""
_SHARED_S = 7 * DAY_S
"""Where two files cover a week or more together, one person's share a source."""
_WORDS = {"date_of_birth": "another date of birth", "sex": "another sex", "sources": "no source in common"}


def other_person(reasons: Sequence[str]) -> ConflictError:
    """The error that asks whether a file is this person's; reasons are keys, never values."""
    words = [_WORDS[reason] for reason in reasons]
    return ConflictError(
        OTHER_PERSON,
        f"This file may be another person's: it has {' and '.join(words)}. Nothing of it was stored.",
        remedy="Choose the person whose file this is. If it is this person's, import again and confirm that it is.",
        detail=", ".join(reasons),
    )


class PersonCheck:
    """Compares a file with what is known of a patient.

    Parameters
    ----------
    patient:
        Whose file it is said to be.
    earlier:
        Reports of the patient's imports.
    confirmed:
        Somebody has confirmed that the file is this person's: then nothing is compared.
    """

    def __init__(self, patient: Patient, earlier: Sequence[ImportReport], *, confirmed: bool) -> None:
        self._patient = patient
        self._earlier = [one for one in earlier if one.outcome is not ImportOutcome.UNDONE]
        self._confirmed = confirmed

    def person(self, stated: Mapping[str, str]) -> None:
        """Compare date of birth and sex; raises :class:`ConflictError` (``import.other_person``)."""
        if self._confirmed:
            return
        known: dict[str, set[str]] = {"date_of_birth": set(), "sex": set()}
        if self._patient.birth_date is not None:
            known["date_of_birth"].add(self._patient.birth_date.isoformat())
        if self._patient.sex not in (Sex.NOT_STATED, Sex.OTHER):
            known["sex"].add(str(self._patient.sex))
        for report in self._earlier:
            for name, values in known.items():
                if report.person.get(name):
                    values.add(report.person[name])
        reasons = [name for name, values in known.items() if stated.get(name) and values and stated[name] not in values]
        if reasons:
            raise other_person(reasons)

    def before_storing(self, report: ImportReport) -> None:
        """Compare sources over the time that is covered already; raises as :meth:`person`."""
        if self._confirmed or report.format != "healthkit" or not report.sources:
            return
        shared: set[str] = set()
        overlap = 0
        for one in self._earlier:
            if one.format != report.format or not one.sources:
                continue
            shared |= set(one.sources) & set(report.sources)
            if None not in (one.first, one.last, report.first, report.last):
                first, last = max(one.first or 0, report.first or 0), min(one.last or 0, report.last or 0)
                overlap = max(overlap, last - first)
        if overlap >= _SHARED_S and not shared:
            raise other_person(["sources"])
