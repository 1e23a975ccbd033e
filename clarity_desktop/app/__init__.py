"""The composition root: settings in, one ``Services`` object out; nothing else constructs services."""

from __future__ import annotations

from clarity_desktop.app.services import Services, open_services
from clarity_desktop.app.summaries import PatientSummary
from clarity_desktop.domain.importing import ImportReport
from clarity_desktop.domain.panel import Panel

__all__ = ["ImportReport", "Panel", "PatientSummary", "Services", "open_services"]
