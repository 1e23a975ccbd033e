"""The patient list with very many people."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.pages.patients import PatientsPage
from clarity_desktop.ui.shell.window import Window

PEOPLE = 5000


def test_only_rows_in_sight_are_read(
    services: Services,
    open_window: Callable[[Services], Window],
    monkeypatch: pytest.MonkeyPatch,
    rest: Callable[[], None],
) -> None:
    real = services.patients()
    many = [*real, *(Patient(f"x{number}", f"Person {number:05d}", f"P-{number:05d}") for number in range(PEOPLE))]
    asked: list[str] = []
    whole = Services.summary

    def summary(self: Services, patient_id: str) -> object:
        asked.append(patient_id)
        return whole(self, real[0].id)

    monkeypatch.setattr(Services, "patients", lambda self: many)
    monkeypatch.setattr(Services, "summary", summary)
    page = open_window(services).workspace.page("patients")
    assert isinstance(page, PatientsPage)
    assert page.filtered.rowCount() == PEOPLE + 2
    assert 0 < len(asked) < 60
    page.table.verticalScrollBar().setValue(page.table.verticalScrollBar().maximum())
    rest()
    assert many[-1].id in asked
    assert len(asked) < 120
    began = time.perf_counter()
    page.search.setText("04999")
    assert time.perf_counter() - began < 1.0
    assert page.filtered.rowCount() == 1
