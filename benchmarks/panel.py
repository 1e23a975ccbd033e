"""Time each family of the rhythm panel on a year of one-minute epochs, on one thread.

The year is simulated with a clock change, worn-off stretches and missing stretches, so that every mask is real.
Run ``python benchmarks/panel.py [--days 365] [--repeat 7] [--json FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.nonparametric import per_seven_days, rest_activity
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.circadian.wear import choi, troiano
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.clock import average_day
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.signals.presence import combine_wear, coverage_of, day_coverage


def simulated_year(days: int = 365, seed: int = 1) -> Epochs:
    """Counts a minute with a rhythm, bursts, still nights, 2 % not worn and 3 % missing, in Europe/Berlin."""
    random = np.random.default_rng(seed)
    n = days * 1440
    hours = np.arange(n) / 60
    drive = np.maximum(0.0, np.cos(2 * np.pi * (hours - 15) / 24) + 0.45)
    slow = np.exp(random.normal(0, 0.6, n // 20 + 1)).repeat(20)[:n]
    counts = random.gamma(0.8, 130.0, n) * drive * slow
    counts = np.where(random.random(n) < np.where(drive > 0, 0.12, 0.93), 0.0, counts + (drive == 0) * 3)
    for begin in random.integers(0, n - 400, int(n * 0.02 / 300)):
        counts[begin : begin + 300] = 0
    counts = np.rint(counts)
    for begin in random.integers(0, n - 900, int(n * 0.03 / 700)):
        counts[begin : begin + 700] = np.nan
    zone = ZoneTimeline.single("Europe/Berlin")
    epochs = epochs_of_counts(1_672_527_600, counts, zone, unit="counts", kind="ActivityCounts")
    return combine_wear(epochs, choi=choi(epochs)).epochs


def timed(work: Callable[[], object], repeat: int) -> float:
    """Median milliseconds of a piece of work, after one run to warm up."""
    work()
    found = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begin))
    return statistics.median(found)


def rows(epochs: Epochs, repeat: int) -> dict[str, float]:
    """Milliseconds by family; a family's row includes the intermediates it is first to need."""
    shared = PreparedRecording(epochs)
    rest_activity(shared)

    def fresh() -> PreparedRecording:
        recording = PreparedRecording(epochs)
        _ = recording.deviations, recording.sum_of_squares, recording.minute_mean
        return recording

    def panel() -> None:
        recording = fresh()
        choi(epochs)
        troiano(epochs)
        rest_activity(recording)
        per_seven_days(recording)
        cosinor(recording)
        two_component_cosinor(recording)
        sigmoid_cosinor(recording)
        fluctuation(recording)
        transitions(recording)
        lomb_scargle(recording)
        chi_square_periodogram(recording)

    work: dict[str, Callable[[], object]] = {
        "prepare (values, day grid, average day)": fresh,
        "wear: Choi and Troiano": lambda: (choi(epochs), troiano(epochs)),
        "coverage by day": lambda: coverage_of(epochs, day_coverage(epochs)),
        "IS, IV, ISm, IVm, L5, M10, RA": lambda: rest_activity(shared),
        "per 7 days": lambda: per_seven_days(shared),
        "cosinor, one and two components": lambda: (cosinor(shared), two_component_cosinor(shared)),
        "cosinor, sigmoidal": lambda: sigmoid_cosinor(shared),
        "DFA and crossover": lambda: fluctuation(shared),
        "transitions": lambda: transitions(shared),
        "Lomb–Scargle": lambda: lomb_scargle(shared),
        "chi-square periodogram": lambda: chi_square_periodogram(shared),
        "average day with quartiles": lambda: average_day(epochs),
        "all metric families together": panel,
    }
    return {name: timed(one, repeat) for name, one in work.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        # The linear algebra library reads its number of threads once, when it is loaded.
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    epochs = simulated_year(arguments.days)
    found = rows(epochs, arguments.repeat)
    print(f"{arguments.days} days, {len(epochs)} epochs, {int(epochs.valid.sum())} valid, one thread")
    for name, milliseconds in found.items():
        print(f"{name:<42}{milliseconds:8.2f} ms")
    if arguments.json:
        document = {"days": arguments.days, "epochs": len(epochs), "milliseconds": found}
        arguments.json.write_text(json.dumps(document, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
