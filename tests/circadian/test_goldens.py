"""Every family against the golden values of an independent implementation, on all seven recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.nonparametric import per_seven_days, rest_activity
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.phase_models import MODELS, LightBlock, PhaseModel, light_of_blocks, simulate
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.circadian.wear import choi, nonwear_minutes, troiano

Meets = Callable[[str, Any, Any], None]
Reference = dict[str, Any]


def test_rest_activity(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    found = rest_activity(recording)
    assert found.l5 is not None
    assert found.m10 is not None
    for key, value in {
        "is": found.stability,
        "iv": found.variability,
        "ism": found.mean_stability,
        "ivm": found.mean_variability,
        "l5": found.l5.mean,
        "l5_onset_h": found.l5.onset_h,
        "m10": found.m10.mean,
        "m10_onset_h": found.m10.onset_h,
        "ra": found.relative_amplitude,
    }.items():
        meets(key, reference[key], value)


def test_every_seven_days(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    periods = per_seven_days(recording)
    assert len(periods) == len(reference["per_7d"])
    rows = [
        {"is_": row.stability, "iv": row.variability, "ra": row.relative_amplitude, "start_day": row.start_day}
        for row in periods
    ]
    meets("per_7d", reference["per_7d"], rows)


def test_cosinor(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    one, two = cosinor(recording), two_component_cosinor(recording)
    assert one is not None
    assert two is not None
    meets("cosinor", reference["cosinor"], asdict(one))
    meets("cosinor2", reference["cosinor2"], asdict(two))


def test_sigmoid_cosinor(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    found = sigmoid_cosinor(recording)
    assert found is not None
    meets("sigmoid_cosinor", reference["sigmoid_cosinor"], asdict(found))
    assert found.identifiable == ("alpha" in reference["sigmoid_cosinor"])


def test_fluctuation(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    found = fluctuation(recording)
    assert found is not None
    meets("dfa", reference["dfa"], asdict(found))


def test_transitions(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    meets("transition", reference["transition"], asdict(transitions(recording)))


def test_wear(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    epochs = recording.epochs
    by_choi, by_troiano = choi(epochs), troiano(epochs)
    found = {
        "choi_bouts": by_choi,
        "choi_nonwear_min": nonwear_minutes(by_choi),
        "missing_min": int(np.isnan(epochs.values).sum()),
        "troiano_bouts": by_troiano,
        "troiano_nonwear_min": nonwear_minutes(by_troiano),
    }
    meets("wear", reference["wear"], found)
    assert len(by_choi) == len(reference["wear"]["choi_bouts"])
    assert len(by_troiano) == len(reference["wear"]["troiano_bouts"])


def test_periodograms(recording: PreparedRecording, reference: Reference, meets: Meets) -> None:
    lomb, chi = lomb_scargle(recording), chi_square_periodogram(recording)
    assert lomb is not None
    assert chi is not None
    meets("lomb_scargle", reference["lomb_scargle"], {"n": lomb.n, "period_h": lomb.period_h, "power": lomb.power})
    row = {"period_h": chi.period_h, "qp": chi.qp, "threshold": chi.threshold}
    meets("chi_square_periodogram", reference["chi_square_periodogram"], row)


@pytest.mark.parametrize("protocol", ["day", "east_6h", "night_shift"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_phase_models(model: PhaseModel, protocol: str, golden_document: dict[str, Any], meets: Meets) -> None:
    case = golden_document["phase_models"][protocol]
    track = simulate(model, light_of_blocks([LightBlock(*block) for block in case["blocks"]]))
    key = f"{model.id}_cbtmin_h"
    meets(f"phase_models.{key}", case["ref"][key], track.cbtmin_h[-5:].tolist())
