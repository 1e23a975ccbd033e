"""What tests of a signed-in account share: waiting, the live channel, consents, and the first week of steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

from clarity_desktop.app import Services
from clarity_desktop.domain.people import Patient
from clarity_desktop.vault import KdfParameters

CHEAP = KdfParameters.for_tests()
WORDS, PASSWORD, EMAIL = "seven quiet herons", "Herons7-quiet", "ada@clinic.example"


def until(is_so: Callable[[], object], most_s: float = 8.0) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def live(services: Services) -> None:
    services.accept_live_notice()
    services.open_live()
    until(lambda: services.live_view().state == "live")


def said(services: Services) -> list[tuple[str, str]]:
    return [(one.who, one.state) for one in services.live_view().messages]


def actions(services: Services, action: str) -> list[str]:
    return [one.outcome for one in services.vault.audit.entries(None) if one.action == action]


def agreed(services: Services, patient: Patient) -> None:
    services.give_consent(
        patient.id, purpose=services.cloud_steps_purpose(), text_version="1", language="en", given_by=patient.name
    )


def first_week(services: Services, patient: Patient) -> date:
    from clarity_desktop.analysis.weeks.embedding import read_weeks
    from clarity_desktop.domain.pat import WeekSignal
    from clarity_desktop.domain.pat_results import PatRequest
    from clarity_desktop.domain.time import date_of_day

    weeks = read_weeks(services.vault, patient.id, PatRequest(signal=WeekSignal.STEPS)).weeks
    return date_of_day(int(weeks.day[1]))
