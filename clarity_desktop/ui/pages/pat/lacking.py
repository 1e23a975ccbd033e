"""What the PAT page says in place of a week where something is lacking: the part itself, weights, or the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.pat import Checkpoint, WeekSignal
from clarity_desktop.domain.pat_results import Machine, WeekStatus
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.jobs import Job
from clarity_desktop.ui.qt import isValid

__all__ = ["WeeksFound", "job_state", "kind_words", "lacking_state", "no_signal_state", "waiting_state"]

_INSTALL: Final = "python3 start.py setup"


@dataclass(frozen=True, slots=True)
class WeeksFound:
    """What is known before any model runs."""

    machine: Machine
    models: tuple[Checkpoint, ...]
    weeks: tuple[WeekStatus, ...]
    zone: ZoneTimeline
    signals: tuple[WeekSignal, ...]
    """What the recording holds that can be fed, the usual one first."""


def lacking_state(machine: Machine, models: tuple[Checkpoint, ...], install: Callable[[], None]) -> EmptyState | None:
    """What this machine lacks for PAT; ``None`` when nothing is."""
    if not machine.ready:
        missing = ", ".join(machine.missing)
        return EmptyState(
            "cpu",
            "PAT is an optional part, and it is not installed here",
            more=f"Missing: {missing}. Install it with: {_INSTALL}. Weeks are counted without it.",
        )
    if not models:
        return EmptyState(
            "scan-eye",
            "No PAT weights are installed",
            "Install a weight file",
            install,
            more="Download a weight file from its authors' page and choose it here. It is checked before it is kept.",
        )
    return None


def no_signal_state(words: str, bring: Callable[[], None]) -> EmptyState:
    """The recording holds nothing that can be fed."""
    more = "Weeks of movement and their embeddings appear here once a file is imported."
    return EmptyState("import", words, "Import a recording", bring, more=more)


def kind_words(one: Checkpoint) -> str:
    """What the list of weights adds to a name, so that no test weights are taken for others."""
    return " random" if one.random else " simulated" if one.simulated else ""


def job_state(job: Job) -> EmptyState:
    """A job under way, with how far it is and a button that stops it."""
    state = EmptyState("hourglass", job.title, "Cancel", job.cancel)

    def renew() -> None:
        progress = job.progress
        if isValid(state) and progress is not None and progress.total:
            state.sentence.setText(f"{job.title}: {progress.done:g} of {progress.total:g} {progress.unit}")

    job.progressed.connect(renew)
    return state


def waiting_state(words: str, start: Callable[[], None] | None) -> EmptyState:
    """Why nothing is computed, with a button that begins where there is one."""
    return EmptyState("scan-eye", words, "" if start is None else "Embed them", start)
