"""The preview beside the patient list: five main numbers, the nights as bars, and the way in."""

from __future__ import annotations

import math

from clarity_desktop.app import PatientSummary
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sleep import Night
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import ElidedLabel, Label, rule
from clarity_desktop.ui.qt import (
    QGridLayout,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QRectF,
    QSize,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["PatientPreview", "finding_words"]

_ROWS = (
    ("tst_min", "Asleep, median"),
    ("se_pct", "Efficiency, median"),
    ("midsleep_h", "Mid-sleep, mean"),
    ("sri", "Regularity, SRI"),
    ("ra", "Relative amplitude"),
)
_RESTS_ON = {"tst_min": "nights", "se_pct": "nights", "midsleep_h": "nights", "sri": "pairs", "ra": "days"}


def finding_words(finding: Finding | None) -> tuple[str, str]:
    """Value with unit, and what it rests on; the reason in place of the latter when there is no value."""
    if finding is None:
        return ("–", "not asked for")
    if finding.value is None or not math.isfinite(finding.value):
        return ("Insufficient", finding.insufficient or "")
    value = finding.value
    rests = "" if finding.n is None else f"{finding.n} {_RESTS_ON.get(finding.metric, 'days')}"
    if finding.metric == "tst_min":
        hours, minutes = divmod(round(value), 60)
        return (f"{hours} h {minutes:02d} min", rests)
    if finding.metric == "midsleep_h":
        minute_of_day = round(value * 60) % 1440
        return (f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}", rests)
    if finding.metric == "se_pct":
        return (f"{value:.0f} %", rests)
    return (f"{value:.0f}".replace("-", "\u2212") if finding.metric == "sri" else f"{value:.2f}", rests)


class _NightBars(QWidget):
    """Time asleep by night as bars from zero; dates without a night are hatched."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(64)
        self._nights: tuple[Night, ...] = ()

    def show_nights(self, nights: tuple[Night, ...]) -> None:
        self._nights = nights
        hours = [night.tst_min / 60 for night in nights]
        spoken = f"Time asleep over {len(hours)} nights, {min(hours):.1f} to {max(hours):.1f} hours" if hours else ""
        self.setAccessibleName(spoken or "No nights")
        self.setToolTip(spoken)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._nights:
            return
        painter = QPainter(self)
        by_day = {night.date.toordinal(): night.tst_min for night in self._nights}
        first, last = min(by_day), max(by_day)
        days = last - first + 1
        step = min(self.width() / days, 24.0)
        top = max(600.0, max(by_day.values()))
        base = self.height() - 1
        bar = max(1.0, step - max(1.0, step * 0.2))
        for day in range(first, last + 1):
            left = (day - first) * step
            asleep = by_day.get(day)
            if asleep is None:
                hatched = theme.hatch("not_worn", self.devicePixelRatioF(), small=True)
                painter.fillRect(QRectF(left, 4, bar, base - 4), hatched)
                continue
            height = asleep / top * (base - 4)
            painter.fillRect(QRectF(left, base - height, bar, height), theme.colour("asleep"))
        painter.fillRect(QRectF(0, base, self.width(), 1), theme.colour("axis"))
        painter.end()


class PatientPreview(Card):
    """320 px wide; what is not known yet keeps its place."""

    open_wanted = Signal(str)
    import_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(padding=0)
        self.setFixedWidth(320)
        self.setAccessibleName("Preview")
        self._patient: Patient | None = None
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 10)
        head.setSpacing(8)
        self._name = ElidedLabel("", "body_strong")
        self._simulated = Badge("Simulated", "flask-conical", "sim")
        head.addWidget(self._name, 1)
        head.addWidget(self._simulated)
        self.body.setSpacing(0)
        self.body.addLayout(head)
        self._numbers = QWidget()
        grid = QGridLayout(self._numbers)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        self._values: list[tuple[Label, Label]] = []
        for row, (_, title) in enumerate(_ROWS):
            grid.addWidget(rule(), row * 2, 0, 1, 3)
            name, value, rests = Label(title), Label("", "body_strong"), Label("", "small", "muted")
            name.setContentsMargins(12, 0, 0, 0)
            rests.setContentsMargins(8, 0, 12, 0)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            value.setAlignment(right)
            rests.setAlignment(right)
            rests.setMinimumWidth(76)
            for column, widget in enumerate((name, value, rests)):
                widget.setFixedHeight(27)
                grid.addWidget(widget, row * 2 + 1, column)
            self._values.append((value, rests))
        grid.setColumnStretch(0, 1)
        self.body.addWidget(self._numbers)
        self.body.addWidget(rule())
        chart = QVBoxLayout()
        chart.setContentsMargins(12, 12, 12, 10)
        chart.setSpacing(6)
        self._bars = _NightBars()
        self._caption = Label("", "micro", "muted", wrap=True)
        chart.addWidget(self._bars)
        chart.addWidget(self._caption)
        self.body.addLayout(chart)
        self.body.addWidget(rule())
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 10, 12, 10)
        foot.setSpacing(8)
        self.open_button = Button("Open", "primary")
        self.open_button.clicked.connect(lambda _=False: self._emit(self.open_wanted))
        add = Button("Import for this person", "normal", "import")
        add.clicked.connect(lambda _=False: self._emit(self.import_wanted))
        foot.addWidget(self.open_button)
        foot.addWidget(add)
        foot.addStretch(1)
        self.body.addLayout(foot)

    def _emit(self, signal: object) -> None:
        if self._patient is not None:
            signal.emit(self._patient.id)  # type: ignore[attr-defined]

    def show_person(self, patient: Patient, summary: PatientSummary | None, error: ClarityError | None = None) -> None:
        """Show one person; without a summary and an error the numbers are still being read."""
        self._patient = patient
        self._name.set_text(patient.name)
        self._simulated.setVisible(patient.simulated)
        self.open_button.setAccessibleName(f"Open {patient.name}")
        found = {finding.metric: finding for finding in summary.findings} if summary is not None else {}
        has_data = summary is not None and summary.last is not None
        for (metric, _), (value, rests) in zip(_ROWS, self._values, strict=True):
            words, basis = finding_words(found.get(metric)) if has_data else ("–", "")
            enough = words != "Insufficient"
            value.setText(words if enough else "")
            rests.setText(basis if enough else "insufficient")
            rests.setToolTip("" if enough else basis)
        nights = summary.nights if summary is not None else ()
        self._bars.show_nights(nights)
        self._bars.setVisible(bool(nights))
        if error is not None:
            self._caption.setText(f"{error.message} {error.remedy} Reference {error.reference}".strip())
        elif summary is None:
            self._caption.setText("Reading the last 28 days")
        elif not has_data:
            self._caption.setText("No recording yet. Import a file to see sleep and rhythm.")
        elif not nights:
            self._caption.setText("No nights in the last 28 days of data.")
        else:
            self._caption.setText(f"Time asleep, {len(nights)} nights, from zero")
