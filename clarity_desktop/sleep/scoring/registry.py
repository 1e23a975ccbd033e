"""The scorers on offer: id, title, what they were fitted on, and how to call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from clarity_desktop.sleep.scoring.counts import Counts, KnownCounts, Rule, in_stretches
from clarity_desktop.sleep.scoring.crespo import crespo
from clarity_desktop.sleep.scoring.oakley import oakley, oakley_rule
from clarity_desktop.sleep.scoring.roenneberg import roenneberg
from clarity_desktop.sleep.scoring.sadeh import sadeh, sadeh_rule
from clarity_desktop.sleep.scoring.webster import webster_rescored
from clarity_desktop.sleep.scoring.weighted import cole_kripke, cole_kripke_rule, scripps, scripps_rule
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


_RULES: Final[Mapping[str, Rule]] = {
    "cole_kripke": cole_kripke_rule(),
    "cole_kripke_actigraph": cole_kripke_rule("actigraph"),
    "sadeh": sadeh_rule(),
    "sadeh_actigraph": sadeh_rule("actigraph"),
    "scripps": scripps_rule,
    "oakley_20": oakley_rule(20.0),
    "oakley_40": oakley_rule(40.0),
    "oakley_80": oakley_rule(80.0),
}
"""Scorers that look at neighbours only, and so can go over the record together."""
_REACH: Final = 10


def score_all(counts: Counts) -> dict[str, States]:
    """The states by every scorer on offer, equal to those of each alone; they share what they form of the counts."""
    at_hand = KnownCounts(counts)
    found = dict(zip(_RULES, in_stretches(at_hand, _REACH, *_RULES.values()), strict=True))
    found["cole_kripke_rescored"] = webster_rescored(found["cole_kripke"])
    found["roenneberg"], found["crespo"] = roenneberg(at_hand), crespo(at_hand)
    return {scorer.id: found[scorer.id] for scorer in _OFFERED}
