"""Time rolling windows, slopes, change points and comparison on three years of one-minute epochs, on one thread.

Run ``python benchmarks/change.py [--days 1095] [--repeat 5]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from panel import simulated_year

from clarity_desktop.analysis.change import compare, follow
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.findings.trends import change_points, rolling_mean, trend_of
from clarity_desktop.circadian.cosinor import cosinor
from clarity_desktop.circadian.heart_clock import daily_clocks
from clarity_desktop.circadian.heart_rhythm import HeartBins
from clarity_desktop.circadian.nonparametric import rest_activity
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.rolling import WINDOWS, rolling_rhythm
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.signals.presence import day_coverage


def timed(work: Callable[[], object], repeat: int) -> float:
    """Median milliseconds of a piece of work, after one run to warm up."""
    work()
    found = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begin))
    return statistics.median(found)


def simulated_heart(days: int) -> HeartBins:
    """Heart rate of five minutes with a rhythm, steps, and slow noise; three in ten bins without a rate."""
    random = np.random.default_rng(3)
    n = days * 288
    hour = (np.arange(n) * 300 + 150) % 86_400 / 3600
    steps = np.where(random.random(n) < 0.3, random.integers(0, 100, n), 0).astype(np.float64)
    slow = np.convolve(random.normal(0, 2, n), 0.7 ** np.arange(20))[:n]
    rate = 62 - 6 * np.cos(2 * np.pi * (hour - 4) / 24) + 0.2 * steps + slow
    rate[random.random(n) < 0.3] = np.nan
    return HeartBins(300 * np.arange(n), hour, np.arange(n) // 288, rate, steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        # The linear algebra library reads its number of threads once, when it is loaded.
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    days = arguments.days
    epochs = simulated_year(days)
    valid = np.array([day_of_date(day.date) for day in day_coverage(epochs) if day.valid])
    recording = PreparedRecording(epochs)
    _ = recording.minute_mean
    random = np.random.default_rng(1)
    day = np.arange(days)
    value = random.normal(420, 40, days) + np.where(day > days // 2, 30, 0)
    nights = DailyValues("tst_min", "Time asleep", "min", "night", day, value)
    heart = simulated_heart(days)

    def one_window() -> None:
        part = recording.part(0, 28 * 1440)
        rest_activity(part)
        cosinor(part)

    work: dict[str, Callable[[], object]] = {
        f"rhythm metrics, all windows of {', '.join(map(str, WINDOWS))} days": lambda: rolling_rhythm(recording, valid),
        "the same metrics of one window of 28 days, computed alone": one_window,
        "rolling mean of nightly values, 28 days": lambda: rolling_mean(day, value, 28),
        "slope with p and interval": lambda: trend_of(day, value),
        "change points": lambda: change_points(value),
        "all of one series": lambda: follow(nights),
        "before and after": lambda: compare(nights, days // 2, washout_days=7),
        "clock of heart rate, every window of 2 days": lambda: daily_clocks(heart),
    }
    print(f"{days} days, {len(epochs)} epochs, {valid.size} valid days, one thread")
    for name, one in work.items():
        print(f"{name:<62}{timed(one, arguments.repeat):9.2f} ms")


if __name__ == "__main__":
    main()
