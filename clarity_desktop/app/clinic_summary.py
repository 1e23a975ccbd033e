"""The part of the services that gathers what the vault holds about a person into one summary."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clarity_desktop.app.diary import DiaryServices
from clarity_desktop.app.insights import NOT_A_DIAGNOSIS, Insight
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.protection import ProtectionServices
from clarity_desktop.app.pseudonyms import masked_patient
from clarity_desktop.clinic.summary import ClinicSummary, KeyFinding, Paperwork, clinic_summary, paperwork_of
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from clarity_desktop.domain.panel import Panel
    from clarity_desktop.domain.people import Patient
    from clarity_desktop.reports.files import ReportFile

__all__ = ["ClinicSummary", "ClinicSummaryServices", "KeyFinding"]


class ClinicSummaryServices(ProtectionServices, DiaryServices):
    """Summaries of people. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def clinic_summary(self, patient_id: str) -> ClinicSummary:
        """What the vault holds about a person, as far as the user's role may see; computes the last 28 days' panel.

        The text beside it is an insight of its own (:meth:`tell_insight`), with the same gate and the same citations
        as everywhere.
        """
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

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def write_clinic_summary(
        self, patient_id: str, path: Path, summary: ClinicSummary, insight: Insight | None = None
    ) -> ReportFile:
        """Write a summary as a PDF for printing, with a text and its sources where one is given; an audit entry.

        Raises
        ------
        InputError
            ``report.not_writable`` when the folder does not take the file.
        """
        from clarity_desktop import __version__
        from clarity_desktop.app.insight_exports import cited_text
        from clarity_desktop.reports.files import write_whole
        from clarity_desktop.reports.plain_pages import plain_pages
        from clarity_desktop.reports.summary_text import summary_identity, summary_sections

        words = None if insight is None or not insight.statements else cited_text(insight)
        pages = plain_pages(
            "Patient summary",
            summary_identity(summary),
            summary_sections(summary, words),
            foot=NOT_A_DIAGNOSIS,
            generated=summary.made,
            version=__version__,
            simulated=summary.who.simulated,
        )
        self.vault.audit.append("export.summary", patient_id=patient_id)
        return write_whole(path, pages)

    def _panel_or_none(self, patient_id: str) -> Panel | None:
        try:
            panel = self.panel(patient_id)
        except NotFoundError as error:
            if error.code != "analysis.no_data":
                raise
            return None
        return panel if panel.coverage.worn or panel.nights else None

    def _paperwork(self, person: Patient, today: date) -> Paperwork:
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
