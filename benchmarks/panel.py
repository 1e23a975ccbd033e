"""Time each family of the rhythm panel on a year of one-minute epochs, on one thread, beside pyActigraphy.

The year is simulated with a clock change, worn-off stretches and missing stretches, so that every mask is real. With
``--peer`` each family is also run by pyActigraphy 1.2.2, in an environment of its own that is made on first use, turn
by turn in the same run. Times are of the processor, so that other work on the machine weighs less. A family's time
includes every intermediate it needs; the panel shares them.
Run ``python benchmarks/panel.py [--days 365] [--repeat 7] [--peer] [--only wear] [--json FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from peers.pyactigraphy import Peer

from clarity_desktop.analysis.findings.day_intervals import BOOTSTRAP_WORDS, detail_intervals
from clarity_desktop.analysis.findings.uncertainty import (
    cosinor_intervals,
    profile_intervals,
    regularity_interval,
    stability_intervals,
)
from clarity_desktop.analysis.golden import metric_values, reference_values
from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.nonparametric import least_active, most_active, per_seven_days, rest_activity
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.circadian.wear import choi, troiano
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.clock import LocalClock, average_day
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.signals.presence import combine_wear, coverage_of, day_coverage
from clarity_desktop.signals.working_memory import keep_freed_memory
from clarity_desktop.sleep.regularity import day_matrix, pairs_of_days, sleep_regularity_index
from clarity_desktop.sleep.scoring import cole_kripke_rescored, crespo, oakley, roenneberg, sadeh, scripps

PANEL = "whole panel of the goldens"


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


def measured(work: Callable[[], object], repeat: int) -> list[float]:
    """Milliseconds of processor time of each of ``repeat`` runs, after one run to warm up."""
    work()
    found = []
    for _ in range(repeat):
        begin = time.thread_time()
        work()
        found.append(1000 * (time.thread_time() - begin))
    return found


def shared_families(epochs: Epochs) -> dict[str, tuple[str, Callable[[], object]]]:
    """Families that the peer knows too: title and our work by the peer's name for it."""
    counts = epochs.values
    fresh = PreparedRecording
    clock = LocalClock.of(epochs)

    def regularity() -> object:
        return sleep_regularity_index(cole_kripke_rescored(counts), clock.minute_of_day, clock.local_day)

    return {
        "wear": ("wear: runs of zeros (Choi)", lambda: choi(epochs)),
        "rest_activity": ("IS, IV, ISm, IVm, L5, M10, RA", lambda: rest_activity(fresh(epochs))),
        "per_period": ("ISp, IVp, RAp per 7 days", lambda: per_seven_days(fresh(epochs))),
        "cosinor": ("cosinor, one component", lambda: cosinor(fresh(epochs))),
        "dfa": ("DFA with crossover", lambda: fluctuation(fresh(epochs))),
        "transitions": ("transitions, kRA, kAR", lambda: transitions(fresh(epochs))),
        "cole_kripke": ("Cole–Kripke with Webster rescoring", lambda: cole_kripke_rescored(counts)),
        "sadeh": ("Sadeh", lambda: sadeh(counts)),
        "scripps": ("Scripps", lambda: scripps(counts)),
        "oakley": ("Oakley", lambda: oakley(counts)),
        "roenneberg": ("Roenneberg", lambda: roenneberg(counts)),
        "crespo": ("Crespo", lambda: crespo(counts)),
        "sri": ("sleep regularity from Cole–Kripke", regularity),
    }


def own_families(epochs: Epochs) -> dict[str, Callable[[], object]]:
    """Families without a counterpart, and the panel as a whole."""
    fresh = PreparedRecording

    def prepare() -> None:
        recording = fresh(epochs)
        _ = recording.deviations, recording.sum_of_squares, recording.minute_mean

    return {
        "prepare (values, day grid, average day)": prepare,
        "wear: Troiano": lambda: troiano(epochs),
        "coverage by day": lambda: coverage_of(epochs, day_coverage(epochs)),
        "cosinor, two components": lambda: two_component_cosinor(fresh(epochs)),
        "cosinor, sigmoidal": lambda: sigmoid_cosinor(fresh(epochs)),
        "Lomb–Scargle": lambda: lomb_scargle(fresh(epochs)),
        "chi-square periodogram": lambda: chi_square_periodogram(fresh(epochs)),
        "average day with quartiles": lambda: average_day(epochs),
        PANEL: lambda: metric_values(epochs),
        "bootstrap of 200 replicates, without DFA": lambda: bootstrap(epochs),
        "panel, states written as text": lambda: reference_values(epochs, None),
    }


def bootstrap(epochs: Epochs) -> object:
    """Intervals from 200 replicates for all of the panel that has one, but for fluctuation analysis."""
    recording = PreparedRecording(epochs)
    clock = LocalClock.of(epochs)
    pairs = pairs_of_days(*day_matrix(cole_kripke_rescored(epochs.values), clock.minute_of_day, clock.local_day))
    wave, l5, m10 = cosinor(recording), least_active(recording), most_active(recording)
    assert wave is not None
    assert l5 is not None
    assert m10 is not None
    values: dict[str, float | None] = {"bathyphase_h": wave.bathyphase_h}
    if (double := two_component_cosinor(recording)) is not None:
        values |= {
            "cosinor2_orthophase_h": double.orthophase_h,
            "cosinor2_bathyphase_h": double.bathyphase_h,
            "cosinor2_magnitude": double.magnitude,
        }
    random = np.random.default_rng(1)
    wanted = tuple(metric for metric in BOOTSTRAP_WORDS if not metric.startswith("dfa_"))
    return (
        stability_intervals(recording, random),
        profile_intervals(recording, random, l5_onset_h=l5.onset_h, m10_onset_h=m10.onset_h),
        cosinor_intervals(recording, random, acrophase_h=wave.acrophase_h),
        detail_intervals(recording, wanted, values, random),
        regularity_interval(pairs, random),
    )


@contextmanager
def peer_of(epochs: Epochs) -> Iterator[Peer]:
    """The peer with the counts loaded."""
    with tempfile.TemporaryDirectory() as folder, Peer(epochs.values, Path(folder)) as peer:
        yield peer


def compare(epochs: Epochs, repeat: int, peer: Peer | None, only: str = "") -> dict[str, dict[str, float]]:
    """Print a line for each family, and what was measured by family; ``only`` names the one to run."""
    found: dict[str, dict[str, float]] = {}
    head = f"{'ms':>10}{'peer ms':>12}{'ratio':>8}" if peer else f"{'ms':>10}"
    print(f"{'family':<42}{head}", flush=True)
    ours_sum = peer_sum = 0.0
    for name, (title, work) in shared_families(epochs).items():
        if only not in ("", name):
            continue
        times = measured(work, repeat)
        row: dict[str, float] = {}
        line = ""
        if peer:
            other = peer.milliseconds(name)
            # Ours once more after the peer: what disturbs the machine meanwhile meets both.
            times += measured(work, repeat)
            if isinstance(other, str):
                line = f"  peer: {other}"
            else:
                row = {"peer": other, "ratio": other / statistics.median(times)}
                ours_sum, peer_sum = ours_sum + statistics.median(times), peer_sum + other
                line = f"{other:12.1f}{row['ratio']:8.0f}"
        found[title] = {"median": statistics.median(times), "least": min(times), **row}
        print(f"{title:<42}{found[title]['median']:10.2f}{line}", flush=True)
    if only:
        return found
    for title, work in own_families(epochs).items():
        times = measured(work, repeat)
        found[title] = {"median": statistics.median(times), "least": min(times)}
        print(f"{title:<42}{found[title]['median']:10.2f}  (least {min(times):.2f})", flush=True)
    if peer:
        panel = found[PANEL]["median"]
        found["sum"] = {"median": ours_sum, "peer": peer_sum, "ratio": peer_sum / ours_sum}
        print(
            f"{'sum of the families above with a peer':<42}{ours_sum:10.2f}{peer_sum:12.0f}{peer_sum / ours_sum:8.0f}"
        )
        print(f"peer's sum over our whole panel, which holds more: {peer_sum / panel:.0f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--peer", action="store_true", help="run pyActigraphy beside it; takes minutes")
    parser.add_argument("--only", default="", help="one family that the peer knows too, such as wear")
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        # The linear algebra library reads its number of threads once, when it is loaded.
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    keep_freed_memory()
    epochs = simulated_year(arguments.days)
    print(f"{arguments.days} days, {len(epochs)} epochs, {int(epochs.valid.sum())} valid, one thread; medians")
    if arguments.peer:
        with peer_of(epochs) as peer:
            found = compare(epochs, arguments.repeat, peer, arguments.only)
    else:
        found = compare(epochs, arguments.repeat, None, arguments.only)
    if arguments.json:
        document = {"days": arguments.days, "epochs": len(epochs), "milliseconds": found}
        arguments.json.write_text(json.dumps(document, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
