"""Scorers of sleep and wake from activity counts, one file a family, and the list of those on offer."""

from __future__ import annotations

from clarity_desktop.sleep.scoring.crespo import crespo
from clarity_desktop.sleep.scoring.oakley import oakley, oakley_automatic_threshold
from clarity_desktop.sleep.scoring.registry import SCORERS, Scorer, cole_kripke_rescored, score_all
from clarity_desktop.sleep.scoring.roenneberg import roenneberg, roenneberg_bouts
from clarity_desktop.sleep.scoring.sadeh import sadeh
from clarity_desktop.sleep.scoring.tudor_locke import tudor_locke_periods
from clarity_desktop.sleep.scoring.webster import webster_rescored
from clarity_desktop.sleep.scoring.weighted import cole_kripke, scripps

__all__ = [
    "SCORERS",
    "Scorer",
    "cole_kripke",
    "cole_kripke_rescored",
    "crespo",
    "oakley",
    "oakley_automatic_threshold",
    "roenneberg",
    "roenneberg_bouts",
    "sadeh",
    "score_all",
    "scripps",
    "tudor_locke_periods",
    "webster_rescored",
]
