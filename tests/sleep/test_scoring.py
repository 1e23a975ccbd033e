"""Scorers: the published rules on cases small enough to check by hand, and what holds for any recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clarity_desktop.domain.errors import InputError, UsageError
from clarity_desktop.sleep.scoring import (
    SCORERS,
    cole_kripke,
    oakley,
    oakley_automatic_threshold,
    roenneberg_bouts,
    sadeh,
    score_all,
    scripps,
    tudor_locke_periods,
    webster_rescored,
)
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, decode_states, encode_states, runs_of

counts = hnp.arrays(
    np.float64,
    st.integers(1, 400),
    elements=st.one_of(st.integers(0, 900).map(float), st.just(0.0), st.just(float("nan"))),
)


@pytest.mark.slow
@given(counts, st.sampled_from(sorted(SCORERS)))
def test_every_scorer_keeps_missing_epochs_missing(values: np.ndarray, name: str) -> None:
    states = SCORERS[name].score(values)
    assert states.shape == values.shape
    assert np.array_equal(states == UNKNOWN, np.isnan(values))
    assert set(np.unique(states)) <= {SLEEP, WAKE, UNKNOWN}


@pytest.mark.parametrize("name", sorted(SCORERS))
def test_every_scorer_takes_an_empty_recording(name: str) -> None:
    assert SCORERS[name].score(np.empty(0)).size == 0


def test_cole_kripke_is_the_published_sum() -> None:
    values = np.random.default_rng(1).integers(0, 200, 60).astype(float)
    weights = [106, 54, 58, 76, 230, 74, 67]
    padded = np.concatenate((np.zeros(4), values / 30, np.zeros(2)))
    expected = [0.001 * sum(w * padded[i + k] for k, w in enumerate(weights)) < 1 for i in range(60)]
    assert cole_kripke(values).tolist() == [int(e) for e in expected]


def test_cole_kripke_depends_on_its_unit() -> None:
    values = np.full(30, 100.0)
    assert not cole_kripke(values, unit="per_10s")[10:20].any()
    assert cole_kripke(values, unit="actigraph")[10:20].all()


def test_scripps_is_the_published_sum() -> None:
    weights = [0.0064, 0.0074, 0.0112, 0.0112, 0.0118, 0.0118, 0.0128, 0.0188, 0.0280, 0.0664, 0.0300, 0.0112, 0.0100]
    values = np.random.default_rng(2).integers(0, 120, 60).astype(float)
    padded = np.concatenate((np.zeros(10), values, np.zeros(2)))
    expected = [0.204 * sum(w * padded[i + k] for k, w in enumerate(weights)) < 1 for i in range(60)]
    assert scripps(values).tolist() == [int(e) for e in expected]


def test_sadeh_is_the_published_score() -> None:
    values = np.random.default_rng(3).integers(0, 150, 80).astype(float)
    for i in range(5, 74):
        window, before = values[i - 5 : i + 6], values[i - 5 : i + 1]
        score = 7.601 - 0.065 * window.mean() - 1.08 * ((window >= 50) & (window < 100)).sum()
        score -= 0.056 * before.std(ddof=1) + 0.703 * np.log(values[i] + 1)
        assert sadeh(values)[i] == int(score >= 0)


@pytest.mark.parametrize(("variant", "step_s"), [("max_30s", 60), ("max_10s", 60)])
def test_what_needs_sub_minute_data_is_refused(variant: str, step_s: int) -> None:
    with pytest.raises(InputError) as caught:
        cole_kripke(np.zeros(10), step_s=step_s, unit=variant)
    assert caught.value.code == "sleep.needs_sub_minute"


@pytest.mark.parametrize("scorer", [cole_kripke, sadeh, scripps])
def test_other_epoch_lengths_are_refused(scorer: object) -> None:
    with pytest.raises(InputError) as caught:
        scorer(np.zeros(10), step_s=30)  # type: ignore[operator]
    assert caught.value.code == "sleep.epoch_length"


def test_unknown_units_and_variants_are_refused() -> None:
    with pytest.raises(UsageError):
        cole_kripke(np.zeros(3), unit="per_week")
    with pytest.raises(UsageError):
        sadeh(np.zeros(3), variant="new")


@pytest.mark.parametrize(("step_s", "weight"), [(15, 4.0), (30, 2.0), (60, 1.0), (120, 0.5)])
def test_oakley_threshold_is_sleep_when_met_exactly(step_s: int, weight: float) -> None:
    values = np.zeros(41)
    values[20] = 40 / weight
    assert oakley(values, step_s=step_s)[20] == SLEEP
    values[20] += 0.1
    assert oakley(values, step_s=step_s)[20] == WAKE


def test_oakley_automatic_threshold() -> None:
    assert oakley_automatic_threshold(np.array([0.0, 3.0, 4.0, 8.0]), step_s=60) == pytest.approx(0.88888 * 15 / 2)
    assert oakley_automatic_threshold(np.zeros(5)) is None
    with pytest.raises(InputError):
        oakley(np.zeros(5), step_s=10)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("W4S9", "W5S8"),
        ("W3S9", "W3S9"),
        ("W10S9", "W13S6"),
        ("W15S9", "W19S5"),
        ("W15S3W1S20", "W19S20"),
        ("W10S6W10", "W26"),
        ("W10S7W10", "W13S4W10"),
        ("W20S10W20", "W50"),
        ("W10S6N4W10", "W13S3N4W10"),
        ("W15N1S9", "W15N1S9"),
    ],
)
def test_webster_rules(before: str, after: str) -> None:
    rescored = webster_rescored(decode_states(before))
    assert encode_states(rescored) == encode_states(decode_states(after))


@given(hnp.arrays(np.int8, st.integers(0, 300), elements=st.sampled_from([SLEEP, WAKE, UNKNOWN])))
def test_webster_only_turns_sleep_into_wake(states: np.ndarray) -> None:
    rescored = webster_rescored(states)
    changed = rescored != states
    assert (states[changed] == SLEEP).all()
    assert (rescored[changed] == WAKE).all()


@given(hnp.arrays(np.int8, st.integers(0, 300), elements=st.sampled_from([SLEEP, WAKE, UNKNOWN])))
def test_state_text_round_trip(states: np.ndarray) -> None:
    assert np.array_equal(decode_states(encode_states(states)), states)
    assert int(runs_of(states).length.sum()) == states.size


@pytest.mark.parametrize("text", ["S3X2", "3S", "S", "S-1"])
def test_other_state_text_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        decode_states(text)


def _two_days() -> np.ndarray:
    """Active 07–23, still 23–07, for two days from noon."""
    hour = (np.arange(2 * 1440) / 60 + 12) % 24
    random = np.random.default_rng(5)
    return np.where((hour >= 7) & (hour < 23), random.integers(100, 400, hour.size), random.integers(0, 3, hour.size))


def test_roenneberg_finds_the_two_nights() -> None:
    bouts = roenneberg_bouts(_two_days().astype(float))
    assert len(bouts) == 2
    assert bouts[0] == pytest.approx((11 * 60, 19 * 60), abs=2)


def test_a_span_that_is_wholly_still_is_one_bout() -> None:
    values = _two_days().astype(float)
    values[-800:-680] = 200.0
    values[-680:] = 0.0
    assert roenneberg_bouts(values)[-1] == (values.size - 680, values.size)


def test_crespo_separates_rest_from_activity() -> None:
    values = np.tile(_two_days(), 4).astype(float)
    states = SCORERS["crespo"].score(values)
    hour = (np.arange(values.size) / 60 + 12) % 24
    asleep = (hour >= 23) | (hour < 7)
    middle = slice(600, -600)
    assert np.mean((states[middle] == SLEEP) == asleep[middle]) > 0.95


def test_tudor_locke_opens_by_sleep_and_closes_by_wake() -> None:
    states = decode_states("W60S4W9S100W9S80W10S3W30S200W100")
    assert tudor_locke_periods(states) == ((73, 262), (305, 505))
    assert tudor_locke_periods(states, shortest=190) == ((305, 505),)
    assert tudor_locke_periods(states, join=50) == ((73, 505),)
    assert tudor_locke_periods(decode_states("W900")) == ()


def literal_sadeh(values: np.ndarray, cap: float, threshold: float) -> list[int]:
    """The formula as it is written, one epoch at a time in double precision."""
    capped = np.minimum(values, cap)
    states = []
    for at in range(values.size):
        if np.isnan(values[at]):
            states.append(int(UNKNOWN))
            continue
        window, last = capped[max(0, at - 5) : at + 6], capped[max(0, at - 5) : at + 1]
        window, last = window[~np.isnan(window)], last[~np.isnan(last)]
        spread = last.std(ddof=1) if last.size > 1 else 0.0
        middling = np.count_nonzero((window >= 50) & (window < 100))
        score = 7.601 - 0.065 * window.mean() - 1.08 * middling - 0.056 * spread - 0.703 * np.log(capped[at] + 1)
        states.append(int(SLEEP if score >= threshold else WAKE))
    return states


@pytest.mark.slow
@given(counts, st.sampled_from([1.0, 0.1, 0.737]))
def test_sadeh_is_the_published_score_on_any_counts(values: np.ndarray, factor: float) -> None:
    values = values * factor
    assert sadeh(values).tolist() == literal_sadeh(values, np.inf, 0.0)
    assert sadeh(values, variant="actigraph").tolist() == literal_sadeh(values, 300.0, -4.0)


def test_sadeh_is_exact_where_scores_crowd_around_the_threshold() -> None:
    # A level whose score lies within a tenth of −4, with a count of noise: single precision cannot settle these.
    random = np.random.default_rng(4)
    values = 123.0 + random.integers(0, 5, 4000)
    values[random.integers(0, 4000, 300)] = np.nan
    states = sadeh(values, variant="actigraph")
    assert 500 < np.count_nonzero(states == SLEEP) < 3500
    assert states.tolist() == literal_sadeh(values, 300.0, -4.0)


@given(counts)
def test_scoring_together_is_scoring_alone(values: np.ndarray) -> None:
    together = score_all(values)
    assert list(together) == list(SCORERS)
    for name, scorer in SCORERS.items():
        assert np.array_equal(together[name], scorer.score(values))


def test_scoring_in_stretches_has_no_seams() -> None:
    # Longer than the stretch that is scored at once: the second half alone gives the same states away from its edge.
    values = np.random.default_rng(2).gamma(0.5, 60, 60_000).round()
    together = score_all(values)
    for name in ("cole_kripke", "sadeh", "sadeh_actigraph", "scripps", "oakley_40"):
        later = SCORERS[name].score(values[20_000:])
        assert np.array_equal(together[name][20_010:], later[10:])
