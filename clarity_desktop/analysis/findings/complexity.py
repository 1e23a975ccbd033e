"""Finding on how unpredictable activity is over scales of minutes (RH-24)."""

from __future__ import annotations

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.circadian.entropy import MOST_STRETCHES, STRETCH_MIN, multiscale_entropy
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import METRICS, Finding

__all__ = ["complexity_finding"]

_ID = "entropy_index"


def complexity_finding(epochs: Epochs, maker: FindingMaker) -> Finding:
    """Multiscale entropy of one-minute epochs of activity.

    Parameters
    ----------
    epochs:
        The activity signal with its wear.
    maker:
        What the findings of the window share.
    """
    days = maker.coverage.valid_days
    if epochs.step_s != 60:
        return maker.make(_ID, None, days, reason="Made from one-minute epochs only.")
    found = None if days < METRICS[_ID].minimum else multiscale_entropy(PreparedRecording(epochs))
    if found is None:
        reason = "Needs 4 days on end of which at most a tenth is missing or not worn."
        return maker.make(_ID, None, days, reason=None if days < METRICS[_ID].minimum else reason)
    parameters = {
        "m": "2",
        "r": "0.2 SD of the record",
        "stretch_min": str(STRETCH_MIN),
        "most_stretches": str(MOST_STRETCHES),
    }
    details = (("stretches", float(found.stretches)), ("at_1_min", float(found.entropy[0])))
    return maker.make(_ID, found.index, days, details=details, parameters=parameters)
