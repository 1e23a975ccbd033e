"""Every metric of the reference page for one recording, in keys and shapes of the golden file: ``analyze --all``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.nonparametric import per_seven_days, rest_activity
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.circadian.wear import choi, nonwear_minutes, troiano
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import InputError
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.nights import summarise_states
from clarity_desktop.sleep.regularity import (
    day_matrix,
    pairs_of_days,
    sleep_regularity_elapsed,
    sleep_regularity_index,
    vector_midpoint,
)
from clarity_desktop.sleep.scoring import score_all
from clarity_desktop.sleep.states import SLEEP, States, encode_states
from clarity_desktop.sleep.timing import TimedNights, timing_of

__all__ = ["metric_values", "reference_values"]

_RESCORED = "cole_kripke_rescored"
_NIGHT_KEYS = ("in_bed", "out_of_bed", "onset", "offset")
_TIMING_KEYS = (
    "msw_h",
    "msf_h",
    "social_jetlag_h",
    "sd_week_h",
    "msfsc_h",
    "social_jetlag_sc_h",
    "cpd_h",
    "midpoint_sd_h",
    "midpoint_rmssd_h",
    "onset_sd_h",
    "duration_sd_h",
    "sleep_debt_h_14d",
)


def reference_values(
    epochs: Epochs, nights: Sequence[Mapping[str, Any]] | None, *, true_sleep: States | None = None
) -> dict[str, Any]:
    """All values of one recording, without any wear mask: what was recorded counts, missing stays missing.

    Parameters
    ----------
    epochs:
        One-minute counts, all worn or missing.
    nights:
        Epoch numbers ``in_bed ≤ e < out_of_bed``, ``onset``, ``offset`` and the flag ``free`` of each night;
        ``None`` leaves out nights and timing.
    true_sleep:
        Known sleep and wake by epoch, for the regularity of the truth.

    Raises
    ------
    InputError
        ``sleep.nights`` for nights of another form or outside the recording.
    UsageError
        ``circadian.epoch_length`` unless epochs are 60 s long.
    """
    values, states = metric_values(epochs, true_sleep=true_sleep)
    values["states"] = {name: encode_states(found) for name, found in states.items()}
    if nights is not None:
        table = _night_table(nights, len(epochs))
        values["nights"] = [_night(states[_RESCORED], row) for row in table.tolist()]
        values["timing"] = _timing(epochs, table, np.array([bool(n.get("free")) for n in nights], dtype=np.bool_))
    return values


def metric_values(epochs: Epochs, *, true_sleep: States | None = None) -> tuple[dict[str, Any], dict[str, States]]:
    """The values without nights, and the states by scorer as arrays instead of text.

    Raises
    ------
    UsageError
        ``circadian.epoch_length`` unless epochs are 60 s long.
    """
    recording = PreparedRecording(epochs)
    states = score_all(epochs.values)
    clock = LocalClock.of(epochs)
    minute, day = clock.minute_of_day, clock.local_day
    midpoint = vector_midpoint(states[_RESCORED], minute)
    values: dict[str, Any] = {
        **_rhythm(recording),
        **_waves(recording),
        "wear": _wear(epochs),
        "sleep_minutes": {
            name: int(np.count_nonzero(found == SLEEP)) for name, found in states.items() if name != "crespo"
        },
        "sri": _regularity(states[_RESCORED], true_sleep, minute, day),
        "sleep_midpoint_h": None if midpoint is None else midpoint.hour,
    }
    return values, states


def _rhythm(recording: PreparedRecording) -> dict[str, Any]:
    found = rest_activity(recording)
    l5, m10 = found.l5, found.m10
    return {
        "is": found.stability,
        "iv": found.variability,
        "ism": found.mean_stability,
        "ivm": found.mean_variability,
        "l5": None if l5 is None else l5.mean,
        "l5_onset_h": None if l5 is None else l5.onset_h,
        "m10": None if m10 is None else m10.mean,
        "m10_onset_h": None if m10 is None else m10.onset_h,
        "ra": found.relative_amplitude,
        "per_7d": [
            {"start_day": p.start_day, "is_": p.stability, "iv": p.variability, "ra": p.relative_amplitude}
            for p in per_seven_days(recording)
        ],
    }


def _waves(recording: PreparedRecording) -> dict[str, Any]:
    single, double = cosinor(recording), two_component_cosinor(recording)
    sigmoid, walk = sigmoid_cosinor(recording), fluctuation(recording)
    wave, chi = lomb_scargle(recording), chi_square_periodogram(recording)
    return {
        "cosinor": None if single is None else asdict(single),
        "cosinor2": None if double is None else asdict(double),
        "sigmoid_cosinor": None if sigmoid is None else asdict(sigmoid),
        "dfa": None if walk is None else asdict(walk),
        "transition": asdict(transitions(recording)),
        "lomb_scargle": None if wave is None else {"period_h": wave.period_h, "power": wave.power, "n": wave.n},
        "chi_square_periodogram": (
            None if chi is None else {"period_h": chi.period_h, "qp": chi.qp, "threshold": chi.threshold}
        ),
    }


def _wear(epochs: Epochs) -> dict[str, Any]:
    by_choi, by_troiano = choi(epochs), troiano(epochs)
    return {
        "choi_bouts": [list(bout) for bout in by_choi],
        "choi_nonwear_min": nonwear_minutes(by_choi),
        "troiano_bouts": [list(bout) for bout in by_troiano],
        "troiano_nonwear_min": nonwear_minutes(by_troiano),
        "missing_min": int(np.count_nonzero(~np.isfinite(epochs.values))),
    }


def _regularity(
    scored: States, truth: States | None, minute: NDArray[np.int64], day: NDArray[np.int64]
) -> dict[str, float | None]:
    matrix, first_day = day_matrix(scored, minute, day)
    strict = pairs_of_days(matrix, first_day, most_unknown_min=360)
    values = {
        _RESCORED: pairs_of_days(matrix, first_day).index,
        f"{_RESCORED}_6h_5pairs": strict.index if strict.with_data >= 5 else None,
        "elapsed": sleep_regularity_elapsed(scored),
    }
    if truth is not None:
        values["truth"] = sleep_regularity_index(truth, minute, day)
    return values


def _night_table(nights: Sequence[Mapping[str, Any]], size: int) -> NDArray[np.int64]:
    rows: list[list[int]] = []
    for number, night in enumerate(nights):
        values = [night.get(key) for key in _NIGHT_KEYS]
        if any(isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= size for value in values):
            raise InputError(
                "sleep.nights",
                "A night does not lie within the recording.",
                remedy="Give in_bed, out_of_bed, onset and offset as epoch numbers of the same recording.",
                detail=f"night {number}",
            )
        rows.append([value for value in values if isinstance(value, int)])
    return np.array(rows, dtype=np.int64).reshape(-1, len(_NIGHT_KEYS))


def _night(scored: States, row: list[int]) -> dict[str, Any]:
    found = asdict(summarise_states(scored, row[0], row[1]))
    return {key: value for key, value in found.items() if key not in ("onset", "offset")}


def _timing(epochs: Epochs, table: NDArray[np.int64], free: NDArray[np.bool_]) -> dict[str, float | None]:
    instants = epochs.start + epochs.step_s * table[:, 2:]
    local = epochs.zone.local_seconds(instants)
    wake_day = local[:, 1] // 86_400
    hours = (local - wake_day[:, None] * 86_400) / 3600
    # Durations are differences of clock hours here, as in the golden file: a night of a clock change counts the hour.
    nights = TimedNights(wake_day, hours[:, 0], hours[:, 1], hours[:, 1] - hours[:, 0], free)
    found = asdict(timing_of(nights))
    return {key: found[key] for key in _TIMING_KEYS}
