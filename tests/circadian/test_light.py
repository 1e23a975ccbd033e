"""Light above thresholds, its timing, and what the phase models are fed."""

from __future__ import annotations

import numpy as np
import pytest

from clarity_desktop.circadian.light import dark_while_active, light_days, light_rhythm
from clarity_desktop.circadian.phase_estimate import estimate_phase, light_for_models
from clarity_desktop.circadian.phase_models import FORGER99, HANNAY19, MODELS, PhaseModel, settled_start, simulate
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import LIGHT
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts

DAY = 1440


def days(n: int, *, on_h: float = 8, off_h: float = 20, lux: float = 500, zone: str = "UTC", start: int = 0) -> Epochs:
    clock = np.arange(n * DAY) % DAY / 60
    values = np.where((clock >= on_h) & (clock < off_h), lux, 0.0)
    return epochs_of_counts(start, values, ZoneTimeline.single(zone), unit="lux", kind=LIGHT)


def test_time_and_timing_above_a_threshold() -> None:
    found = light_days(days(3), 100)
    assert found.tat_min == 720
    assert found.mlit_h == pytest.approx((8 + 19 + 59 / 60) / 2)
    assert found.first_h.tolist() == [8, 8, 8]
    assert found.last_h == pytest.approx([19 + 59 / 60] * 3)


def test_tat_counts_the_threshold_itself_and_timing_does_not() -> None:
    found = light_days(days(2), 500)
    assert found.tat_min == 720
    assert found.mlit_h is None
    assert light_days(days(2), 501).tat_min == 0


def test_days_with_too_little_light_data_are_left_out() -> None:
    light = days(2)
    light.values[: 9 * 60] = np.nan
    assert light_days(light, 100).day.tolist() == [1]
    assert light_days(epochs_of_counts(0, np.full(50, np.nan), ZoneTimeline.single("UTC")), 10).tat_min is None


def test_a_regular_light_day_has_stability_one() -> None:
    found = light_rhythm(days(7))
    assert found.stability == pytest.approx(1)
    assert found.variability is not None
    assert found.hourly[12] == pytest.approx(np.log10(501))
    assert found.hourly[3] == 0


def test_a_covered_sensor_shows_as_dark_while_active() -> None:
    light = days(1)
    activity = epochs_of_counts(0, np.full(DAY, 50.0), ZoneTimeline.single("UTC"))
    assert dark_while_active(light, activity) == pytest.approx(1 / 13)
    still = epochs_of_counts(0, np.zeros(DAY), ZoneTimeline.single("UTC"))
    assert dark_while_active(light, still) is None
    with pytest.raises(ValueError, match="same grid"):
        dark_while_active(light, epochs_of_counts(60, np.zeros(DAY), ZoneTimeline.single("UTC")))


def test_short_gaps_are_filled_and_long_ones_end_the_stretch() -> None:
    light = days(6)
    light.values[2 * DAY + 700 : 2 * DAY + 820] = np.nan
    found = light_for_models(light)
    assert found is not None
    assert found.span == Span(0, 6 * 86_400)
    assert found.interpolated_min == 120
    light.values[2 * DAY + 700 : 2 * DAY + 821] = np.nan
    found = light_for_models(light)
    assert found is not None
    assert found.span == Span(3 * 86_400, 6 * 86_400)
    assert np.isfinite(found.lux).all()
    assert light_for_models(epochs_of_counts(0, np.full(3 * DAY, np.nan), ZoneTimeline.single("UTC"))) is None


def test_models_refuse_light_with_gaps() -> None:
    with pytest.raises(ValueError, match="without gaps"):
        simulate(FORGER99, np.array([1.0, np.nan]))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_regular_day_settles_and_its_phase_is_early_morning(model: PhaseModel) -> None:
    found = estimate_phase(days(8, on_h=7, off_h=23), model)
    assert found is not None
    assert 2 < found.cbtmin_h < 6
    assert found.warm_up == "cycled until the phase repeated"
    assert found.cbtmin.size == 8


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_light_an_hour_later_moves_the_estimate_by_an_hour(model: PhaseModel) -> None:
    early = estimate_phase(days(10, on_h=7, off_h=23), model)
    late = estimate_phase(days(10, on_h=8, off_h=24), model)
    assert early is not None
    assert late is not None
    assert late.cbtmin_h - early.cbtmin_h == pytest.approx(1, abs=0.15)
    zone = estimate_phase(days(10, on_h=7, off_h=23, zone="UTC+09:00", start=-9 * 3600), model)
    assert zone is not None
    assert zone.cbtmin_h == pytest.approx(early.cbtmin_h, abs=0.01)


def test_settling_keeps_the_state_in_one_turn() -> None:
    state, settled = settled_start(HANNAY19, np.tile(np.where(np.arange(240) < 160, 500.0, 0.0), 5))
    assert settled
    assert abs(state[1]) <= np.pi
