"""Change over time and what goes beyond the panel, as the window asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.change import compare, follow
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("change")
    opened = open_services(folder)
    opened.create_vault("a passphrase for tests only")
    patient = add_simulated_person(opened.vault, PEOPLE[0])
    import_recording(opened.vault, patient, simulate(PEOPLE[0], DEMO_SEED, 21), folder / "work")
    yield opened
    opened.close()


def test_daily_values_are_those_of_the_panel(services: Services) -> None:
    patient = services.patients()[0].id
    change, panel = services.change(patient), services.panel(patient)
    resting, finding = change.values("resting_hr"), panel.finding("resting_hr")
    assert resting is not None
    assert finding is not None
    assert np.nanmedian(resting.value) == pytest.approx(finding.value)
    assert {one.window for one in change.rolling} == {7, 14, 28}
    followed = follow(resting)
    assert followed.trend is not None
    assert compare(resting, int(resting.day[10])).interval is not None


def test_beyond_the_panel_nothing_is_answered_twice(services: Services) -> None:
    patient = services.patients()[0].id
    further = [finding.metric for finding in services.beyond_panel(patient)]
    assert {"hrv_rmssd_ms", "hr_clock_h", "pressure_onset", "forger99_cbtmin_h", "entropy_index"} <= set(further)
    assert len(further) == len(set(further))
    assert not {finding.metric for finding in services.panel(patient).findings} & set(further)


def test_the_curve_of_sleep_pressure_is_gated_by_measured_light(services: Services) -> None:
    patient = services.patients()[0].id
    curve = services.sleep_pressure(patient)
    assert "model estimate" in curve.gate
    assert curve.upper is not None
    assert curve.lower is not None
    assert curve.upper.shape == curve.pressure.shape == curve.times.shape
    assert curve.upper - curve.lower == pytest.approx(np.full(curve.times.size, 0.5))
    assert np.isfinite(curve.pressure).mean() > 0.5
