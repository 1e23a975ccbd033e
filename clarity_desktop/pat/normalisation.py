"""Standardisation of minutes before the model sees them: a versioned cohort statistics file, or a person's own z-score.

The published model expects each of the 10 080 columns standardised across participants; the authors' means and
deviations are not published (pat.md section 6). So every result names the normalisation it rests on.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.pat import WINDOW_MIN, WeekSignal

__all__ = ["FORMAT", "CohortStatistics", "Normalisation", "OwnStatistics", "fit_cohort", "load_cohort", "save_cohort"]

FORMAT: Final = 1
_LEAST_PEOPLE: Final = 2


class Normalisation(Protocol):
    """How raw minutes become what the model is fed."""

    @property
    def id(self) -> str:
        """Name, version and hash: part of each result's recipe."""

    @property
    def approximate(self) -> bool:
        """Whether it is another distribution than the model was trained on."""

    @property
    def words(self) -> str:
        """What was done, in words for a person."""

    def standardised(self, minutes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw minutes (N, 10080) standardised; NaN stays NaN."""


@dataclass(frozen=True, slots=True)
class CohortStatistics:
    """Mean and standard deviation of each minute of the week across the people of a cohort."""

    name: str
    version: int
    signal: WeekSignal
    people: int
    simulated: bool
    source: str
    """Whom the numbers come from, in words."""
    mean: NDArray[np.float64]
    """Shape (10080,), in the signal's unit."""
    sd: NDArray[np.float64]
    """Shape (10080,); where it is 0 the column is only shifted."""
    approximate: bool = False

    def __post_init__(self) -> None:
        for array in (self.mean, self.sd):
            if array.shape != (WINDOW_MIN,) or not np.isfinite(array).all():
                raise ValueError("cohort statistics hold one finite number for each of 10080 minutes")
        if (self.sd < 0).any():
            raise ValueError("a standard deviation cannot be negative")

    @property
    def sha256(self) -> str:
        """Hash of the numbers and of what they are of."""
        digest = hashlib.sha256(json.dumps(self._card(), sort_keys=True).encode())
        digest.update(np.ascontiguousarray(self.mean, dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(self.sd, dtype="<f8").tobytes())
        return digest.hexdigest()

    @property
    def id(self) -> str:
        """Name, version and the head of the hash."""
        return f"{self.name}/v{self.version}/{self.sha256[:12]}"

    @property
    def words(self) -> str:
        """What was done, in words for a person."""
        return f"Each minute of the week standardised across {self.people} people: {self.source}"

    def standardised(self, minutes: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(minutes − mean) / sd`` by minute of the week, shape (N, 10080); a deviation of 0 counts as 1."""
        sd = np.where(self.sd > 0, self.sd, 1.0)
        return ((minutes - self.mean) / sd).astype(np.float32)

    def _card(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "signal": self.signal.value,
            "people": self.people,
            "simulated": self.simulated,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class OwnStatistics:
    """A person's z-score by their own worn minutes: input of the right shape, but not what PAT was trained on."""

    mean: float
    sd: float
    approximate: bool = True

    @classmethod
    def of(cls, worn: NDArray[np.float32]) -> OwnStatistics:
        """From all worn minutes of a recording, any shape; NaN is left out.

        Raises
        ------
        InputError
            ``pat.nothing_worn`` when there is no worn minute.
        """
        values = worn[np.isfinite(worn)].astype(np.float64)
        if not values.size:
            raise InputError(
                "pat.nothing_worn",
                "The recording holds no worn minute.",
                remedy="Choose a recording in which the device was worn.",
            )
        return cls(float(values.mean()), float(values.std()))

    @property
    def id(self) -> str:
        """The method; the numbers are the person's own and differ between people."""
        return "own-z-score/v1"

    @property
    def words(self) -> str:
        """What was done, in words for a person."""
        return "Approximate: standardised by the person's own mean and spread, not across participants"

    def standardised(self, minutes: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(minutes − own mean) / own sd``, any shape; a deviation of 0 counts as 1."""
        return ((minutes - self.mean) / (self.sd if self.sd > 0 else 1.0)).astype(np.float32)


def fit_cohort(
    weeks: NDArray[np.float32], *, name: str, version: int, signal: WeekSignal, simulated: bool, source: str
) -> CohortStatistics:
    """Statistics of a cohort, one week a person.

    Parameters
    ----------
    weeks:
        Raw minutes, shape (people, 10080); NaN where not worn.
    name, version, signal, simulated, source:
        What the artefact is called and says of itself.

    Raises
    ------
    UsageError
        ``pat.cohort_small`` with fewer than two people, or with a minute that fewer than two wore.
    """
    there = np.isfinite(weeks)
    n = there.sum(axis=0)
    if weeks.ndim != 2 or weeks.shape[1] != WINDOW_MIN or (n < _LEAST_PEOPLE).any():
        raise UsageError(
            "pat.cohort_small",
            "Cohort statistics need at least two people for every minute of the week.",
            remedy="Take more people, or weeks that were worn throughout.",
        )
    values = np.where(there, weeks, 0.0).astype(np.float64)
    mean = values.sum(axis=0) / n
    spread = np.where(there, values - mean, 0.0)
    sd = np.sqrt((spread * spread).sum(axis=0) / n)
    return CohortStatistics(name, version, signal, int(weeks.shape[0]), simulated, source, mean, sd)


def save_cohort(path: Path, statistics: CohortStatistics) -> None:
    """Write the artefact: an ``.npz`` of ``mean`` and ``sd`` (10080,) float64 and ``card``, a JSON text."""
    card = json.dumps(statistics._card(), sort_keys=True)
    with path.open("wb") as file:
        np.savez_compressed(file, mean=statistics.mean, sd=statistics.sd, card=np.array(card))


def load_cohort(path: Path) -> CohortStatistics:
    """Read an artefact that :func:`save_cohort` wrote; nothing in it is executed.

    Raises
    ------
    NotFoundError
        ``pat.no_cohort`` when there is no such file.
    InputError
        ``pat.cohort_file`` when it is not an artefact of this form.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            card = json.loads(str(held["card"]))
            if card["format"] != FORMAT:
                raise ValueError(f"format {card['format']}")
            return CohortStatistics(
                str(card["name"]),
                int(card["version"]),
                WeekSignal(card["signal"]),
                int(card["people"]),
                bool(card["simulated"]),
                str(card["source"]),
                np.asarray(held["mean"], dtype=np.float64),
                np.asarray(held["sd"], dtype=np.float64),
            )
    except FileNotFoundError as error:
        raise NotFoundError(
            "pat.no_cohort", "There is no such file of cohort statistics.", remedy="Check the name and the folder."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            "pat.cohort_file",
            "This file does not hold cohort statistics that the program knows.",
            remedy="Choose the .npz file that belongs to the checkpoint.",
            detail=str(error)[:200],
        ) from error
