"""The panel's bytes, its document, its intervals and the published ranges."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from functools import cache

import numpy as np
import pytest
from golden_data import golden, recording
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.analysis.documents import panel_document
from clarity_desktop.analysis.findings.uncertainty import (
    circular_interval,
    cosinor_intervals,
    interval_of,
    profile_intervals,
    seed_of,
    stability_intervals,
)
from clarity_desktop.analysis.panels.codec import decode_panel, encode_panel
from clarity_desktop.analysis.panels.still_sleep import still_stretches
from clarity_desktop.analysis.recording import analyze_epochs
from clarity_desktop.analysis.reference_ranges import reference_ranges
from clarity_desktop.circadian.cosinor import cosinor
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import SleepSegment, Stage


@cache
def panel_of(name: str) -> Panel:
    return analyze_epochs(recording(name)[0])


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)  # type: ignore[attr-defined]
    if hasattr(one, "__dataclass_fields__") and type(one) is type(other):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))  # type: ignore[arg-type]
    return one == other


@pytest.mark.parametrize("name", ["normal", "gaps", "awd_example_01", "dst_spring"])
def test_bytes_round_trip(name: str) -> None:
    panel = panel_of(name)
    blob = encode_panel(panel)
    again = decode_panel(blob)
    assert again is not None
    for field in fields(Panel):
        assert same(getattr(panel, field.name), getattr(again, field.name)), field.name
    assert encode_panel(again) == blob


@pytest.mark.parametrize("blob", [b"", b"CLPN", b"CLPN\x63\x00\x00\x00\x00\x00rest", b"CLPN\x01\x00\x00\x00\x00\x00no"])
def test_bytes_of_another_form_are_not_a_panel(blob: bytes) -> None:
    assert decode_panel(blob) is None


def test_the_document_has_the_contract_s_fields() -> None:
    document = panel_document(panel_of("gaps"))
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert {"zone", "coverage", "wear", "circadian", "sleep", "provenance"} <= set(document)
    assert {"is", "iv", "ra", "l5", "l5_onset_h", "m10", "m10_onset_h"} <= set(document["circadian"])
    assert document["zone"] == "America/Chicago"
    night = document["sleep"]["nights"][0]
    assert {"date", "onset", "offset", "tib_min", "tst_min", "sol_min", "waso_min", "se_pct"} <= set(night)
    assert {"awakenings", "midsleep_h", "stages_min"} <= set(night)
    assert datetime.fromisoformat(night["onset"]).utcoffset() is not None
    assert night["tib_min"] is None
    assert "tib_min" in night["insufficient"]
    assert document["sleep"]["se_pct"] is None
    assert document["sleep"]["insufficient"]["se_pct"]
    assert document["coverage"]["missing"] == 1798


def test_the_document_may_be_narrowed() -> None:
    document = panel_document(panel_of("normal"), ["is", "sri"])
    assert set(document["findings"]) == {"is", "sri"}
    assert set(document["circadian"]) == {"is", "insufficient"}


def test_recorded_stages_are_preferred_to_scoring() -> None:
    epochs, _ = recording("normal")
    night = SleepSegment(epochs.start + 86_400, epochs.start + 86_400 + 6 * 3600, Stage.CORE, "watch")
    panel = analyze_epochs(epochs, segments=[night])
    assert [one.method for one in panel.nights] == ["stages"]
    assert panel.nights[0].tst_min == 360


def test_an_unknown_zone_is_said() -> None:
    assert any("time zone is not known" in note for note in panel_of("awd_example_01").notes)


@given(st.floats(0, 24), st.floats(0.01, 3))
def test_clock_intervals_wrap_midnight(around: float, width: float) -> None:
    replicates = (around + np.linspace(-width, width, 401)) % 24
    found = circular_interval(replicates, around)
    assert found is not None
    low, high = found
    assert 0 <= low < 24
    assert 0 <= high < 24
    assert (high - low) % 24 == pytest.approx(0.95 * 2 * width, abs=1e-6)


def test_too_few_replicates_give_no_interval() -> None:
    assert interval_of(np.full(10, np.nan)) is None
    assert interval_of(np.array([1.0, 2.0, np.nan])) == pytest.approx((1.025, 1.975))


def test_replicates_are_the_metrics_of_resampled_days() -> None:
    """A bootstrap of equal days is exact: every replicate is the estimate."""
    epochs, _ = recording("normal")
    day = epochs.values[: 7 * 1440].reshape(7, 1440)[0]
    from clarity_desktop.signals.epochs import epochs_of_counts

    repeated = PreparedRecording(epochs_of_counts(epochs.start, np.tile(day, 7), epochs.zone))
    fit = cosinor(repeated)
    assert fit is not None
    waves = cosinor_intervals(repeated, seed_of("x", "y"), acrophase_h=fit.acrophase_h)
    assert waves["mesor"] == pytest.approx((fit.mesor, fit.mesor))
    assert waves["amplitude"] == pytest.approx((fit.amplitude, fit.amplitude))
    stability, variability = stability_intervals(repeated, seed_of("x", "y"))
    assert stability == pytest.approx((1.0, 1.0))
    assert variability is not None
    assert variability[0] < variability[1] < 1.1 * variability[0] + 0.1


def test_two_days_are_too_few_to_resample() -> None:
    epochs, _ = recording("normal")
    from clarity_desktop.signals.epochs import epochs_of_counts

    short = PreparedRecording(epochs_of_counts(epochs.start, epochs.values[: 2 * 1440], epochs.zone))
    assert stability_intervals(short, seed_of("x", "y")) == (None, None)
    assert profile_intervals(short, seed_of("x", "y"), l5_onset_h=0, m10_onset_h=0) == {}


def test_ranges_carry_population_and_citation() -> None:
    young, old = reference_ranges("tst_min", age=30), reference_ranges("tst_min", age=70)
    assert {(r.low, r.high) for r in young} == {(420, 540), (420, None)}
    assert {(r.low, r.high) for r in old} == {(420, 480)}
    assert all(r.citation and r.population for r in young + old)
    assert reference_ranges("se_pct", age=40, method="scored:cole_kripke_rescored")


@pytest.mark.parametrize("metric", ["is", "iv", "ra", "l5", "m10", "social_jetlag_h", "cpd_h", "acrophase_h"])
def test_what_has_no_published_range_has_none(metric: str) -> None:
    assert reference_ranges(metric, age=40) == ()


def test_no_range_for_children_or_unknown_age_or_another_pipeline() -> None:
    assert reference_ranges("tst_min", age=12) == ()
    assert reference_ranges("tst_min", age=None) == ()
    assert reference_ranges("sri", age=60) == ()
    assert reference_ranges("sri", age=60, method="ggir_sleepreg")


@pytest.mark.parametrize(("name", "asleep", "off"), [("normal", 186, 0), ("dst_spring", 199, 0), ("irregular", 263, 0)])
def test_still_sleep_of_a_worn_device_is_kept(name: str, asleep: int, off: int) -> None:
    epochs, _ = recording(name)
    found = still_stretches(epochs)
    assert sum(stop - start for start, stop in found.asleep) == asleep
    assert sum(stop - start for start, stop in found.not_worn) == off
    panel = panel_of(name)
    assert panel.coverage.not_worn == 0
    assert any(str(asleep) in note for note in panel.notes)


def test_a_device_off_the_wrist_is_not_asleep() -> None:
    epochs, truth = recording("gaps")
    assert truth is not None
    found = still_stretches(epochs)
    for start, stop in found.asleep:
        assert truth[start:stop].mean() > 0.9
    assert {(2014, 2205), (14685, 15107)} <= set(found.not_worn)
    assert still_stretches(recording("awd_example_01")[0]).asleep == ()


@pytest.mark.parametrize("name", ["normal", "irregular", "shift", "dst_spring"])
def test_panels_of_worn_recordings_are_the_golden_values(name: str) -> None:
    panel = panel_of(name)
    reference = golden()["recordings"][name]["ref"]
    for metric in ("is", "iv", "ra", "l5", "m10", "l5_onset_h", "m10_onset_h"):
        finding = panel.finding(metric)
        assert finding is not None
        assert finding.value == pytest.approx(reference[metric], rel=1e-6)
    regularity = panel.finding("sri")
    assert regularity is not None
    assert regularity.value == pytest.approx(reference["sri"]["cole_kripke_rescored_6h_5pairs"])
