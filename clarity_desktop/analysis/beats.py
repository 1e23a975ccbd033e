"""Lists of heart beats as a vault keeps them, read back as times in UTC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.hrv import BeatIntervals, TimeDomain, beat_intervals, time_domain
from clarity_desktop.domain.beat_clock import beat_seconds
from clarity_desktop.domain.time import Instant, Span

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["VARIABILITY", "BeatRecord", "beat_record", "beat_records"]

VARIABILITY: Final = "HKQuantityTypeIdentifierHeartRateVariabilitySDNN"
"""Kind whose samples carry lists of beats."""
_QUARTER_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class BeatRecord:
    """One list of beats."""

    start: Instant
    """Start of the record the list belongs to, UTC seconds."""
    source: str
    beats_s: NDArray[np.float64]
    """Times of the beats in seconds after ``start``, NaN where a time could not be read, shape (K,)."""
    own_sdnn_ms: float
    """The SDNN that the device itself states, passed through."""

    @property
    def intervals(self) -> BeatIntervals:
        """Intervals between the beats, artefacts marked."""
        return beat_intervals(self.beats_s)

    @property
    def time_domain(self) -> TimeDomain | None:
        """RMSSD, SDNN and pNN50, or ``None`` where the list is too short or too broken."""
        return time_domain(self.intervals)


def beat_record(start: Instant, value: float, text: str, source: str) -> BeatRecord | None:
    """The list in a sample's extra; ``None`` when it has none, or no readable time.

    Beats are printed on a local clock whose offset from UTC is a multiple of a quarter hour, so the first beat lies at
    that time modulo a quarter hour which is nearest to the start of the record. No zone is needed.

    Parameters
    ----------
    start:
        Start of the sample, UTC seconds.
    value:
        The device's own SDNN in ms.
    text:
        Canonical JSON: ``{"beats": [[bpm, "8:34:05.10"], …]}``.
    source:
        Name of the source.
    """
    beats = json.loads(text).get("beats")
    if not beats:
        return None
    clock = np.array(
        [np.nan if second is None else second for second in beat_seconds(str(time) for _, time in beats)],
        dtype=np.float64,
    )
    known = np.flatnonzero(np.isfinite(clock))
    if not known.size:
        return None
    first = clock[known[0]]
    after = (first - start + _QUARTER_S / 2) % _QUARTER_S - _QUARTER_S / 2
    return BeatRecord(start, source, np.asarray(np.round(clock - first + after, 4)), value)


def beat_records(vault: Vault, patient_id: str, span: Span | None = None) -> tuple[BeatRecord, ...]:
    """All lists of beats of a patient in a span, of all sources, in order of start.

    Parameters
    ----------
    vault:
        An open vault.
    patient_id:
        Whose data.
    span:
        UTC span; everything when ``None``.
    """
    found = [
        record
        for one in vault.series.list(patient_id)
        if one.kind == VARIABILITY
        for start, _, value, text in vault.series.read_extras(one.id, span)
        if (record := beat_record(start, value, text, one.source)) is not None
    ]
    return tuple(sorted(found, key=lambda record: (record.start, record.source)))
