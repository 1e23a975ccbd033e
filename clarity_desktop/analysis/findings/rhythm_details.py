"""Further findings on the rhythm: bin-width means, curves, fluctuation, transitions, period, spread of L5 and M10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clarity_desktop.analysis.findings.day_intervals import BOOTSTRAP_WORDS, detail_intervals
from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import REPLICATES, Interval, seed_of
from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.daily_windows import daily_windows
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.nonparametric import mean_over_widths
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.sufficiency import insufficient_reason
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.domain.findings import METRICS, Finding
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS

__all__ = ["DETAIL_METRICS", "detail_findings"]

_Values = dict[str, float | None]


def _widths(recording: PreparedRecording) -> _Values:
    stability, variability = mean_over_widths(recording)
    return {"ism": stability, "ivm": variability}


def _single(recording: PreparedRecording) -> _Values:
    fit = cosinor(recording)
    return {} if fit is None else {"bathyphase_h": fit.bathyphase_h, "percent_rhythm": fit.percent_rhythm}


def _double(recording: PreparedRecording) -> _Values:
    fit = two_component_cosinor(recording)
    if fit is None:
        return {}
    return {
        "cosinor2_magnitude": fit.magnitude,
        "cosinor2_orthophase_h": fit.orthophase_h,
        "cosinor2_bathyphase_h": fit.bathyphase_h,
    }


def _sigmoid(recording: PreparedRecording) -> _Values:
    fit = sigmoid_cosinor(recording)
    if fit is None or not fit.identifiable:
        return {}
    return {
        "sigmoid_mesor": fit.mesor,
        "sigmoid_amplitude": fit.amplitude,
        "sigmoid_acrophase_h": fit.acrophase_h,
        "sigmoid_up_mesor_h": fit.up_mesor_h,
        "sigmoid_down_mesor_h": fit.down_mesor_h,
        "sigmoid_width_ratio": fit.width_ratio,
    }


def _fluctuation(recording: PreparedRecording) -> _Values:
    found = fluctuation(recording)
    if found is None:
        return {}
    crossover = found.crossover
    return {
        "dfa_alpha": found.alpha,
        "dfa_alpha_10_90": found.alpha_10_90,
        "dfa_alpha_120_600": found.alpha_120_600,
        "dfa_crossover_min": None if crossover is None or not crossover.present else float(crossover.n),
    }


def _transitions(recording: PreparedRecording) -> _Values:
    found = transitions(recording)
    return {"p_ra": found.p_ra, "p_ar": found.p_ar, "k_ra": found.k_ra, "k_ar": found.k_ar}


def _period(recording: PreparedRecording) -> _Values:
    wave, chi = lomb_scargle(recording), chi_square_periodogram(recording)
    return {
        "lomb_scargle_period_h": None if wave is None else wave.period_h,
        "lomb_scargle_power": None if wave is None else wave.power,
        "chi_square_period_h": None if chi is None or not chi.significant else chi.period_h,
    }


def _spread(recording: PreparedRecording) -> _Values:
    least, most = daily_windows(recording)
    return {"l5_onset_sd_h": least.onset_sd_h, "m10_onset_sd_h": most.onset_sd_h}


_FAMILIES: Final[tuple[tuple[tuple[str, ...], Callable[[PreparedRecording], _Values], str | None], ...]] = (
    (("ism", "ivm"), _widths, None),
    (("l5_onset_sd_h", "m10_onset_sd_h"), _spread, None),
    (("bathyphase_h", "percent_rhythm"), _single, None),
    (("cosinor2_magnitude", "cosinor2_orthophase_h", "cosinor2_bathyphase_h"), _double, None),
    (
        (
            "sigmoid_mesor",
            "sigmoid_amplitude",
            "sigmoid_acrophase_h",
            "sigmoid_up_mesor_h",
            "sigmoid_down_mesor_h",
            "sigmoid_width_ratio",
        ),
        _sigmoid,
        "The sigmoidal curve explains too little of this recording for its parameters to mean something.",
    ),
    (
        ("dfa_alpha", "dfa_alpha_10_90", "dfa_alpha_120_600", "dfa_crossover_min"),
        _fluctuation,
        "The fluctuation shows no value here, such as no crossover.",
    ),
    (("p_ra", "p_ar", "k_ra", "k_ar"), _transitions, "There are too few different bouts of rest and activity."),
    (
        ("lomb_scargle_period_h", "lomb_scargle_power", "chi_square_period_h"),
        _period,
        "No period stands out from chance.",
    ),
)

_OF_COUNTS: Final = frozenset({"p_ra", "p_ar", "k_ra", "k_ar"})
"""Metrics with a threshold in counts, which means nothing for steps."""

DETAIL_METRICS: Final = tuple(metric for metrics, _, _ in _FAMILIES for metric in metrics)


def detail_findings(recording: PreparedRecording | None, maker: FindingMaker) -> tuple[Finding, ...]:
    """Findings beyond the first ones; a family is computed only when one of its metrics has enough data.

    ``recording`` is ``None`` when the epochs are not one minute long.
    """
    coverage = maker.coverage
    valid_days = coverage.valid_days
    missing = 1 - coverage.worn_share
    found: list[Finding] = []
    for metrics, compute, why_none in _FAMILIES:
        short = {metric: insufficient_reason(METRICS[metric], valid_days, missing_share=missing) for metric in metrics}
        if recording is None:
            short = {metric: reason or "Made from one-minute epochs only." for metric, reason in short.items()}
        elif recording.epochs.kind != ACTIVITY_COUNTS and set(metrics) <= _OF_COUNTS:
            short = dict.fromkeys(metrics, "Active and at rest are told apart by a threshold in counts, not in steps.")
        values: _Values = {}
        if recording is not None and not all(short.values()):
            values = compute(recording)
        intervals: dict[str, Interval | None] = {}
        answered = [metric for metric in metrics if values.get(metric) is not None and metric in BOOTSTRAP_WORDS]
        if recording is not None and answered:
            intervals = detail_intervals(recording, answered, values, seed_of(maker.input_hash, metrics[0]))
        for metric in metrics:
            value = values.get(metric)
            reason = short[metric] or (why_none if value is None else None)
            interval = intervals.get(metric)
            parameters = {}
            if interval is not None:
                parameters = {"bootstrap": BOOTSTRAP_WORDS[metric], "replicates": str(REPLICATES)}
            found.append(maker.make(metric, value, valid_days, interval=interval, reason=reason, parameters=parameters))
    return tuple(found)
