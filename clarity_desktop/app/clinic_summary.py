"""The part of the services that gathers what the vault holds about a person into one summary."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clarity_desktop.app.diary import DiaryServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.protection import ProtectionServices
from clarity_desktop.app.pseudonyms import masked_patient
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from datetime import date

    from clarity_desktop.clinic.summary import ClinicSummary, Paperwork
    from clarity_desktop.domain.panel import Panel
    from clarity_desktop.domain.people import Patient

__all__ = ["ClinicSummaryServices"]


class ClinicSummaryServices(ProtectionServices, DiaryServices):
    """Summaries of people. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def clinic_summary(self, patient_id: str) -> ClinicSummary:
        """What the vault holds about a person, as far as the user's role may see; computes the last 28 days' panel.

        The text beside it is an insight of its own (:meth:`tell_insight`), with the same gate and the same citations
        as everywhere.
        """
        from clarity_desktop.clinic.summary import clinic_summary

        person = self.vault.patients.get(patient_id)
        sees = self._sees_identity()
        zone = self.zone_timeline(patient_id)
        series, nights = self.series(patient_id), self.diary_nights(patient_id)
        has_data = any(one.first is not None for one in series) or bool(nights)
        made = int(time.time())
        today = self._today(person, made)
        return clinic_summary(
            person if sees else masked_patient(person),
            made=made,
            today=today,
            sees_identity=sees,
            zone=zone,
            series=series,
            panel=self._panel_or_none(patient_id) if has_data else None,
            annotations=self.annotations(patient_id),
            nights=nights,
            imports=self.imports(patient_id),
            unfinished=self.unfinished_imports(patient_id),
            paperwork=self._paperwork(person, today) if sees else None,
        )

    def _panel_or_none(self, patient_id: str) -> Panel | None:
        try:
            panel = self.panel(patient_id)
        except NotFoundError as error:
            if error.code != "analysis.no_data":
                raise
            return None
        return panel if panel.coverage.worn or panel.nights else None

    def _paperwork(self, person: Patient, today: date) -> Paperwork:
        from clarity_desktop.clinic.summary import paperwork_of

        asked = self.asked_to_erase(person.id) if self.permits(Right.REQUEST_ERASURE) else None
        return paperwork_of(
            self.consents(person.id),
            self.retention_policies(),
            person.tags,
            self.holds(person.id),
            self.documents(person.id),
            today=today,
            erasure_asked=asked,
        )

    @staticmethod
    def _today(person: Patient, now: int) -> date:
        """The date where the person is at home, else by UTC."""
        from clarity_desktop.domain.time import zone_of_name

        zone = UTC if person.home_zone is None else zone_of_name(person.home_zone)
        return datetime.fromtimestamp(now, zone).date()
