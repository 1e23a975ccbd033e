"""Category samples of sleep become segments of stages."""

from __future__ import annotations

from typing import Final

import numpy as np

from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sleep import SleepSegment, Stage

__all__ = ["segments_of", "stage_of_label"]

_PREFIXES: Final = ("HKCategoryValueSleepAnalysis", "HKCategoryValue")
_STAGES: Final = {
    "inbed": Stage.IN_BED,
    "awake": Stage.AWAKE,
    "wake": Stage.AWAKE,
    "asleep": Stage.ASLEEP,
    "asleepunspecified": Stage.ASLEEP,
    "unspecified": Stage.ASLEEP,
    "sleep": Stage.ASLEEP,
    "asleepcore": Stage.CORE,
    "core": Stage.CORE,
    "light": Stage.CORE,
    "asleepdeep": Stage.DEEP,
    "deep": Stage.DEEP,
    "asleeprem": Stage.REM,
    "rem": Stage.REM,
}


def stage_of_label(label: str) -> Stage | None:
    """The stage that a category label means, ``None`` for a label nobody knows (its records are left out)."""
    text = label
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return _STAGES.get(text.strip().casefold().replace("_", "").replace(" ", ""))


def segments_of(samples: Samples, source: str) -> tuple[SleepSegment, ...]:
    """Segments of one series of sleep samples, in order of start; records without length are left out."""
    stages = [stage_of_label(label) for label in samples.labels]
    known = np.array([stage is not None for stage in stages], dtype=np.bool_)
    if not known.any():
        return ()
    code = samples.value.astype(np.int64)
    inside = (code >= 0) & (code < known.size) & (samples.length_s > 0)
    keep = np.flatnonzero(inside & known[np.clip(code, 0, known.size - 1)])
    rows = zip(samples.start[keep].tolist(), samples.length_s[keep].tolist(), code[keep].tolist(), strict=True)
    found: list[SleepSegment] = []
    for start, length, index in rows:
        stage = stages[index]
        if stage is not None:
            found.append(SleepSegment(start, start + length, stage, source))
    return tuple(found)
