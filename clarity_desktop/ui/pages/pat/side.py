"""The right column of the PAT page: research notice, weeks, how they are made, embedding, model card."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.domain.pat import ATTRIBUTION, RESEARCH_NOTICE, Checkpoint, Fill, WeekSignal
from clarity_desktop.domain.pat_results import NormalisationChoice, PatRequest, PatResult, WeekDetail
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.weeks.embedding import EmbeddingChart
from clarity_desktop.ui.charts.wording import day_short, number
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.pages.pat.week_list import WeekList
from clarity_desktop.ui.qt import (
    QGridLayout,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPen,
    QRectF,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["NoticeCard", "SideColumn", "card_rows"]


class NoticeCard(Card):
    """The research notice, which stands first on the page."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Research use")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(Icon("flask-conical", 18, "sim"), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(4)
        self.title = Label("Research use. Not a medical finding.", "body_strong")
        self.words = Label(RESEARCH_NOTICE, "small", "muted", wrap=True)
        column.addWidget(self.title)
        column.addWidget(self.words)
        row.addLayout(column, 1)
        self.body.addLayout(row)

    def show_checkpoint(self, one: Checkpoint | None, *, approximate: bool = False) -> None:
        """Say what kind of weights and standardisation stand behind the numbers."""
        parts = [] if one is None else [one.notice]
        if approximate:
            parts.append("Standardised by the person's own spread, which is approximate.")
        parts.append(RESEARCH_NOTICE.removeprefix("Research use. "))
        self.words.setText(" ".join(parts))
        self.setAccessibleDescription(self.words.text())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour("sim"), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()


class _Facts(QWidget):
    """Names at the left, words at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 0, 12, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.rows: list[tuple[str, str]] = []

    def show_rows(self, rows: list[tuple[str, str]]) -> None:
        self.rows = rows
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for row, (name, words) in enumerate(rows):
            self._grid.addWidget(Label(name, "small", "muted"), row, 0, Qt.AlignmentFlag.AlignTop)
            shown = ElidedLabel(words, "mono" if name == "SHA-256" else "small")
            shown.setToolTip(words)
            self._grid.addWidget(shown, row, 1)


def card_rows(one: Checkpoint, result: PatResult | None) -> list[tuple[str, str]]:
    """The model card in short."""
    blocks = f"{one.blocks} block{'s' * (one.blocks > 1)}"
    origin = "Random test weights" if one.random else one.trained_on or one.origin.value
    sha = one.sha256
    grouped = f"{sha[:4]} {sha[4:8]} … {sha[-8:-4]} {sha[-4:]}"
    rows = [
        ("Model", f"{one.label}, patch {one.patch}, {one.tokens} tokens, {blocks}"),
        ("Weights", f"{origin} · {number(one.bytes / 1e6, 1)} MB"),
        ("SHA-256", grouped),
        ("Verified", "Yes, self-test passed here" if one.verified else one.problem),
    ]
    if result is not None:
        rows.append(("Input", result.recipe.signal.words))
        rows.append(("Standardised", result.normalisation_words))
        rows.append(("Gaps", f"Filled with the {result.recipe.fill.words}"))
        made = f"{number(result.computed)} of {number(len(result.embeddings))} weeks now, the others kept"
        rows.append(("Computed", f"{made}, {number(result.seconds, 1)} s on this machine"))
    rows.append(("Score", "None from the model itself: no head is part of it"))
    rows.append(("Licence", one.licence if not one.licence.startswith("CC") else ATTRIBUTION))
    return rows


class SideColumn(QWidget):
    """Everything at the right."""

    request_changed = Signal()
    """How weeks are made was changed."""
    export_asked = Signal()
    card_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        self.notice = NoticeCard()
        column.addWidget(self.notice)
        self.weeks_card = Card("Weeks", f"of {number(10_080)} min, one from each midnight")
        self.weeks = WeekList()
        self.weeks.setFixedHeight(4 * 46)
        self.weeks_card.body.setContentsMargins(1, 0, 1, 4)
        self.weeks_card.body.addWidget(self.weeks)
        column.addWidget(self.weeks_card)
        self.embedding_card = Card("Embedding", "96 numbers, this week")
        export = IconButton("download", "Save the embeddings of all weeks as CSV")
        export.clicked.connect(lambda _=False: self.export_asked.emit())
        self.embedding_card.add_action(export)
        self.embedding = EmbeddingChart()
        self.embedding_card.body.setContentsMargins(0, 0, 0, 8)
        self.embedding_card.body.addWidget(self.embedding)
        self._alike = Label("", "small", "muted", wrap=True)
        self._alike.setContentsMargins(12, 0, 12, 0)
        self.embedding_card.body.addWidget(self._alike)
        column.addWidget(self.embedding_card)
        self.model_card = Card("Model card")
        opened = Button("Open", "link")
        opened.setAccessibleName("Open the model card")
        opened.clicked.connect(lambda _=False: self.card_asked.emit())
        self.model_card.add_action(opened)
        self.facts = _Facts()
        self.model_card.body.setContentsMargins(0, 0, 0, 4)
        self.model_card.body.addWidget(self.facts)
        column.addWidget(self.model_card)
        column.addWidget(self._making_card())
        column.addStretch(1)

    def _making_card(self) -> Card:
        card = Card("How weeks are made")
        gates = (("90", "90\u202f% of its minutes worn"), ("100", "100\u202f% of its minutes worn, strict"))
        self.gate = Choice(gates, "90")
        self.signal = Choice((("", "The usual signal"),))
        self.fill = Choice(
            (
                (Fill.OWN_MEDIAN.value, "Own median of the minute of the day"),
                (Fill.AVERAGE.value, "0 after standardisation, the average"),
            )
        )
        self.normalisation = Choice(
            (
                (NormalisationChoice.AUTO.value, "As the checkpoint was trained"),
                (NormalisationChoice.OWN.value, "By own mean and spread, approximate"),
            )
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = (
            ("Fed with", self.signal),
            ("A week needs", self.gate),
            ("Gaps filled with", self.fill),
            ("Standardised", self.normalisation),
        )
        for at, (name, control) in enumerate(rows):
            grid.addWidget(Label(name, "small", "muted"), at, 0)
            control.setAccessibleName(name)
            control.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            control.setMinimumContentsLength(12)
            control.currentIndexChanged.connect(lambda _: self.request_changed.emit())
            grid.addWidget(control, at, 1)
        card.body.addLayout(grid)
        return card

    def offer_signals(self, signals: Sequence[WeekSignal]) -> None:
        """Offer what the recording holds; what was chosen stays chosen where it is there."""
        held = self.signal.value()
        self.signal.blockSignals(True)
        self.signal.clear()
        for one in signals:
            words = one.words.split(",")[0]
            self.signal.addItem(f"{words[0].upper()}{words[1:]}", one.value)
        if not signals:
            self.signal.addItem("The usual signal", "")
        self.signal.set_value(held)
        self.signal.blockSignals(False)

    def request(self, model: str | None) -> PatRequest:
        """What the controls come to."""
        signal = self.signal.value()
        return PatRequest(
            model,
            WeekSignal(signal) if signal else None,
            gate=1.0 if self.gate.value() == "100" else 0.9,
            fill=Fill(self.fill.value()),
            normalisation=NormalisationChoice(self.normalisation.value()),
        )

    def show_model(self, one: Checkpoint | None, result: PatResult | None) -> None:
        """Show the card in short, or take it off."""
        self.model_card.setVisible(one is not None)
        self.notice.show_checkpoint(one, approximate=result is not None and result.approximate)
        if one is not None:
            self.facts.show_rows(card_rows(one, result))

    def show_week(self, detail: WeekDetail | None) -> None:
        """Show the embedding of a week."""
        week = None if detail is None else detail.embedding
        self.embedding.show_values(None if week is None else week.pooled)
        words = ""
        if detail is not None and detail.cosine_to_first is not None and detail.first_day is not None:
            first = day_short(date_of_day(detail.first_day), weekday=False)
            words = f"Cosine similarity to the week of {first}: {number(detail.cosine_to_first, 3)}"
        elif week is not None:
            words = "The first computed week; later ones are held against it."
        self._alike.setText(words)
        self._alike.setVisible(bool(words))
