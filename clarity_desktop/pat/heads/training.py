"""Train a head and find out whether it says anything: cross-validation by person, calibration, permutation test."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.pat.heads.evaluation import (
    AucInterval,
    ReliabilityBin,
    auc,
    auc_interval,
    brier,
    reliability,
)
from clarity_desktop.pat.heads.fit import Head, HeadKind, Platt, fit_head, fit_platt

__all__ = ["FOLDS", "LEAST_OF_A_CLASS", "LEAST_PEOPLE", "PERMUTATIONS", "HeadReport", "TrainedHead", "train_head"]

LEAST_PEOPLE: Final = 40
"""People with a label and an embedding below which no head is trained. A choice of this program."""
LEAST_OF_A_CLASS: Final = 15
"""People of the rarer class below which no head is trained."""
FOLDS: Final = 5
PERMUTATIONS: Final = 200
_LEVEL: Final = 0.05

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeadReport:
    """What cross-validation by person says of a head; every number is out of fold."""

    kind: HeadKind
    people: int
    positive: int
    auc: AucInterval
    brier: float
    brier_of_share: float
    """Brier score of saying the share of the label to everybody: a head must lie below it."""
    slope: float
    """Calibration slope of out-of-fold log odds; 1 is calibrated, below 1 too extreme."""
    reliability: tuple[ReliabilityBin, ...]
    p_value: float
    """Share of label permutations whose AUC is at least as high, (k + 1)/(n + 1)."""
    permutations: int
    folds: int
    seed: int

    @property
    def usable(self) -> bool:
        """Whether a score may be shown: beyond chance by permutation and interval, and calibrated below the share."""
        return self.p_value < _LEVEL and self.auc.low > 0.5 and self.brier < self.brier_of_share

    @property
    def verdict(self) -> str:
        """Why a score is shown or not, in words."""
        if self.usable:
            return "Scores are shown: beyond chance in people it had not seen, and calibrated here."
        if self.p_value >= _LEVEL or self.auc.low <= 0.5:
            return "No score is shown: in people it had not seen the head cannot be told from chance."
        return "No score is shown: its probabilities are no closer than the share of the label itself."

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "usable": self.usable, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class TrainedHead:
    """A head on everybody, its calibration from out-of-fold log odds, and the report."""

    head: Head
    platt: Platt
    report: HeadReport


def folds_by_person(y: NDArray[np.bool_], folds: int, random: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each person, with both classes spread evenly, shape (N,)."""
    fold = np.empty(y.size, np.int64)
    for of_class in (np.flatnonzero(y), np.flatnonzero(~y)):
        fold[random.permutation(of_class)] = np.arange(of_class.size) % folds
    return fold


def train_head(
    x: Array,
    y: NDArray[np.bool_],
    *,
    kind: HeadKind = "linear",
    folds: int = FOLDS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> TrainedHead:
    """Train a head on one embedding and one label a person.

    A person is in one fold only, so nobody is both learnt from and asked about. The probability of each fold is
    calibrated with the other folds. The permutation test repeats the whole cross-validation on shuffled labels.

    Parameters
    ----------
    x:
        Embeddings, one row a person (the mean of their weeks), shape (N, 96).
    y:
        Whether the person has the label, shape (N,).

    Raises
    ------
    UsageError
        ``pat.few_people`` below the least numbers.
    CancelledError
        When stopped between two permutations.
    """
    cancel = cancel or CancelToken()
    positive = int(y.sum())
    rarer = min(positive, y.size - positive)
    if y.size < LEAST_PEOPLE or rarer < LEAST_OF_A_CLASS:
        raise UsageError(
            "pat.few_people",
            f"Insufficient: {y.size} of {LEAST_PEOPLE} people with label and embedding, "
            f"{rarer} of {LEAST_OF_A_CLASS} in the smaller group.",
            remedy="Label more people, or compute the weeks of those who have none yet.",
        )
    random = np.random.default_rng(seed)
    fold = folds_by_person(y, folds, random)
    logit = _out_of_fold(kind, x, y, fold, seed)
    probability = np.empty(y.size)
    for one in range(folds):
        probability[fold == one] = fit_platt(logit[fold != one], y[fold != one]).probability(logit[fold == one])
    observed = auc(logit, y)
    as_high = 0
    for done in range(permutations):
        cancel.check()
        progress(Progress("Shuffling labels", done, permutations))
        shuffled = random.permutation(y)
        again = folds_by_person(shuffled, folds, random)
        as_high += auc(_out_of_fold(kind, x, shuffled, again, seed), shuffled) >= observed
    share = positive / y.size
    platt = fit_platt(logit, y)
    report = HeadReport(
        kind,
        int(y.size),
        positive,
        auc_interval(logit, y),
        brier(probability, y),
        share * (1 - share),
        platt.slope,
        reliability(probability, y),
        (as_high + 1) / (permutations + 1),
        permutations,
        folds,
        seed,
    )
    return TrainedHead(fit_head(kind, x, y, seed), platt, report)


def _out_of_fold(kind: HeadKind, x: Array, y: NDArray[np.bool_], fold: NDArray[np.int64], seed: int) -> Array:
    """Log odds of each person from a head that never saw them."""
    logit = np.empty(y.size)
    for one in range(int(fold.max()) + 1):
        apart = fold == one
        head = fit_head(kind, x[~apart], y[~apart], seed)
        logit[apart] = head.logit(x[apart])
    return logit
