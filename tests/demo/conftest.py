from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

from clarity_desktop.demo.people import DEMO_DAYS, DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import SimulatedRecording, simulate


@lru_cache(maxsize=8)
def _recording(code: str) -> SimulatedRecording:
    person = next(person for person in PEOPLE if person.code == code)
    return simulate(person, DEMO_SEED, DEMO_DAYS)


@pytest.fixture(scope="session")
def recording_of() -> Callable[[str], SimulatedRecording]:
    return _recording
