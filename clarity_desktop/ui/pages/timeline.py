"""The timeline page: chosen series as linked lanes that pan and zoom over the whole recording."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, LIGHT, SLEEP, STEPS, kind_of, known_kinds
from clarity_desktop.domain.series import Accumulation
from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import TimelineChart
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.lane_specs import lane_of, stage_lane
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QMenu, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["TimelinePage"]

_STAGED = (Stage.REM, Stage.CORE, Stage.DEEP)


class TimelinePage(StudyPage):
    """Every series over one axis; the data of a window is asked for when the window comes to rest."""

    id: ClassVar[str] = "timeline"
    title: ClassVar[str] = "Timeline"
    icon: ClassVar[str] = "activity"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._chosen: tuple[str, ...] = ()
        self._of_patient: str | None = None
        self._under_way: dict[str, Operation[Any]] = {}
        column = QVBoxLayout(self.content)
        column.setContentsMargins(16, 16, 16, 16)
        self._card = Card("Timeline", "wheel zooms, drag pans, Shift and drag chooses")
        self._card.add_action(Label("band: least to greatest, line: mean", "small", "muted"))
        self.lanes = TimelineChart()
        self.lanes.window_changed.connect(self._read_lanes)
        self.lanes.period_chosen.connect(self.show_period)
        self._card.body.setContentsMargins(0, 0, 0, 8)
        self._card.body.addWidget(self.lanes, 1)
        column.addWidget(self._card, 1)
        self._fits = [Button("All"), Button("Day"), Button("Week")]
        for button, length, key in zip(self._fits, (None, DAY_S, 7 * DAY_S), ("0", "D", "W"), strict=True):
            button.clicked.connect(lambda _=False, length=length: self._fit(length))
            button.setToolTip(f"Key {key}")
        self.series_button = Button("Series", icon="layers")
        self.series_button.clicked.connect(lambda _=False: self._menu())

    def _fit(self, length_s: int | None) -> None:
        before = self.lanes.shown_span
        self.lanes.fit(length_s)
        if self.lanes.shown_span == before:
            self.told.emit("This is what is shown already.")

    def toolbar_widgets(self) -> list[QWidget]:
        return [*self._fits, self.series_button]

    def available(self, recording: Recording) -> list[str]:
        """Kinds that can be lanes, in the order of the catalogue; unknown ones at the end."""
        order = {kind.id: place for place, kind in enumerate(known_kinds())}
        kinds = dict.fromkeys(one.kind for one in recording.series)
        usable = [kind for kind in kinds if kind == SLEEP or kind_of(kind).accumulation is not Accumulation.CATEGORY]
        return sorted(usable, key=lambda kind: (order.get(kind, len(order)), kind))

    def present(self, recording: Recording) -> None:
        patient = self.patient
        kinds = self.available(recording)
        if patient is not None and self._of_patient != patient.id:
            self._of_patient = patient.id
            wanted = (ACTIVITY_COUNTS, STEPS, SLEEP, HEART_RATE, LIGHT)
            self._chosen = tuple(kind for kind in wanted if kind in kinds) or tuple(kinds[:3])
        self._lay(recording)
        self.lanes.set_window(recording.panel.span)

    def _lay(self, recording: Recording) -> None:
        self.lanes.simulated = recording.panel.simulated
        units = {one.kind: one.unit for one in recording.series}
        lanes = [stage_lane() if kind == SLEEP else lane_of(kind, units.get(kind, "")) for kind in self._chosen]
        self.lanes.set_lanes(lanes, recording.zone, recording.whole)
        if ACTIVITY_COUNTS in self._chosen:
            self.lanes.set_not_worn([bout.span for bout in recording.panel.wear_bouts], [ACTIVITY_COUNTS])

    def choose_series(self, kinds: tuple[str, ...]) -> None:
        """Show these kinds as lanes, in this order."""
        self._chosen = kinds
        if self.recording is not None:
            self._lay(self.recording)
            self._read_lanes(self.lanes.shown_span, self.lanes.columns_wanted)

    def _menu(self) -> None:
        recording = self.recording
        if recording is None:
            return
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        available = self.available(recording)
        for kind in available:
            action = menu.addAction("Sleep stages" if kind == SLEEP else kind_of(kind).title)
            action.setCheckable(True)
            action.setChecked(kind in self._chosen)
            action.toggled.connect(lambda on, kind=kind: self._toggle(kind, on, available))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.series_button.mapToGlobal(self.series_button.rect().bottomLeft()))

    def _toggle(self, kind: str, on: bool, available: list[str]) -> None:
        kept = {*self._chosen, kind} if on else {one for one in self._chosen if one != kind}
        self.choose_series(tuple(one for one in available if one in kept))

    def show_period(self, span: Span) -> None:
        if self.recording is None:
            super().show_period(span)
            return
        self.lanes.set_window(span)

    def _read_lanes(self, span: Span, columns: int) -> None:
        patient, recording = self.patient, self.recording
        if patient is None or recording is None:
            return
        self.period.show_period(span, recording.whole, recording.zone)
        self.strip.set_window(span)
        for operation in self._under_way.values():
            operation.cancel()
        self._under_way = {}
        # Half a window more at either side, so that panning shows data at once.
        margin = span.length_s // 2
        wider = Span(max(recording.whole.start, span.start - margin), min(recording.whole.stop, span.stop + margin))
        wanted = max(1, min(round(columns * wider.length_s / max(1, span.length_s)), wider.length_s // 60))
        for kind in self._chosen:
            if kind == SLEEP:
                self._read_stages(patient.id, wider)
                continue
            reading = self.read_columns(self.lanes, kind, kind, wider, wanted)
            if reading is not None:
                self._under_way[kind] = reading

    def _read_stages(self, patient_id: str, span: Span) -> None:
        services = self.services
        self._under_way["stages"] = run_query(
            self, lambda: of_best_source(services.stages(patient_id, span)), self._show_stages
        )

    def _show_stages(self, segments: tuple[SleepSegment, ...]) -> None:
        self.lanes.set_segments("stages", segments)


def of_best_source(segments: tuple[SleepSegment, ...]) -> tuple[SleepSegment, ...]:
    """The segments of the source that states most stages, and time in bed of others where it states none.

    Sources overlap; drawing all of them over each other would show none of them.
    """
    staged = Counter(segment.source for segment in segments if segment.stage in _STAGED)
    asleep = Counter(segment.source for segment in segments if segment.stage is not Stage.IN_BED)
    ranked = staged.most_common(1) or asleep.most_common(1)
    if not ranked:
        return segments
    source = ranked[0][0]
    kept = [segment for segment in segments if segment.source == source]
    if not any(segment.stage is Stage.IN_BED for segment in kept):
        kept += [segment for segment in segments if segment.stage is Stage.IN_BED]
    return tuple(sorted(kept, key=lambda segment: segment.start))
