"""The simulated population: equal seeds, varied people, and weeks that look like weeks."""

from __future__ import annotations

import numpy as np
import pytest

from clarity_desktop.demo.population import Population, simulate_population
from clarity_desktop.demo.pretraining import filled_with_own_median, training_weeks


@pytest.fixture(scope="module")
def population() -> Population:
    return simulate_population(400, 7)


def test_equal_seeds_give_equal_weeks_and_a_larger_population_begins_with_the_smaller(population: Population) -> None:
    again = simulate_population(250, 7)
    np.testing.assert_array_equal(again.counts, population.counts[:250])
    np.testing.assert_array_equal(again.worn, population.worn[:250])
    assert not np.array_equal(simulate_population(50, 8).counts, population.counts[:50])


def test_counts_are_whole_and_zero_where_not_worn(population: Population) -> None:
    assert population.counts.shape == (400, 10_080)
    assert population.counts.dtype == np.float32
    assert np.isfinite(population.counts).all()
    assert (population.counts >= 0).all()
    assert population.counts.max() <= 6000
    assert (population.counts == np.round(population.counts)).all()
    assert (population.counts[~population.worn] == 0).all()


def test_people_differ_in_work_weekday_chronotype_and_level(population: Population) -> None:
    assert set(population.occupation) == {0, 1, 2, 3, 4, 5}
    assert set(population.first_weekday) == set(range(7))
    assert population.midsleep_h.std() > 0.8
    level = population.counts.mean(axis=1)
    low, high = np.quantile(level, [0.05, 0.95])
    assert high > 3 * low


def test_a_charge_a_day_leaves_nine_tenths_worn(population: Population) -> None:
    share = population.worn.mean(axis=1)
    assert 0.94 < share.mean() < 0.985
    assert (share < 1).mean() > 0.95
    assert (share >= 0.9).mean() > 0.95


def test_nights_are_still_and_night_workers_are_not(population: Population) -> None:
    clock = np.arange(10_080) % 1440
    night = (clock >= 150) & (clock < 270)
    afternoon = (clock >= 840) & (clock < 1080)
    still = (population.counts[:, night] < 30).mean(axis=1)
    office = population.occupation == 0
    assert np.median(still[office]) > 0.8
    assert still[population.occupation == 4].mean() < still[office].mean() - 0.2
    assert (population.counts[office][:, afternoon] < 30).mean() < 0.35


def test_missing_minutes_get_the_persons_own_median() -> None:
    counts = np.zeros((1, 10_080), np.float32)
    worn = np.ones((1, 10_080), np.bool_)
    days = counts.reshape(7, 1440)
    days[:, 600] = [10, 20, 30, 40, 50, 60, 70]
    mask = worn.reshape(7, 1440)
    mask[0, 600] = False
    mask[:, 700] = False
    days[:, 100] = 6.0
    population = Population(counts, worn, np.zeros(1, np.int8), np.zeros(1, np.float32), np.zeros(1, np.int8))
    filled = filled_with_own_median(population).reshape(7, 1440)
    assert filled[0, 600] == 45.0
    assert (filled[:, 700] == 0.0).all()
    np.testing.assert_array_equal(filled[1:, 600], days[1:, 600])


def test_training_weeks_are_standardised_by_the_training_people_alone() -> None:
    weeks = training_weeks(200, 3)
    assert (len(weeks.training), len(weeks.validation), len(weeks.test)) == (170, 20, 10)
    assert weeks.statistics.people == 170
    assert weeks.statistics.simulated
    assert np.isfinite(weeks.training).all()
    assert abs(float(weeks.training.mean())) < 0.05
    assert 0.85 < float(weeks.training.std()) < 1.05
