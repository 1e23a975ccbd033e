"""A typed question about the facts: checked for names first, answered from facts, or refused with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clarity_desktop.app.insight_questions import QuestionAnswer
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.insights import Insight
    from clarity_desktop.insights.identifiers import IdentifierHit
    from clarity_desktop.ui.pages.insights.panel import InsightPanel

__all__ = ["QuestionBox"]


class QuestionBox(Card):
    """A line to type in and what came of it. The answer stands in the panel above, with its sources."""

    def __init__(self, panel: InsightPanel) -> None:
        super().__init__("Ask about the facts", "The question stays here; only the measures it names are used")
        self._panel, self._services = panel, panel.services
        self._operation: Operation[Any] | None = None
        row = QHBoxLayout()
        row.setSpacing(8)
        self.line = QLineEdit()
        self.line.setMaxLength(400)
        self.line.setPlaceholderText("How long was the time asleep in the recent week?")
        self.line.setAccessibleName("Question about the facts")
        self.line.returnPressed.connect(self.check)
        self.ask_button = Button("Ask", icon="arrow-right")
        self.ask_button.clicked.connect(lambda _=False: self.check())
        row.addWidget(self.line, 1)
        row.addWidget(self.ask_button)
        self.body.addLayout(row)
        self.words = Label("", "body", "muted", wrap=True)
        self.words.setAccessibleName("What came of the question")
        self.words.hide()
        self.body.addWidget(self.words)
        self.found = QWidget()
        choices = QHBoxLayout(self.found)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(8)
        self.without = Button("Ask without it", "normal")
        self.edit = Button("Edit", "quiet", "pencil")
        self.leave = Button("Cancel", "quiet")
        self.without.clicked.connect(lambda _=False: self._ask_without())
        self.edit.clicked.connect(lambda _=False: self._edit())
        self.leave.clicked.connect(lambda _=False: self.clear())
        for button in (self.without, self.edit, self.leave):
            choices.addWidget(button)
        choices.addStretch(1)
        self.found.hide()
        self.body.addWidget(self.found)
        self._hits: tuple[IdentifierHit, ...] = ()

    def clear(self) -> None:
        """Empty the line and what was said of it."""
        if self._operation is not None:
            self._operation.cancel()
        self.line.clear()
        self._hits = ()
        self.words.hide()
        self.found.hide()

    def check(self) -> None:
        """Look for what could name the person; ask when nothing is found."""
        patient, question, services = self._panel.patient, self.line.text().strip(), self._services
        if patient is None:
            return
        if not question:
            self._say("Type a question first.")
            self.line.setFocus()
            return
        self.found.hide()
        self._say("Reading the question …")
        found: Operation[tuple[IdentifierHit, ...]] = run_query(
            self, lambda: services.insight_identifiers(patient.id, question), self._checked, self._refused
        )
        self._operation = found

    def _checked(self, hits: tuple[IdentifierHit, ...]) -> None:
        self._hits = hits
        if not hits:
            self.ask(self.line.text().strip())
            return
        text = self.line.text().strip()
        held = ", ".join(f"“{text[hit.start : hit.stop]}” ({hit.what})" for hit in hits)
        self._say(f"The question holds what could name somebody: {held}.")
        first = hits[0]
        self.line.setText(text)
        self.line.setSelection(first.start, first.stop - first.start)
        self.found.show()

    def _ask_without(self) -> None:
        text, place, parts = self.line.text().strip(), 0, []
        for hit in self._hits:
            parts.append(text[place : hit.start])
            place = hit.stop
        text = " ".join("".join((*parts, text[place:])).split())
        self.line.setText(text)
        self.found.hide()
        if text:
            self.ask(text)

    def _edit(self) -> None:
        self.found.hide()
        self.words.hide()
        self.line.setFocus()

    def ask(self, question: str) -> None:
        """Have a question answered by who speaks now."""
        patient, services, language = self._panel.patient, self._services, self._panel.language
        if patient is None:
            return
        provider, shown = self._panel.who.value(), self._panel.insight
        self._say("Reading the facts …")
        if provider == "gemini":
            self._panel.stream(
                "Answer by a model",
                lambda cancel, spoken: services.ask_insight(
                    patient.id, question, provider=provider, language=language, cancel=cancel, on_spoken=spoken
                ),
                lambda answer: self._model_answered(answer, shown),
            )
            return
        found: Operation[QuestionAnswer] = run_query(
            self,
            lambda: services.ask_insight(patient.id, question, provider=provider, language=language),
            self._answered,
            self._refused,
        )
        self._operation = found

    def _model_answered(self, answer: QuestionAnswer, shown: Insight | None) -> None:
        self._answered(answer)
        if answer.insight is None or answer.refused is not None:
            # A question that is not answered leaves the text that stood there.
            if shown is None:
                self._panel.show_nothing("")
            else:
                self._panel.show_insight(shown)

    def _answered(self, answer: QuestionAnswer) -> None:
        if answer.insight is None or answer.refused is not None:
            self._say(answer.words)
            return
        self._panel.drop()
        self._panel.show_insight(answer.insight)
        count = len(answer.insight.statements)
        self._say(f"Answered above from the facts, in {count} sentences." if count != 1 else "Answered above.")

    def _refused(self, error: ClarityError) -> None:
        self._say(f"{error.message} {error.remedy}".strip())

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.show()
