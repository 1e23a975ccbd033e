"""When data suffices for a metric, and the sentence that says so when it does not (RH-5)."""

from __future__ import annotations

from clarity_desktop.domain.findings import Metric

__all__ = ["MAXIMUM_MISSING_SHARE_DFA", "insufficient_reason"]

MAXIMUM_MISSING_SHARE_DFA = 0.10
"""Share of epochs that may be missing for detrended fluctuation analysis (RH-5)."""

_ONE = {"days": "valid day", "nights": "night", "pairs": "pair of days", "models": "model", "cycles": "cycle"}
_MANY = {"days": "valid days", "nights": "nights", "pairs": "pairs of days", "cycles": "cycles"}


def insufficient_reason(metric: Metric, count: int, *, missing_share: float | None = None) -> str | None:
    """Why there is no value, as a sentence, or ``None`` when the data suffices.

    Parameters
    ----------
    metric:
        The metric with its least count.
    count:
        What there is of ``metric.rests_on``: valid days, nights, pairs.
    missing_share:
        Share of epochs that are missing or not worn, 0…1, for metrics that need an unbroken record.
    """
    if count < metric.minimum:
        words = (_ONE if metric.minimum == 1 else _MANY).get(metric.rests_on, metric.rests_on)
        return f"Needs {metric.minimum} {words}, has {count}."
    if missing_share is not None and metric.row in ("RH-22", "RH-23") and missing_share > MAXIMUM_MISSING_SHARE_DFA:
        return f"Needs at most 10 % missing or not worn, has {100 * missing_share:.0f} %."
    return None
