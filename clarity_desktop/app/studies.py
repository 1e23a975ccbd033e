"""The part of the services that analyses: panels, days, timelines, change over time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.pseudonyms import masked_panel, masked_segments
from clarity_desktop.app.recordings import RecordingServices
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import Span
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.analysis.change import ChangeOverTime
    from clarity_desktop.analysis.study import Study
    from clarity_desktop.analysis.timeline import TimelineColumns
    from clarity_desktop.app.rhythm import RhythmDetail
    from clarity_desktop.circadian.two_process import TwoProcess
    from clarity_desktop.signals.days import DayStatistics

__all__ = ["StudyServices"]


class StudyServices(RecordingServices):
    """Panels and what goes beyond them, computed from the open vault. Part of ``Services``."""

    _study: Study | None

    @property
    @open_to_all
    def study(self) -> Study:
        """The analysis over the open vault."""
        with self._lock:
            if self._study is None:
                from clarity_desktop.analysis.study import Study

                self._study = Study(self.vault)
            return self._study

    @needs(Right.READ_DATA)
    def panel(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        epoch_s: int = 60,
        details: bool = False,
        edited: bool = True,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Panel:
        """Findings, nights and signals of a window (default: the last 28 local days that hold data).

        ``details`` adds the rhythm metrics that no page shows at once; they take longer than all the rest. Without
        ``edited`` rests, naps, non-wear and what was left out by hand do not count.
        """
        found = self.study.panel(
            patient_id,
            span,
            zone=zone,
            epoch_s=epoch_s,
            details=details,
            edited=edited,
            progress=progress,
            cancel=cancel or CancelToken(),
        )
        return found if self._sees_identity() else masked_panel(found)

    @needs(Right.READ_DATA)
    def beyond_panel(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[Finding, ...]:
        """Variability from beats, entropy, and model estimates of phase and pressure, of the panel's window."""
        cancel = cancel or CancelToken()
        heart = self.study.heart(patient_id, span, zone=zone, progress=progress, cancel=cancel)
        phase = self.study.phase(patient_id, span, zone=zone, progress=progress, cancel=cancel)
        return (*heart, *phase, self.study.complexity(patient_id, span, zone=zone, cancel=cancel))

    @needs(Right.READ_DATA)
    def sleep_pressure(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> TwoProcess:
        """Curve of sleep pressure with its thresholds, of the window of :meth:`panel`: a model, not a measurement."""
        return self.study.sleep_pressure(patient_id, span, zone=zone)

    @needs(Right.READ_DATA)
    def change(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> ChangeOverTime:
        """Daily values and rolling windows of the window of :meth:`panel`."""
        return self.study.change(patient_id, span, zone=zone)

    @needs(Right.READ_DATA)
    def rhythm_detail(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> RhythmDetail:
        """Power against period, likeness of days and daily values with their trend, of the window of :meth:`panel`."""
        from clarity_desktop.analysis.heart import read_beats
        from clarity_desktop.app.rhythm import rhythm_detail

        change = self.study.change(patient_id, span, zone=zone)
        panel = self.panel(patient_id, span, zone=zone)
        beats = read_beats(self.vault, patient_id, panel)
        return rhythm_detail(panel, change.daily, rolling=change.rolling, beats=beats)

    def _panel_of(self, patient_id: str) -> Panel:
        return self.panel(patient_id)

    @needs(Right.READ_DATA)
    def days(
        self, patient_id: str, kind: str, *, merged: bool = False, zone: str | None = None
    ) -> dict[date, DayStatistics]:
        """Totals or statistics of a kind by local day."""
        return self.study.days(patient_id, kind, merged=merged, zone=zone)

    @needs(Right.READ_DATA)
    def timeline(self, patient_id: str, kind: str, span: Span, columns: int) -> TimelineColumns:
        """One lane of a time chart: minimum, maximum and mean per pixel column."""
        from clarity_desktop.analysis.timeline import timeline_columns

        return timeline_columns(self.vault, patient_id, kind, span, columns)

    @needs(Right.READ_DATA)
    def timeline_at_hand(self, patient_id: str, kind: str, span: Span, columns: int) -> TimelineColumns | None:
        """A coarser picture of a lane that is there at once; ``None`` where :meth:`timeline` is as quick."""
        from clarity_desktop.analysis.timeline import timeline_at_hand

        return timeline_at_hand(self.vault, patient_id, kind, span, columns)

    @needs(Right.READ_DATA)
    def stages(self, patient_id: str, span: Span) -> tuple[SleepSegment, ...]:
        """Recorded sleep stages within a span, of all sources."""
        from clarity_desktop.analysis.timeline import stages_between

        found = stages_between(self.vault, patient_id, span)
        return found if self._sees_identity() else masked_segments(found)
