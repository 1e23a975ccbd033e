"""Every golden value of every recording, of the staged nights and of the phase models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from golden_data import RECORDINGS, failures, golden, recording

from clarity_desktop.analysis.golden import reference_values
from clarity_desktop.analysis.nights import nights_document
from clarity_desktop.analysis.phase_model import phase_model_document
from clarity_desktop.domain.errors import InputError


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_key_of_a_recording(name: str) -> None:
    wanted = golden()["recordings"][name]
    epochs, truth = recording(name)
    found = reference_values(epochs, wanted.get("nights"), true_sleep=truth)
    json.dumps(found, allow_nan=False)
    number, wrong = failures(wanted["ref"], found)
    assert number > 100
    assert not wrong


@pytest.mark.parametrize("index", range(10))
def test_every_staged_night(index: int) -> None:
    case = golden()["stages"][index]
    nights = nights_document(case["segments"], case["priority"])
    assert len(nights) == 1
    number, wrong = failures(case["ref"], nights[0], "nights.")
    assert number > 10
    assert not wrong


@pytest.mark.parametrize("name", ["day", "east_6h", "night_shift"])
def test_every_phase_model(name: str) -> None:
    case = golden()["phase_models"][name]
    number, wrong = failures(case["ref"], phase_model_document({"blocks": case["blocks"]}), "phase_models.")
    assert number == 10
    assert not wrong


def test_the_comparison_can_fail() -> None:
    reference = golden()["recordings"]["normal"]["ref"]
    changed = {**reference, "is": reference["is"] * 1.0001, "states": {**reference["states"], "sadeh": "W30240"}}
    _, wrong = failures(reference, changed)
    assert {problem.split(":")[0] for problem in wrong} == {"is", "states.sadeh"}


def test_nights_outside_the_recording_are_refused() -> None:
    epochs, _ = recording("normal")
    night = {"in_bed": 0, "out_of_bed": len(epochs) + 1, "onset": 3, "offset": 9, "free": False}
    with pytest.raises(InputError) as caught:
        reference_values(epochs, [night])
    assert caught.value.code == "sleep.nights"


def test_unnamed_stages_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        nights_document([[0, 60, "watch", "dozing"]])
    assert caught.value.code == "sleep.segment"


@pytest.mark.parametrize("blocks", [[], [[0, 7, 23, 500, 0]], [[1, 7, 25, 500, 0]], [[1, 7, 23, 500]], "light"])
def test_protocols_of_another_form_are_refused(blocks: object) -> None:
    with pytest.raises(InputError):
        phase_model_document({"blocks": blocks})


def test_true_sleep_is_optional() -> None:
    epochs, _ = recording("dst_spring")
    found = reference_values(epochs, None)
    assert "truth" not in found["sri"]
    assert "nights" not in found
    assert np.isfinite(found["is"])
