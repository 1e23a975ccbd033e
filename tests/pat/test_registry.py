"""The registry: cards, verified state, the self-test against float64, and that nothing runs unverified."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.assets import asset
from clarity_desktop.domain.errors import ConflictError, InputError, IntegrityError, NotFoundError
from clarity_desktop.domain.pat import Origin
from clarity_desktop.pat.registry import Registry
from clarity_desktop.pat.self_test import GATES, forward_float64, probe_windows, run_self_test
from clarity_desktop.pat.weights import read_published

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"


def test_an_install_keeps_hash_card_and_verified_state(tmp_path: Path) -> None:
    registry = Registry(tmp_path, tmp_path / "none")
    one = registry.install(DATA / "pat_S_random.h5")
    assert (one.id, one.size, one.origin, one.verified, one.random) == (
        "pat-s-249d43de", "s", Origin.INSTALLED, True, True,
    )  # fmt: skip
    assert "say nothing about the person" in one.notice
    assert one.card["hash_known"] is False
    assert one.clinical is False
    assert one.card["attribution"].startswith("PAT by F. Y. Ruan")
    assert registry.all() == (one,)
    assert registry.encoder(one).size == read_published(DATA / "pat_S_random.h5").size


def test_nothing_runs_on_a_file_that_changed(tmp_path: Path) -> None:
    registry = Registry(tmp_path, tmp_path / "none")
    one = registry.install(DATA / "pat_S_random.h5")
    path = tmp_path / "models" / f"{one.id}.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 64
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError):
        registry.encoder(one)
    again = registry.get(one.id)
    assert not again.verified
    assert "not the one that its card names" in again.problem
    with pytest.raises(IntegrityError, match="not verified"):
        registry.encoder(again)
    with pytest.raises(IntegrityError):
        registry.ready(one.id)


def test_nothing_runs_before_its_self_test(tmp_path: Path) -> None:
    first = Registry(tmp_path / "a", tmp_path / "none")
    one = first.install(DATA / "pat_S_random.h5")
    other = Registry(tmp_path / "b", tmp_path / "a" / "models")
    found = other.get(one.id)
    assert (found.origin, found.verified) == (Origin.BUNDLED, False)
    with pytest.raises(IntegrityError):
        other.encoder(found)
    assert other.ready(one.id).verified
    assert Registry(tmp_path / "b", tmp_path / "a" / "models").get(one.id).verified


def test_a_refused_file_leaves_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path, tmp_path / "none")
    with pytest.raises(InputError):
        registry.install(DATA / "malformed" / "nan_weight.h5")
    assert not (tmp_path / "models").exists()
    with pytest.raises(NotFoundError):
        registry.default()


def test_names_are_plain_and_taken_once(tmp_path: Path) -> None:
    registry = Registry(tmp_path, tmp_path / "none")
    registry.install(DATA / "pat_S_random.h5", name="mine")
    with pytest.raises(ConflictError):
        registry.install(DATA / "malformed" / "ok_pattern_S.h5", name="mine")
    with pytest.raises(InputError):
        registry.install(DATA / "pat_S_random.h5", name="../mine")
    registry.remove("mine")
    assert registry.all() == ()


def test_the_reference_agrees_with_the_goldens_and_the_test_notices_a_wrong_weight() -> None:
    weights = read_published(DATA / "pat_S_random.h5")
    golden = np.load(DATA / "golden_S.npz")
    state = {key: tensor.double().numpy() for key, tensor in weights.state.items()}
    for place in (0, 3):
        made = forward_float64(weights.size, state, golden["windows"][place].astype(np.float64))
        assert np.abs(made.pooled - golden["pooled"][place]).max() < 1e-12
        assert np.abs(made.attention - golden["attention"][place]).max() < 1e-12
    errors = run_self_test(weights.size, weights.state)
    assert errors.tokens <= GATES["tokens"]
    assert errors.pooled <= GATES["pooled"]
    assert errors.attention <= GATES["attention"]
    assert np.isfinite(probe_windows()).all()


def test_a_route_that_computes_otherwise_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from clarity_desktop.pat import block

    weights = read_published(DATA / "pat_S_random.h5")
    right = block.positional_table

    def moved(tokens: int) -> object:
        return right(tokens + 1)[1:]

    monkeypatch.setattr("clarity_desktop.pat.encoder.positional_table", moved)
    with pytest.raises(IntegrityError, match="self-test"):
        run_self_test(weights.size, weights.state)


def test_the_bundled_checkpoint_is_whole_and_says_what_it_was_trained_on(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    found = [one for one in registry.all() if one.origin is Origin.BUNDLED]
    assert found
    for one in found:
        assert one.problem == "The self-test has not run on this machine yet."
        assert one.simulated
        assert "simulated" in one.notice
        assert json.loads((asset("models") / f"{one.id}.json").read_text())["clinical"] is False
        assert registry.ready(one.id).verified
        cohort = registry.cohort(one)
        assert cohort is not None
        assert cohort.simulated
        assert registry.autoencoder_path(one) is not None
