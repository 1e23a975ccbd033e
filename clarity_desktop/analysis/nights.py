"""Nightly values from overlapping stage records, as ``sleep nights`` prints them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clarity_desktop.analysis.stage_records import stage_of_label
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.sleep.episodes import group_episodes
from clarity_desktop.sleep.stages import StageSummary, resolve_sources, summarise_stages

__all__ = ["nights_document", "read_segments"]


def read_segments(rows: Sequence[Sequence[Any]]) -> tuple[SleepSegment, ...]:
    """Segments of rows ``[start_s, end_s, source, stage]``.

    Raises
    ------
    InputError
        ``sleep.segment`` for a row of another form, or a stage nobody knows.
    """
    found: list[SleepSegment] = []
    for number, row in enumerate(rows):
        stage = stage_of_label(str(row[3])) if len(row) == 4 else None
        if stage is None or not _are_seconds(row[0], row[1]):
            raise InputError(
                "sleep.segment",
                "A sleep record is not of the form start, end, source, stage.",
                remedy="Give seconds since 1970 and one of the stages inbed, awake, asleep, core, deep, rem.",
                detail=f"segment {number}",
            )
        found.append(SleepSegment(int(row[0]), int(row[1]), stage, str(row[2])))
    return tuple(found)


def _are_seconds(start: Any, stop: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (start, stop))
    return numbers and start <= stop


def _document(summary: StageSummary) -> dict[str, Any]:
    return {
        "in_bed_s": summary.in_bed,
        "out_of_bed_s": summary.out_of_bed,
        "onset_s": summary.onset,
        "offset_s": summary.offset,
        "tib_min": summary.tib_min,
        "tst_min": summary.tst_min,
        "sol_min": summary.sol_min,
        "waso_min": summary.waso_min,
        "se_pct": summary.se_pct,
        "maintenance_pct": summary.maintenance_pct,
        "awakenings": summary.awakenings,
        "awakenings_5min": summary.awakenings_5min,
        "stages_min": summary.stages_min,
        "stages_pct": summary.stages_pct,
        "rem_latency_min": summary.rem_latency_min,
        "gap_min": summary.gap_min,
    }


def nights_document(
    segments: Sequence[Sequence[Any]] | Sequence[SleepSegment], priority: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """One document an episode of sleep, in order of time.

    Parameters
    ----------
    segments:
        Rows ``[start_s, end_s, source, stage]``, or segments; records less than 60 minutes apart are one episode.
    priority:
        Sources, highest first; by what they know when ``None``.

    Raises
    ------
    InputError
        ``sleep.segment``.
    """
    rows = [one for one in segments if not isinstance(one, SleepSegment)]
    records = (*(one for one in segments if isinstance(one, SleepSegment)), *read_segments(rows))
    nights: list[dict[str, Any]] = []
    for episode in group_episodes(records):
        resolved = resolve_sources(episode, priority)
        summary = summarise_stages(resolved, [s for s in episode if s.stage is Stage.IN_BED])
        if summary is not None:
            nights.append(_document(summary))
    return nights
