"""The scorers on offer: id, title, what they were fitted on, and how to call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from clarity_desktop.sleep.scoring.counts import Counts
from clarity_desktop.sleep.scoring.crespo import crespo
from clarity_desktop.sleep.scoring.oakley import oakley
from clarity_desktop.sleep.scoring.roenneberg import roenneberg
from clarity_desktop.sleep.scoring.sadeh import sadeh
from clarity_desktop.sleep.scoring.webster import webster_rescored
from clarity_desktop.sleep.scoring.weighted import cole_kripke, scripps
from clarity_desktop.sleep.states import States

__all__ = ["SCORERS", "Scorer", "cole_kripke_rescored", "score_all"]


@dataclass(frozen=True, slots=True)
class Scorer:
    """One way to tell sleep from wake by counts per minute. Thresholds hold for the device it was fitted on (RH-35)."""

    id: str
    title: str
    fitted_on: str
    """Device or unit; on counts of any other the result is uncalibrated."""
    reference: str
    row: str
    score: Callable[[Counts], States]


def cole_kripke_rescored(counts: Counts, *, step_s: int = 60) -> States:
    """Cole–Kripke on count/30, then Webster's rules: the scoring that nights and regularity rest on here.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    return webster_rescored(cole_kripke(counts, step_s=step_s))


_OFFERED: Final = (
    Scorer("cole_kripke", "Cole–Kripke", "counts per 2 s", "Cole 1992", "RH-27", cole_kripke),
    Scorer(
        "cole_kripke_actigraph",
        "Cole–Kripke, ActiGraph counts",
        "ActiGraph",
        "Cole 1992",
        "RH-27",
        partial(cole_kripke, unit="actigraph"),
    ),
    Scorer(
        "cole_kripke_rescored",
        "Cole–Kripke with Webster rescoring",
        "counts per 2 s",
        "Cole 1992; Webster 1982",
        "RH-28",
        cole_kripke_rescored,
    ),
    Scorer("sadeh", "Sadeh", "AMA-32", "Sadeh 1994", "RH-29", sadeh),
    Scorer(
        "sadeh_actigraph",
        "Sadeh, ActiGraph counts",
        "ActiGraph",
        "Sadeh 1994",
        "RH-29",
        partial(sadeh, variant="actigraph"),
    ),
    Scorer("scripps", "Scripps", "Actillume", "Kripke 2010", "RH-30", scripps),
    Scorer("oakley_20", "Oakley, threshold 20", "Actiwatch", "Oakley 1997", "RH-31", partial(oakley, threshold=20.0)),
    Scorer("oakley_40", "Oakley, threshold 40", "Actiwatch", "Oakley 1997", "RH-31", partial(oakley, threshold=40.0)),
    Scorer("oakley_80", "Oakley, threshold 80", "Actiwatch", "Oakley 1997", "RH-31", partial(oakley, threshold=80.0)),
    Scorer("roenneberg", "Roenneberg bouts", "any, relative to its own trend", "Roenneberg 2015", "RH-32", roenneberg),
    Scorer("crespo", "Crespo rest periods", "any, relative to its own level", "Crespo 2012", "RH-33", crespo),
)

SCORERS: Final[Mapping[str, Scorer]] = MappingProxyType({scorer.id: scorer for scorer in _OFFERED})
"""All scorers by id, in the order in which lists show them."""


def score_all(counts: Counts) -> dict[str, States]:
    """The states by every scorer on offer; rescoring takes up the Cole–Kripke states instead of scoring again."""
    states: dict[str, States] = {}
    for scorer in _OFFERED:
        if scorer.score is cole_kripke_rescored:
            states[scorer.id] = webster_rescored(states["cole_kripke"])
        else:
            states[scorer.id] = scorer.score(counts)
    return states
