"""The tab of local heads: own labels, training, and what cross-validation by person says of each head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarity_desktop.domain.pat_results import HeadView
from clarity_desktop.ui.charts.weeks.reliability import ReliabilityChart
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget, Signal

__all__ = ["HeadsView", "report_rows"]

_ABOUT = (
    "A head is a small classifier on the embeddings, trained on your own labels on this machine. None comes with the "
    "program. A score is shown only by a head that does better than chance in people it has not seen and is calibrated "
    "here; it names no condition."
)


def report_rows(view: HeadView) -> list[tuple[str, str, str]]:
    """What cross-validation by person says, as rows."""
    report = view.report
    auc = report["auc"]
    reach = interval(number(auc["low"], 2), number(auc["high"], 2))
    return [
        ("People, with label", f"{report['people']}, {report['positive']}", f"{report['folds']} folds by person"),
        ("AUC", number(auc["value"], 2), f"95 % {reach}"),
        ("Brier score", number(report["brier"], 3), f"{number(report['brier_of_share'], 3)} by the share alone"),
        ("Shuffled labels", f"p {number(report['p_value'], 3)}", f"{report['permutations']} permutations"),
        ("Calibration", number(report["slope"], 2), "1 needs no correction"),
    ]


class HeadsView(QWidget):
    """Labels at the top, then the heads with their reports."""

    labels_asked = Signal(str)
    """A file of labels is to be chosen for this name."""
    labels_removed = Signal(str)
    training_asked = Signal(str, str)
    """Label and kind of head."""
    head_removed = Signal(str)
    score_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        labels = Card("Own labels")
        labels.body.addWidget(Label(_ABOUT, "small", "muted", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(8)
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        row.addWidget(Field("Name of the label", self.name, "Such as night work"), 1)
        take = Button("Take labels from a file", icon="upload")
        take.setToolTip("CSV with the columns person and label; people by code, labels yes or no")
        take.clicked.connect(lambda _=False: self._take())
        row.addWidget(take)
        labels.body.addLayout(row)
        self.labels = MeasureTable("Labels", ("Label", "Have it", "Have not"))
        labels.body.addWidget(self.labels)
        train = QHBoxLayout()
        train.setSpacing(8)
        self.label = Choice((("", "No label yet"),))
        self.label.setAccessibleName("Label to train on")
        self.kind = Choice((("linear", "Linear"), ("mlp", "One hidden layer")), "linear")
        self.kind.setAccessibleName("Kind of head")
        self.train = Button("Train a head", "primary")
        self.train.clicked.connect(lambda _=False: self.training_asked.emit(self.label.value(), self.kind.value()))
        self.remove_label = Button("Remove the label", "quiet")
        self.remove_label.clicked.connect(lambda _=False: self.labels_removed.emit(self.label.value()))
        for widget in (self.label, self.kind, self.train, self.remove_label):
            train.addWidget(widget)
        train.addStretch(1)
        labels.body.addLayout(train)
        column.addWidget(labels)
        self._report = Card("Head")
        self.head = Choice((("", "No head is trained here"),))
        self.head.setAccessibleName("Head")
        self.head.currentIndexChanged.connect(lambda _: self._show_head())
        self._report.add_action(self.head)
        across = QHBoxLayout()
        across.setSpacing(12)
        self.chart = ReliabilityChart()
        self.chart.setMaximumWidth(300)
        across.addWidget(self.chart, 2)
        words = QVBoxLayout()
        self.measures = MeasureTable("Report of the head", ("Out of fold", "Value", ""))
        words.addWidget(self.measures)
        self.verdict = Label("No head is trained here, so there is no score.", "body", "muted", wrap=True)
        words.addWidget(self.verdict)
        buttons = QHBoxLayout()
        self.score = Button("Score this person")
        self.score.clicked.connect(lambda _=False: self.score_asked.emit(self.head.value()))
        self.remove = Button("Remove the head", "quiet")
        self.remove.clicked.connect(lambda _=False: self.head_removed.emit(self.head.value()))
        buttons.addWidget(self.score)
        buttons.addWidget(self.remove)
        buttons.addStretch(1)
        words.addLayout(buttons)
        words.addStretch(1)
        across.addLayout(words, 3)
        self._report.body.addLayout(across)
        column.addWidget(self._report)
        column.addStretch(1)
        self._heads: tuple[HeadView, ...] = ()
        self.show_labels({}, may_change=False)
        self.show_heads(())

    def show_labels(self, labels: Mapping[str, tuple[int, int]], *, may_change: bool) -> None:
        """List labels with how many people have them and have not."""
        rows = [(name, number(have), number(have_not)) for name, (have, have_not) in sorted(labels.items())]
        self.labels.setVisible(bool(rows))
        self.labels.show_rows(rows, [""] * len(rows))
        held = self.label.value()
        self.label.clear()
        for name in sorted(labels):
            self.label.addItem(name, name)
        if not labels:
            self.label.addItem("No label yet", "")
        self.label.set_value(held)
        for button in (self.train, self.remove_label):
            button.setEnabled(bool(labels) and may_change)
            button.setToolTip("" if may_change else "Your role does not include changing data.")

    def show_heads(self, heads: Sequence[HeadView]) -> None:
        """List heads, the latest first."""
        self._heads = tuple(heads)
        held = self.head.value()
        self.head.blockSignals(True)
        self.head.clear()
        for one in heads:
            self.head.addItem(f"{one.label}, {one.model}, {one.report['kind']}", one.id)
        if not heads:
            self.head.addItem("No head is trained here", "")
        self.head.set_value(held)
        self.head.blockSignals(False)
        self._show_head()

    def show_score(self, words: str) -> None:
        """Say a score, or why there is none."""
        self.verdict.setText(words)

    def _show_head(self) -> None:
        view = next((one for one in self._heads if one.id == self.head.value()), None)
        self.chart.show_bins([] if view is None else list(view.report["reliability"]))
        self.chart.setVisible(view is not None)
        self.measures.setVisible(view is not None)
        self.score.setEnabled(view is not None and view.usable)
        self.remove.setEnabled(view is not None)
        if view is None:
            self.verdict.setText("No head is trained here, so there is no score.")
            return
        rows = report_rows(view)
        self.measures.show_rows(rows, [""] * len(rows))
        self.verdict.setText(" ".join(part for part in (str(view.report["verdict"]), view.notice) if part))

    def _take(self) -> None:
        name = self.name.text().strip()
        if name:
            self.labels_asked.emit(name)
        else:
            self.name.setFocus()
