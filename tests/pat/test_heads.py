"""Local heads: nothing from chance, calibration, intervals, least numbers, and people apart in every fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import CancelledError, UsageError
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.pat.heads.evaluation import auc, auc_interval, brier, reliability
from clarity_desktop.pat.heads.fit import class_weights, fit_head, fit_platt, head_of, sigmoid
from clarity_desktop.pat.heads.training import folds_by_person, train_head


def people(n: int, effect: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3 == 0
    x = random.normal(size=(n, 96))
    x[y, :5] += effect
    return x, y


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 999))
@example(4, 2, 129)
def test_the_area_is_the_share_of_pairs(m: int, n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.array([True] * m + [False] * n)
    score = random.integers(0, 6, m + n).astype(np.float64)
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in score[y] for b in score[~y]]
    assert auc(score, y) == pytest.approx(np.mean(pairs))
    found = auc_interval(score, y)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_interval_of_the_area_holds_the_truth_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(3)
    y = np.arange(80) % 2 == 0
    held = 0
    for _ in range(300):
        score = random.normal(size=80) + 1.0 * y
        interval = auc_interval(score, y)
        held += interval.low <= 0.7602 <= interval.high
    assert 0.91 <= held / 300 <= 0.985


def test_brier_reliability_and_platt_by_hand() -> None:
    y = np.array([True, False, True, False])
    assert brier(np.array([1, 0, 0.5, 0.5]), y) == pytest.approx(0.125)
    bins = reliability(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), bins=2)
    assert [(one.predicted, one.observed, one.people) for one in bins] == [
        (pytest.approx(0.15), 0.0, 2),
        (pytest.approx(0.85), 1.0, 2),
    ]
    assert bins[0].low == 0
    assert bins[0].high == pytest.approx(0.6576, abs=1e-3)
    random = np.random.default_rng(0)
    logit = random.normal(size=4000) * 2
    outcome = random.random(4000) < sigmoid(0.5 * logit - 1)
    platt = fit_platt(logit, outcome)
    assert platt.slope == pytest.approx(0.5, abs=0.06)
    assert platt.intercept == pytest.approx(-1, abs=0.12)


def test_classes_weigh_the_same() -> None:
    y = np.array([True, False, False, False])
    weight = class_weights(y)
    assert weight[y].sum() == pytest.approx(weight[~y].sum())
    assert weight.mean() == pytest.approx(1)


def test_a_head_on_noise_shows_no_score_and_one_on_signal_does() -> None:
    noise = train_head(*people(60, 0.0, 1), permutations=60).report
    assert not noise.usable
    assert noise.p_value > 0.05
    assert noise.verdict.startswith("No score is shown")
    signal = train_head(*people(90, 1.5, 2), permutations=60)
    assert signal.report.usable
    assert signal.report.auc.low > 0.7
    assert signal.report.p_value == pytest.approx(1 / 61)
    x, y = people(90, 1.5, 5)
    probability = signal.platt.probability(signal.head.logit(x))
    assert brier(probability, y) < signal.report.brier_of_share
    again = head_of(signal.head.as_document())
    assert np.allclose(again.logit(x), signal.head.logit(x))


@pytest.mark.slow
def test_chance_passes_about_as_often_as_the_level_says() -> None:
    passed = sum(train_head(*people(48, 0.0, seed), permutations=19, seed=seed).report.usable for seed in range(25))
    assert passed <= 4


def test_a_hidden_layer_finds_the_signal_too() -> None:
    report = train_head(*people(60, 2.0, 4), kind="mlp", permutations=3).report
    assert report.auc.value > 0.85


def test_nobody_is_in_two_folds_and_classes_are_spread() -> None:
    y = np.arange(50) % 3 == 0
    fold = folds_by_person(y, 5, np.random.default_rng(0))
    assert set(fold.tolist()) == set(range(5))
    assert all(3 <= y[fold == one].sum() <= 4 for one in range(5))


def test_too_few_people_train_nothing() -> None:
    with pytest.raises(UsageError, match="39 of 40 people"):
        train_head(*people(39, 1.0, 0))
    x, _ = people(60, 1.0, 0)
    with pytest.raises(UsageError, match="14 of 15"):
        train_head(x, np.arange(60) < 14)


def test_training_stops_between_permutations() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        train_head(*people(60, 1.0, 0), cancel=token)


def test_a_head_that_knows_everybody_by_heart_is_not_judged_by_those_it_learnt_from() -> None:
    """With more numbers than people any labels can be learnt; only people apart tell."""
    x, y = people(45, 0.0, 9)
    head = fit_head("linear", x, y)
    assert auc(head.logit(x), y) > 0.95
    assert train_head(x, y, permutations=1).report.auc.value < 0.75
