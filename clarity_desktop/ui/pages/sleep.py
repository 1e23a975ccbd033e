"""The sleep page: the nights of the period, and one night with its lanes on one axis against the own median."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from clarity_desktop.app.comparisons import METHOD_WORDS, SleepMethods
from clarity_desktop.app.rhythm import fragmentation_index
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.kinds import HEART_RATE, LIGHT
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import Span
from clarity_desktop.ui.charts import NightStrip
from clarity_desktop.ui.charts.epoch_columns import columns_of_epochs
from clarity_desktop.ui.charts.hypnogram import night_instants
from clarity_desktop.ui.charts.night_chart import NightChart
from clarity_desktop.ui.charts.night_sources import source_bars
from clarity_desktop.ui.charts.wording import clock, day_long, day_short, duration, hour_text, number, zone_label
from clarity_desktop.ui.components.buttons import IconButton
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.stage_shares import StageShares
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.insights.beside import InsightBeside
from clarity_desktop.ui.pages.lane_specs import lane_of, signal_lane, stage_lane
from clarity_desktop.ui.pages.sleep_edits import NightEditor
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QHBoxLayout, QKeyEvent, QKeySequence, QShortcut, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["SleepPage", "account_rows", "night_rows"]

_MARGIN_S = 2 * 3600
_NAPS_SHOWN = 2
_FRAGMENTATION = "Fragmentation index"
_TIPS = {
    _FRAGMENTATION: "Actiware's form: wake in % of the sleep period, plus bouts of sleep of at most one minute in % of "
    "all bouts. Values of two devices do not compare. No published range"
}
"""What a measure is, where its name does not say it."""
_EMPTY = "Sleep needs recorded stages, or activity worn at night."


def _median(nights: tuple[Night, ...], name: str) -> float | None:
    return _median_of([float(value) for night in nights if (value := getattr(night, name)) is not None])


def _median_of(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def _per_cent(value: float | None) -> str:
    return "–" if value is None else f"{number(value, 1)} %"


def night_rows(night: Night, panel: Panel) -> list[tuple[str, str, str]]:
    """``(measure, this night, own median)`` of a night; the median is over the whole nights of the panel."""
    nights = tuple(one for one in panel.nights if not one.incomplete)

    def minutes(name: str) -> tuple[str, str]:
        value, median = getattr(night, name), _median(nights, name)
        return (
            duration(value) if value is not None else "no record",
            duration(median) if median is not None else "–",
        )

    efficiency = _median(nights, "se_pct")
    found = panel.finding("midsleep_h")
    awakenings = [_median(nights, name) or 0.0 for name in ("awakenings", "awakenings_5min")]
    long = "–" if night.awakenings_5min is None else number(night.awakenings_5min)
    kept = _median(nights, "maintenance_pct")
    broken = [value for one in nights if (value := fragmentation_index(one)) is not None]
    return [
        ("Time in bed", *minutes("tib_min")),
        ("Asleep", *minutes("tst_min")),
        ("Sleep onset latency", *minutes("sol_min")),
        ("Awake after onset", *minutes("waso_min")),
        (
            "Sleep efficiency",
            f"{number(night.se_pct)} %" if night.se_pct is not None else "no record",
            f"{number(efficiency)} %" if efficiency is not None else "–",
        ),
        (
            "Sleep maintenance",
            f"{number(night.maintenance_pct)} %" if night.maintenance_pct is not None else "no record",
            f"{number(kept)} %" if kept is not None else "–",
        ),
        (
            "Awakenings / ≥ 5 min",
            f"{number(night.awakenings)} / {long}",
            f"{number(awakenings[0])} / {number(awakenings[1])}",
        ),
        (_FRAGMENTATION, _per_cent(fragmentation_index(night)), _per_cent(_median_of(broken))),
        ("REM latency", *minutes("rem_latency_min")),
        (
            "Mid-sleep, own mean",
            hour_text(night.midsleep_h),
            hour_text(found.value) if found is not None and found.value is not None else "–",
        ),
    ]


def account_rows(found: SleepMethods, day: date | None) -> list[tuple[str, str, str, str]]:
    """``(account, time asleep, onset, final awakening)`` of a night by each account that has it."""
    rows = []
    for name, nights in found.nights.items():
        night = next((one for one in nights if one.date == day), None)
        if night is not None:
            times = (clock(found.zone, night.onset), clock(found.zone, night.offset))
            rows.append((METHOD_WORDS[name], duration(night.tst_min), *times))
    return rows


class SleepPage(StudyPage):
    """Nights, and one of them in detail. Comma and full stop go to the night before and after."""

    id: ClassVar[str] = "sleep"
    title: ClassVar[str] = "Sleep"
    icon: ClassVar[str] = "moon"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._date: date | None = None
        column = QVBoxLayout(self.content)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        strip_card = Card(padding=0)
        self.nights = NightStrip()
        self.nights.night_chosen.connect(self.show_night)
        strip_card.body.addWidget(self.nights)
        column.addWidget(strip_card)

        self._night_card = Card("Night")
        self.before = IconButton("chevron-left", "Previous night (comma)", bordered=True)
        self.after = IconButton("chevron-right", "Next night (full stop)", bordered=True)
        self.before.clicked.connect(lambda _=False: self._step(-1))
        self.after.clicked.connect(lambda _=False: self._step(1))
        self._night_card.add_action(self.before)
        self._night_card.add_action(self.after)
        self.lanes = NightChart()
        self.lanes.setMinimumHeight(540)
        self.lanes.setMaximumHeight(600)
        self.lanes.window_changed.connect(self._read_lanes)
        self.editor = NightEditor(self, services, self.lanes)
        self.editor.view_chosen.connect(self._view)
        self.editor.changed.connect(self.told)
        self._night_card.add_action(self.editor.switch)
        self._night_card.body.setContentsMargins(0, 0, 0, 8)
        self._night_card.body.addWidget(self.lanes, 1)

        self._table_card = Card("This night")
        self._source = Label("", "small", "muted")
        self._table_card.add_action(self._source)
        self.table = MeasureTable("This night against the own median", ("Measure", "Night", "Own median"))
        self._table_card.body.setContentsMargins(0, 0, 0, 4)
        self._table_card.body.addWidget(self.table)
        self._stage_card = Card("Stages")
        self._stage_card.add_action(Label("device estimate, not PSG", "small", "muted"))
        self.stages = StageShares()
        self._stage_card.body.setContentsMargins(0, 0, 0, 8)
        self._stage_card.body.addWidget(self.stages)
        self._naps_card = Card("Naps")
        self._naps = MeasureTable("Naps of the period", ("Nap", "Asleep", "Source"))
        self._naps_card.body.setContentsMargins(0, 0, 0, 4)
        self._naps_card.body.addWidget(self._naps)
        side = QVBoxLayout()
        side.setSpacing(12)
        self._methods_card = Card("Accounts of this night", " ")
        self._methods_card.setToolTip("Recorded stages, scored activity and diary, as computed or written")
        self._methods = MeasureTable("Accounts of this night", ("Account", "Asleep", "Onset", "Wake"))
        self._methods_card.body.setContentsMargins(0, 0, 0, 4)
        self._methods_card.body.addWidget(self._methods)
        self._found: SleepMethods | None = None
        self._reading: Operation[SleepMethods] | None = None
        for card in (self._table_card, self.editor.card, self._methods_card, self._stage_card, self._naps_card):
            card.setFixedWidth(320)
            side.addWidget(card)
        self.insights = InsightBeside(self, Topic.SLEEP)
        self.insights.setFixedWidth(320)
        side.addWidget(self.insights)
        side.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._night_card, 1, Qt.AlignmentFlag.AlignTop)
        row.addLayout(side)
        column.addLayout(row, 1)
        for key, step in ((",", -1), (".", 1)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._step(step))

        for keys, act in (("Ctrl+Z", self.editor.step_back), ("Ctrl+Shift+Z", self.editor.step_forward)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Letters come here from charts and lists, which leave them; fields keep theirs.
        acts = {
            Qt.Key.Key_E: self.editor.toggle,
            Qt.Key.Key_N: self.editor.note,
            Qt.Key.Key_X: self.editor.toggle_left_out,
        }
        act = acts.get(Qt.Key(event.key())) if not event.modifiers() else None
        if act is None:
            super().keyPressEvent(event)
        else:
            act()

    def toolbar_widgets(self) -> list[QWidget]:
        editor = self.editor
        return [editor.leave_button, editor.edit_button, editor.cancel_button, editor.keep_button]

    def _view(self, edited: bool) -> None:
        """Show the edited or the computed nights."""
        self.edited = edited
        self._read()

    def place(self) -> dict[str, Any]:
        return {**super().place(), "night": None if self._date is None else self._date.isoformat()}

    def restore(self, place: dict[str, Any]) -> None:
        chosen = place.get("night")
        if chosen:
            self._date = date.fromisoformat(chosen)
            if self.recording is not None:
                self.present(self.recording)
        if "span" in place:
            super().restore(place)

    def present(self, recording: Recording) -> None:
        self.insights.show_for(self.patient)
        nights = recording.panel.nights
        dates = [night.date for night in nights]
        if self._date not in dates:
            self._date = dates[-1] if dates else None
        self.nights.show_nights(nights, self._date, simulated=recording.panel.simulated)
        naps = recording.panel.naps
        self._naps_card.setVisible(bool(naps))
        latest = f"latest {_NAPS_SHOWN} of {len(naps)}" if len(naps) > _NAPS_SHOWN else ""
        self._naps_card.set_title("Naps", latest)
        self._naps.show_rows(
            [
                (
                    f"{day_short(nap.date, weekday=False)}, {clock(recording.zone, nap.onset)}",
                    duration(nap.tst_min),
                    nap.source,
                )
                for nap in naps[-_NAPS_SHOWN:]
            ]
        )
        self._show_night(recording)
        self._read_methods(recording)

    def _read_methods(self, recording: Recording) -> None:
        patient, services, span = self.patient, self.services, recording.panel.span
        if patient is None:
            return
        if self._reading is not None:
            self._reading.cancel()
        self._reading = run_query(self, lambda: services.sleep_methods(patient.id, span), self._show_methods)

    def _show_methods(self, found: SleepMethods) -> None:
        self._found = found
        self._read_sources(found)
        rows = account_rows(found, self._date)
        self._methods_card.setVisible(len(rows) > 1)
        pair = found.pairs[0] if found.pairs else None
        equal = next((one.epochs for one in pair.nights if one.date == self._date), None) if pair else None
        words = ""
        if pair is not None and equal is not None and equal.share is not None:
            kappa = "" if equal.kappa is None else f", κ {number(equal.kappa, 2)}"
            words = f"{number(100 * equal.share)} % equal{kappa}"
            said = f"{METHOD_WORDS[pair.other]} and {METHOD_WORDS[pair.reference].casefold()} agree on {words}"
            self._methods_card.setToolTip(f"{said}, of {number(equal.epochs)} minutes.")
        self._methods_card.set_title("Accounts of this night", words)
        self._methods.show_rows(rows)

    def _read_sources(self, found: SleepMethods) -> None:
        """Ask which sources recorded the night, for the lane under it."""
        recording, patient, services = self.recording, self.patient, self.services
        night = None if recording is None else self._night(recording)
        self.lanes.set_sources(())
        if night is None or patient is None:
            return
        diary = next((one for one in found.nights["diary"] if one.date == night.date), None)
        instants = [at for _, at in night_instants(night)]
        span = Span(min(instants), max(instants))
        shown = night.date

        def arrived(segments: tuple[SleepSegment, ...]) -> None:
            if self._date == shown:
                self.lanes.set_sources(source_bars(segments, night, diary))

        run_query(self, lambda: services.stages(patient.id, span), arrived)

    def show_night(self, day: date) -> None:
        """Show the night that ended on a local date."""
        self._date = day
        self.nights.choose(day)
        if self.recording is not None:
            self._show_night(self.recording)
            self.moved.emit()

    def _step(self, direction: int) -> None:
        found = self.nights.neighbour(direction)
        if found is not None:
            self.show_night(found)

    def _night(self, recording: Recording) -> Night | None:
        return next((night for night in recording.panel.nights if night.date == self._date), None)

    def _show_night(self, recording: Recording) -> None:
        night, panel, zone = self._night(recording), recording.panel, recording.zone
        self.before.setEnabled(self.nights.neighbour(-1) is not None)
        self.after.setEnabled(self.nights.neighbour(1) is not None)
        self.editor.show_night(self.patient, night, zone, recording.annotations, edited=self.edited)
        if self._found is not None:
            self._show_methods(self._found)
        self.stages.show_night(night)
        self._stage_card.setVisible(night is not None and night.method == "stages")
        if night is None:
            why = panel.finding("tst_min")
            reason = why.insufficient if why is not None and why.insufficient else "No nights in this period."
            self.lanes.clear(f"{reason} {_EMPTY}" if _EMPTY not in reason else reason)
            self._night_card.set_title("Night", "")
            self.table.show_rows(())
            self._source.setText("")
            return
        instants = [instant for _, instant in night_instants(night)]
        start = (min(instants) - _MARGIN_S) // 1800 * 1800
        stop = -(-(max(instants) + _MARGIN_S) // 1800) * 1800
        span = Span(start, stop)
        words = f"{clock(zone, start)}–{clock(zone, stop)}, one time axis, {zone_label(zone, start, stop)}"
        self._night_card.set_title(f"Night to {day_long(night.date)}", words)
        lanes = [stage_lane(weight=2.4), signal_lane(panel, weight=1.0)]
        lanes += [lane_of(kind) for kind in (HEART_RATE, LIGHT) if recording.has(kind)]
        self.lanes.simulated = panel.simulated
        self.lanes.set_lanes(lanes, zone, span)
        self.lanes.set_segments("stages", night.segments)
        self.lanes.set_not_worn([bout.span for bout in panel.wear_bouts], ["signal"])
        self.lanes.set_night(night)
        self.lanes.set_window(span)
        rows = night_rows(night, panel)
        self.table.show_rows(rows, [_TIPS.get(row[0], "") for row in rows])
        scored = "" if night.method == "stages" else f" · {night.method.replace('_', ' ').replace(':', ' by ')}"
        said = self.editor.words() if self.edited else "as computed" if self.editor.intervals else ""
        shown = f"{night.source}{scored}" if not scored else scored.removeprefix(" · ")
        self._source.setText(said or shown)
        self._source.setToolTip(" ".join(part for part in (shown, said, night.incomplete) if part))
        self._night_card.set_title(f"Night to {day_long(night.date)}", night.incomplete or words)

    def _read_lanes(self, span: Span, columns: int) -> None:
        recording = self.recording
        if recording is None:
            return
        self.lanes.set_columns("signal", columns_of_epochs(recording.panel.epochs, span, columns))
        kinds = [kind for kind in (HEART_RATE, LIGHT) if recording.has(kind)]
        # One column a minute at most: finer columns than the epochs would show holes that are none.
        fine = max(1, min(columns, span.length_s // 60))
        for kind in kinds:
            self.read_columns(self.lanes, kind, kind, span, fine)
