"""What must not change a rhythm metric, and what must: properties and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clarity_desktop.circadian.bin_statistics import BIN_WIDTHS, bin_statistics
from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import default_scales, fluctuation
from clarity_desktop.circadian.nonparametric import (
    interdaily_stability,
    intradaily_variability,
    least_active,
    most_active,
    per_seven_days,
    rest_activity,
)
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.sufficiency import insufficient_reason
from clarity_desktop.circadian.transitions import clock_window, sustained_probability, transitions
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.signals.epochs import epochs_of_counts

DAY = 1440


def counts(days: int, seed: int, *, missing: float = 0.0) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    hours = np.arange(days * DAY) / 60
    drive = np.maximum(0.0, np.cos(2 * np.pi * (hours - 15) / 24) + 0.4)
    values = np.rint(random.gamma(0.8, 120.0, hours.size) * drive)
    if missing:
        values[random.random(hours.size) < missing] = np.nan
    return values


def prepared(values: NDArray[np.float64], zone: str = "UTC", start: int = 0) -> PreparedRecording:
    return PreparedRecording(epochs_of_counts(start, values, ZoneTimeline.single(zone), unit="counts"))


@settings(max_examples=15)
@given(st.integers(0, 999), st.floats(0.01, 50), st.floats(-100, 100), st.sampled_from([0.0, 0.3]))
def test_stability_and_variability_ignore_scale_and_offset(seed: int, a: float, b: float, missing: float) -> None:
    values = counts(5, seed, missing=missing)
    plain, changed = prepared(values), prepared(a * values + b)
    assert interdaily_stability(changed) == pytest.approx(interdaily_stability(plain), rel=1e-4)
    assert intradaily_variability(changed) == pytest.approx(intradaily_variability(plain), rel=1e-4)


@settings(max_examples=15)
@given(st.integers(0, 999), st.permutations(range(6)))
def test_the_order_of_days_does_not_matter(seed: int, order: list[int]) -> None:
    values = counts(6, seed).reshape(6, DAY)
    plain, shuffled = prepared(values.ravel()), prepared(values[order].ravel())
    assert interdaily_stability(shuffled) == pytest.approx(interdaily_stability(plain), rel=1e-9)
    for window in (least_active, most_active):
        assert window(shuffled).mean == pytest.approx(window(plain).mean, rel=1e-9)
        assert window(shuffled).onset_min == window(plain).onset_min
    assert cosinor(shuffled).amplitude == pytest.approx(cosinor(plain).amplitude, rel=1e-9)
    assert cosinor(shuffled).acrophase_h == pytest.approx(cosinor(plain).acrophase_h, rel=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 999), st.integers(-11, 12))
def test_another_zone_moves_onsets_and_nothing_else(seed: int, hours: int) -> None:
    # A slope through the night keeps windows of equal zeros from tying: a tie goes to the smallest clock minute.
    values = counts(6, seed) + np.tile(np.linspace(0, 20, DAY), 6)
    zone = f"UTC{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
    here, there = rest_activity(prepared(values)), rest_activity(prepared(values, zone))
    assert there.l5.mean == pytest.approx(here.l5.mean, rel=1e-9)
    assert there.m10.mean == pytest.approx(here.m10.mean, rel=1e-9)
    assert there.l5.onset_min == (here.l5.onset_min + 60 * hours) % DAY
    assert there.m10.onset_min == (here.m10.onset_min + 60 * hours) % DAY
    assert there.stability == pytest.approx(here.stability, rel=1e-9)
    assert there.variability == pytest.approx(here.variability, rel=1e-9)
    moved = (cosinor(prepared(values, zone)).acrophase_h - cosinor(prepared(values)).acrophase_h - hours + 12) % 24
    assert moved == pytest.approx(12, abs=1e-6)


@pytest.mark.parametrize("width", BIN_WIDTHS)
def test_a_repeated_day_has_stability_one(width: int) -> None:
    recording = prepared(np.tile(counts(1, 3), 7))
    assert interdaily_stability(recording, width) == pytest.approx(1.0, abs=1e-9)


def test_a_repeated_day_has_stability_one_on_the_local_clock_across_a_clock_change() -> None:
    zone = ZoneTimeline.single("America/New_York")
    start = 1_709_614_800
    minute = LocalClock(start, 60, 9 * DAY - 60, zone).minute_of_day
    recording = prepared(counts(1, 4)[minute], "America/New_York", start)
    # One hour has a day less than the others, which moves the value by a hair.
    assert interdaily_stability(recording) == pytest.approx(1.0, abs=1e-3)
    assert recording.rows == 10


def test_lord_howe_shifts_by_half_an_hour_and_keeps_the_clock() -> None:
    zone = ZoneTimeline.single("Australia/Lord_Howe")
    start = 1_728_135_000 - 3 * 86_400
    minute = LocalClock(start, 60, 8 * DAY - 30, zone).minute_of_day
    recording = prepared(counts(1, 5)[minute], "Australia/Lord_Howe", start)
    assert interdaily_stability(recording, 30) == pytest.approx(1.0, abs=1e-3)
    assert least_active(recording).onset_min == least_active(prepared(np.tile(counts(1, 5), 8))).onset_min


def test_variability_of_a_sine_and_of_noise() -> None:
    t = np.arange(14 * DAY) / 60
    assert intradaily_variability(prepared(100 + 50 * np.sin(2 * np.pi * t / 24))) == pytest.approx(0.068, abs=0.003)
    hourly = np.random.default_rng(1).normal(100, 10, 60 * 24).repeat(60)
    assert intradaily_variability(prepared(hourly)) == pytest.approx(2.0, abs=0.1)
    assert interdaily_stability(prepared(hourly)) == pytest.approx(23 / (60 * 24 - 1), abs=0.01)


def test_bins_agree_with_the_plain_definition_on_gaps_and_a_clock_change() -> None:
    values = counts(6, 8, missing=0.45)
    values[3000:3400] = np.nan
    start = 1_711_700_000 // 60 * 60
    recording = prepared(values, "Europe/Berlin", start)
    epochs = recording.epochs
    for width in (1, 5, 18, 60):
        bins = LocalClock.of(epochs).bins(width)
        wanted = bins.means(epochs.values, epochs.valid, 60)
        found, _ = recording.in_order(width)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
        valid = np.isfinite(wanted)
        x, minute = wanted[valid], bins.minute[valid]
        hourly = np.array([x[minute == m].mean() for m in np.unique(minute)])
        stability = x.size * ((hourly - x.mean()) ** 2).sum() / (hourly.size * ((x - x.mean()) ** 2).sum())
        step = np.diff(wanted)
        step = step[np.isfinite(step)]
        assert interdaily_stability(recording, width) == pytest.approx(stability, rel=1e-5)
        assert intradaily_variability(recording, width) == pytest.approx((step**2).mean() / x.var(), rel=1e-5)


def test_one_pass_over_all_widths_equals_each_width_alone() -> None:
    recording = prepared(counts(80, 6, missing=0.3), "Europe/Berlin", 1_711_000_020)
    together = bin_statistics(recording, BIN_WIDTHS)
    for width in (1, 9, 45, 60):
        assert together[width].stability(recording.mean) == interdaily_stability(recording, width)
        bins = recording.bins(width)
        assert together[width].n == np.count_nonzero(bins.valid)
        assert together[width].squares == pytest.approx(float(bins.value @ bins.value), rel=1e-9)
        step = np.diff(bins.value)[bins.valid[1:] & bins.valid[:-1]]
        across = [float(bins.value[b] - bins.value[a]) for a, b in bins.junctions if bins.valid[a] and bins.valid[b]]
        assert together[width].pairs == step.size + len(across)
        assert together[width].successive == pytest.approx(float(step @ step) + sum(x * x for x in across), rel=1e-9)
    with pytest.raises(ValueError, match="among"):
        bin_statistics(recording, (7,))


def test_weeks_across_a_clock_change_equal_the_weeks_cut_out() -> None:
    recording = prepared(counts(22, 2), "Europe/Berlin", 1_710_975_600)
    periods = per_seven_days(recording)
    assert [period.start_day for period in periods] == [0, 7, 14]
    first = recording.part(0, 7 * DAY)
    assert periods[0].stability == pytest.approx(interdaily_stability(first), rel=1e-9)
    second = recording.part(7 * DAY, 14 * DAY - 60)
    assert periods[1].stability == pytest.approx(interdaily_stability(second), rel=1e-9)
    assert periods[1].variability == pytest.approx(intradaily_variability(second), rel=1e-9)


def test_a_window_needs_four_fifths_of_its_minutes() -> None:
    values = counts(4, 1)
    values.reshape(4, DAY)[:, : 18 * 60] = np.nan
    recording = prepared(values)
    assert least_active(recording) is not None
    assert most_active(recording) is None
    assert rest_activity(recording).relative_amplitude is None


@settings(max_examples=10)
@given(st.floats(20, 200), st.floats(1, 19), st.floats(0, 23.99))
def test_a_cosine_is_found_exactly(mesor: float, amplitude: float, peak: float) -> None:
    t = np.arange(5 * DAY) / 60
    fit = cosinor(prepared(mesor + amplitude * np.cos(2 * np.pi * (t - peak) / 24)))
    assert fit.mesor == pytest.approx(mesor, rel=1e-6)
    assert fit.amplitude == pytest.approx(amplitude, rel=1e-4)
    assert abs((fit.acrophase_h - peak + 12) % 24 - 12) < 1e-3
    assert fit.percent_rhythm == pytest.approx(100, abs=1e-3)


def test_single_cosinor_equals_least_squares_on_every_epoch() -> None:
    recording = prepared(counts(6, 12, missing=0.2), "Asia/Kathmandu", 60 * 77)
    valid = recording.valid
    t = LocalClock.of(recording.epochs).hours[valid] * 2 * np.pi / 24
    y = recording.epochs.values[valid].astype(np.float64)
    x = np.column_stack((np.ones(t.size), np.cos(t), np.sin(t), np.cos(2 * t), np.sin(2 * t)))
    one, rss_one = np.linalg.lstsq(x[:, :3], y, rcond=None)[:2]
    two, rss_two = np.linalg.lstsq(x, y, rcond=None)[:2]
    fit, pair = cosinor(recording), two_component_cosinor(recording)
    assert (fit.mesor, fit.amplitude) == pytest.approx((one[0], math.hypot(one[1], one[2])))
    assert fit.rss == pytest.approx(rss_one[0])
    assert pair.coefficients == pytest.approx(tuple(two))
    assert pair.rss == pytest.approx(rss_two[0])


def test_a_sigmoidal_day_is_found() -> None:
    t = np.arange(6 * DAY) / 60
    curve = 0.5 + 4 / (1 + np.exp(-6 * (np.cos(2 * np.pi * (t - 14.5) / 24) + 0.3)))
    noise = np.random.default_rng(0).normal(0, 0.2, t.size)
    fit = sigmoid_cosinor(prepared(np.maximum(np.expm1(curve + noise), 0)))
    assert fit.identifiable
    assert (fit.minimum, fit.amplitude) == pytest.approx((0.5, 4), abs=0.05)
    assert fit.alpha == pytest.approx(-0.3, abs=0.02)
    assert fit.beta == pytest.approx(6, rel=0.05)
    assert fit.acrophase_h == pytest.approx(14.5, abs=0.05)


def plain_fluctuation(values: NDArray[np.float64], scale: int) -> float:
    walk = np.cumsum(values - values.mean())
    windows = walk.size // scale
    t = np.arange(scale)
    squares = []
    for part in (walk[: windows * scale], walk[walk.size - windows * scale :]):
        for row in part.reshape(windows, scale):
            squares.append(((row - np.polyval(np.polyfit(t, row, 1), t)) ** 2).mean())
    return 0.5 * math.log(np.mean(squares))


@pytest.mark.parametrize("extra", [0, 7])
def test_fluctuation_by_blocks_equals_the_plain_definition(extra: int) -> None:
    values = np.random.default_rng(9).normal(50, 9, 4 * DAY + extra)
    found = fluctuation(prepared(values))
    values = values.astype(np.float32).astype(np.float64)
    for scale, log_f in zip(found.scales, found.log_f, strict=True):
        if scale in (10, 30, 130, 1440):
            assert log_f == pytest.approx(plain_fluctuation(values, scale), rel=1e-9)


def test_exponents_of_noise_and_of_brownian_motion() -> None:
    noise = np.random.default_rng(5).normal(0, 1, 30 * DAY)
    assert fluctuation(prepared(noise)).alpha == pytest.approx(0.5, abs=0.05)
    brown = fluctuation(prepared(np.cumsum(noise)))
    assert brown.alpha == pytest.approx(1.5, abs=0.06)
    assert default_scales()[0] == 10
    assert default_scales()[-1] == 1440


def test_transitions_of_a_known_chain() -> None:
    active = np.tile([1, 1, 1, 0, 0], 300) * 10.0
    found = transitions(prepared(active))
    assert found.p_ar == pytest.approx(1 / 3, abs=1e-3)
    assert found.p_ra == pytest.approx(1 / 2, abs=2e-3)
    assert found.k_ar is None


def test_transitions_of_the_rest_span_leave_the_day_out() -> None:
    values = np.tile(np.where(np.arange(DAY) < 300, np.arange(DAY) % 10 == 0, 1) * 50.0, 4)
    recording = prepared(values)
    night = clock_window(recording, least_active(recording).onset_min, 300)
    assert np.count_nonzero(night) == 4 * 300
    found = transitions(recording, within=night)
    assert found.p_ar == 1.0
    assert found.p_ra == pytest.approx(29 / 269)
    assert np.count_nonzero(clock_window(recording, 1380, 120)[:DAY]) == 120


def test_sustained_probability_of_a_memoryless_run_is_its_chance_of_ending() -> None:
    lengths = np.random.default_rng(2).geometric(0.05, 20_000)
    assert sustained_probability(lengths) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("period", [22.5, 24.0, 24.7])
@pytest.mark.parametrize("gaps", [False, True])
def test_both_periodograms_find_the_period(period: float, gaps: bool) -> None:
    t = np.arange(28 * DAY) / 60
    values = 100 + 60 * np.cos(2 * np.pi * t / period) + np.random.default_rng(3).normal(0, 30, t.size)
    if gaps:
        values[5000:9000] = np.nan
        values[20_000:20_700] = np.nan
    recording = prepared(values, "Europe/Berlin", 1_711_500_000)
    lomb, chi = lomb_scargle(recording), chi_square_periodogram(recording)
    assert lomb.period_h == pytest.approx(period, abs=0.05)
    assert chi.period_h == pytest.approx(period, abs=1 / 6 + 1e-9)
    assert chi.significant
    assert lomb.distinguishable_from_24h == (period != 24)
    assert lomb.false_alarm < 1e-6


def test_lomb_scargle_power_is_the_share_explained_by_a_sine_and_a_mean() -> None:
    recording = prepared(counts(9, 21, missing=0.3), "Australia/Lord_Howe", 1_727_900_060)
    found = lomb_scargle(recording)
    values, starts = recording.in_order(60)
    valid = np.isfinite(values)
    y, t = values[valid], starts[valid] / 3600
    for index in (0, 250, 401, 800):
        angle = 2 * np.pi * (t - t[0]) / found.periods_h[index]
        x = np.column_stack((np.ones(y.size), np.cos(angle), np.sin(angle)))
        rss = np.linalg.lstsq(x, y, rcond=None)[1][0]
        assert found.powers[index] == pytest.approx(1 - rss / ((y - y.mean()) ** 2).sum(), rel=1e-8)


@pytest.mark.parametrize("values", [np.empty(0), np.full(3000, np.nan), np.zeros(10 * DAY)])
def test_nothing_to_compute_gives_none_and_no_warning(values: NDArray[np.float64]) -> None:
    recording = prepared(values)
    found = rest_activity(recording)
    assert found.stability is None
    assert found.mean_variability is None
    assert found.relative_amplitude is None
    assert cosinor(recording) is None
    assert two_component_cosinor(recording) is None
    assert sigmoid_cosinor(recording) is None
    assert fluctuation(recording) is None
    assert lomb_scargle(recording) is None
    assert chi_square_periodogram(recording) is None
    assert transitions(recording).p_ar is None
    assert all(period.stability is None for period in per_seven_days(recording))


def test_epochs_of_another_length_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        PreparedRecording(epochs_of_counts(0, np.ones(10), ZoneTimeline.single("UTC"), step_s=30))
    assert caught.value.code == "circadian.epoch_length"


def test_insufficient_says_what_is_needed_and_what_there_is() -> None:
    assert insufficient_reason(METRICS["is"], 3) == "Needs 5 valid days, has 3."
    assert insufficient_reason(METRICS["is"], 5) is None
    assert insufficient_reason(METRICS["dfa_alpha"], 9, missing_share=0.2) == (
        "Needs at most 10 % missing or not worn, has 20 %."
    )
    assert insufficient_reason(METRICS["iv"], 9, missing_share=0.2) is None
