"""The facts behind a text as a table: those that are cited first, with their numbers."""

from __future__ import annotations

from clarity_desktop.app.insights import Insight, fact_text
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.insights.words import spoken_sources
from clarity_desktop.ui.qt import Signal

__all__ = ["FactsCard"]


class FactsCard(Card):
    """Cited facts; a button shows the others and what is missing."""

    opened = Signal(str)
    """Id of the fact whose row was pressed."""

    def __init__(self) -> None:
        super().__init__("Facts behind the text")
        self.body.setContentsMargins(0, 0, 0, 8)
        self.all = Button("Show all", "link")
        self.all.clicked.connect(lambda _=False: self._toggle())
        self.add_action(self.all)
        self.table = MeasureTable(
            "Facts behind the text", ("Fact", "Value", "Days before the last", "Valid days"), opens=True
        )
        self.table.row_opened.connect(self._open)
        self.body.addWidget(self.table)
        self.missing = Label("", "small", "muted", wrap=True)
        self.missing.setContentsMargins(14, 4, 14, 0)
        self.body.addWidget(self.missing)
        self._insight: Insight | None = None
        self._numbers: dict[str, int] = {}
        self._ids: list[str] = []
        self._whole = False

    def show_facts(self, insight: Insight | None, numbers: dict[str, int]) -> None:
        """Show the facts of a text, the cited ones by number."""
        self._insight, self._numbers = insight, numbers
        self._fill()

    def _toggle(self) -> None:
        self._whole = not self._whole
        self._fill()

    def _fill(self) -> None:
        insight = self._insight
        table = None if insight is None else insight.facts.table
        self.setVisible(insight is not None and (table is not None or bool(insight.facts.missing)))
        if insight is None or table is None:
            self.table.show_rows(())
            self._ids = []
            self.all.hide()
            self._show_missing(insight)
            return
        cited = sorted(self._numbers, key=lambda name: self._numbers[name])
        others = [fact.id for fact in table.facts if fact.id not in self._numbers]
        self._ids = [*cited, *(others if self._whole else ())]
        spoken = spoken_sources(insight)
        rows, tips = [], []
        for name in self._ids:
            fact = table.fact(name)
            if fact is None:
                continue
            number = f"{self._numbers[name]}  " if name in self._numbers else ""
            window = fact.window
            span = f"{_day(window.from_day)} to {_day(window.to_day)}"
            label = fact.label[:1].upper() + fact.label[1:]
            rows.append((number + label, fact_text(fact, insight.facts.language), span, str(fact.valid_days)))
            tips.append(spoken[name])
        self.table.show_rows(rows, tips)
        self.all.set_text("Show cited" if self._whole else f"Show all {len(table.facts)}")
        self.all.setVisible(bool(others))
        self._show_missing(insight if self._whole else None)

    def _show_missing(self, insight: Insight | None) -> None:
        lines = () if insight is None else insight.facts.missing
        self.missing.setText("\n".join(("Not computed:", *lines)) if lines else "")
        self.missing.setVisible(bool(lines))

    def choose(self, fact: str | None) -> None:
        """Mark the row of a fact."""
        self.table.choose(self._ids.index(fact) if fact in self._ids else None)

    def _open(self, row: int) -> None:
        self.opened.emit(self._ids[row])


def _day(day: int) -> str:
    return f"day {day}".replace("-", "\u2212")
