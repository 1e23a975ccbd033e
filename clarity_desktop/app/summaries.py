"""What a row of the patient list and its preview say of one person."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Instant

__all__ = ["PatientSummary"]


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """The short view of one person; everything in it is computed from the vault."""

    patient: Patient
    series: tuple[Series, ...]
    first: Instant | None
    last: Instant | None
    """End of the last sample."""
    last_local: str
    """The same as local ISO time with offset, ``""`` when there is no data."""
    coverage_28d: tuple[float | None, ...]
    """Share worn of each of the last 28 local days with data, oldest first; ``None`` before the recording began."""
    valid_days: tuple[int, int] | None
    """Valid days of days in the window of the findings."""
    findings: tuple[Finding, ...] = ()
    """The five main numbers: time asleep, efficiency, mid-sleep, SRI, relative amplitude."""
    nights: tuple[Night, ...] = ()
    """The nights of the same window, for the preview's bars."""
