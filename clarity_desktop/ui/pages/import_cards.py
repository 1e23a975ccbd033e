"""The cards of the import page: where files are dropped, one row a running import, one row a past one."""

from __future__ import annotations

import time

from clarity_desktop.app.import_checks import OTHER_PERSON
from clarity_desktop.domain.importing import ImportReport
from clarity_desktop.domain.work import CancelWay
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.jobs import Job, JobState
from clarity_desktop.ui.pages.import_words import byte_words, grouped, headline, sums_of
from clarity_desktop.ui.qt import (
    QFrame,
    QHBoxLayout,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QProgressBar,
    QRectF,
    Qt,
    QVBoxLayout,
    Signal,
)

__all__ = ["DropZone", "JobCard", "PastRow"]

_STEPS = 1000
_STOPPING = {
    CancelWay.DISCARD: "Stopping. Nothing of this file is stored.",
    CancelWay.KEEP: "Stopping. What was read so far is being stored.",
    CancelWay.PAUSE: "Pausing. The place is noted.",
}
_PAUSED = "Paused. Nothing of it is visible yet; it goes on where it was."


class DropZone(QFrame):
    """Says what can be dropped on the window, and opens the file dialog."""

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(132)
        self.setAccessibleName("Drop files here")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(6)
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addStretch(1)
        column.addWidget(Icon("import", 24, "accent"), 0, centre)
        column.addWidget(Label("Drop recordings anywhere on the window", "body_strong"), 0, centre)
        column.addWidget(
            Label("Phone health export, Actiwatch recording, or table of times and values", "small", "muted"), 0, centre
        )
        button = Button("Choose files", "primary", "folder-open")
        button.clicked.connect(lambda _=False: self.wanted.emit())
        column.addSpacing(4)
        column.addWidget(button, 0, centre)
        column.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.colour("border_strong"), 1, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()


class JobCard(Card):
    """One file under way: bytes, rate, remaining time, Cancel; when it has ended, how."""

    report_wanted = Signal(object)
    again_wanted = Signal()
    stop_wanted = Signal()
    confirm_wanted = Signal()
    """The file looks like another person's, and somebody wants to say whose it is."""

    def __init__(self, job: Job, file: str) -> None:
        super().__init__(padding=12)
        self.job = job
        self.setAccessibleName(f"Import of {file}")
        row = QHBoxLayout()
        row.setSpacing(12)
        self._icon = Icon("hourglass", 16, "text_muted")
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(ElidedLabel(file, "body_strong"))
        self._line = ElidedLabel("Waiting", "small", "muted")
        words.addWidget(self._line)
        row.addLayout(words, 1)
        self._share = Label("", "body_strong")
        row.addWidget(self._share)
        self._button = Button("Cancel")
        self._button.setToolTip("Asks what is to become of the part that was read; the import runs on meanwhile.")
        self._button.clicked.connect(lambda _=False: self._press())
        row.addWidget(self._button)
        self.body.addLayout(row)
        self._bar = QProgressBar()
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(f"Progress of {file}")
        self.body.addWidget(self._bar)
        job.progressed.connect(self._moved)
        job.ended.connect(self._ended)
        self._moved()

    def _moved(self) -> None:
        job = self.job
        if job.token.cancelled:
            self._line.set_text(_STOPPING[job.token.way])
            self._button.setEnabled(False)
            return
        progress = job.progress
        if job.state is JobState.WAITING or progress is None:
            waiting = job.state is JobState.WAITING
            self._line.set_text("Waiting for the file before it" if waiting else "Starting")
            return
        self._icon.show_icon("loader", "accent")
        share = progress.share
        parts = [progress.step]
        if progress.unit == "bytes" and progress.total:
            parts.append(f"{byte_words(progress.done)} of {byte_words(progress.total)}")
        seconds = time.monotonic() - job.began
        if share and seconds > 1:
            left = seconds * (1 - share) / share
            parts.append(f"about {left:.0f} s left" if left < 90 else f"about {left / 60:.0f} min left")
        if progress.note:
            parts.append(progress.note)
        self._line.set_text(" · ".join(parts))
        self._share.setText("" if share is None else f"{share:.0%}")
        self._bar.setValue(0 if share is None else round(share * _STEPS))

    def _ended(self) -> None:
        job = self.job
        self._share.setText("")
        self._button.setEnabled(True)
        self._button.setToolTip("")
        if job.state is JobState.FINISHED and isinstance(job.result, ImportReport):
            sums = sums_of(job.result)
            sentence, icon, tone = headline(job.result)
            self._icon.show_icon(icon, tone)
            self._line.set_text(f"{sentence} {grouped(sums.stored)} of {grouped(sums.read)} records are new.")
            self._bar.hide()
            self._button.set_text("Report")
            return
        self._bar.hide()
        self._button.set_text("Try again")
        if job.state is JobState.CANCELLED:
            self._icon.show_icon("ban", "text_muted")
            paused = job.token.way is CancelWay.PAUSE
            self._line.set_text(_PAUSED if paused else "Stopped. Nothing of this file was stored.")
            self._button.set_text("Go on" if paused else "Try again")
        elif job.error is not None:
            if job.error.code == OTHER_PERSON:
                self._button.set_text("Say whose it is")
            self._icon.show_icon("triangle-alert", "warn")
            self._line.set_text(f"{job.error.message} {job.error.remedy}".strip())

    def _press(self) -> None:
        if not self.job.is_over:
            self.stop_wanted.emit()
        elif self.job.state is JobState.FINISHED:
            self.report_wanted.emit(self.job.result)
        elif self.job.error is not None and self.job.error.code == OTHER_PERSON:
            self.confirm_wanted.emit()
        else:
            self.again_wanted.emit()


class PastRow(QFrame):
    """One import of the past; the whole row opens its report."""

    opened = Signal()

    def __init__(self, report: ImportReport, person: str) -> None:
        super().__init__()
        self.setFixedHeight(44)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        sums = sums_of(report)
        sentence, icon, tone = headline(report)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(12)
        row.addWidget(Icon(icon, 16, tone))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(report.file, "body_medium"))
        words.addWidget(ElidedLabel(f"{person} · {sentence}", "small", "muted"))
        row.addLayout(words, 1)
        count = Label(f"{grouped(sums.stored)} new", "body_strong")
        rest = Label(f"of {grouped(sums.read)} records", "small", "muted")
        rest.setMinimumWidth(120)
        row.addWidget(count)
        row.addWidget(rest)
        button = Button("Report", "link")
        button.setAccessibleName(f"Report of {report.file}")
        button.clicked.connect(lambda _=False: self.opened.emit())
        row.addWidget(button)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()
