"""The panel of an insight: sentences as they come, who made them, what was sent, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

from clarity_desktop.app.insights import Insight, SaidStatement, insight_note
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.jobs import Job, Operation, board, run_mutation, run_query, start_job
from clarity_desktop.ui.pages.insights.panel_foot import PanelFoot
from clarity_desktop.ui.pages.insights.panel_head import PanelHead
from clarity_desktop.ui.pages.insights.statement_row import StatementRow
from clarity_desktop.ui.pages.insights.words import TOPIC_WORDS, spoken_sources
from clarity_desktop.ui.qt import QGuiApplication, QHBoxLayout, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["InsightPanel"]

_T = TypeVar("_T")
Speaker = Callable[[SaidStatement], None]
_PROVIDERS: Final = (("rules", "Rules"), ("gemini", "Model"), ("cloud", "Cloud"))
_TIPS: Final = (
    ("rules", "Written on this machine; nothing is sent"),
    ("gemini", "Sends the facts table where consent and workplace allow it; see What would be sent"),
    ("cloud", "Sends six values, and only when all six are there; What would be sent lists what is missing"),
)


class InsightPanel(Card):
    """Sentences of one topic about one person.

    Parameters
    ----------
    compact:
        Beside charts: without the choice of who speaks and without what is done with the text.
    """

    cited = Signal(str)
    """Id of the fact whose chip was pressed."""
    changed = Signal()
    """Another text, or more of one, is shown."""
    asked = Signal(str, int)
    """What the page is asked to open: ``why``, ``comment``, ``sent`` or ``sign``, with the number of a sentence."""
    told = Signal(str)

    def __init__(self, services: Services, *, compact: bool = False) -> None:
        super().__init__("Insights", " ")
        self.services, self.compact = services, compact
        self.patient: Patient | None = None
        self.topic, self.language, self.event_day = Topic.OVERVIEW, "en", None
        self.insight: Insight | None = None
        self.rows: list[StatementRow] = []
        self.numbers: dict[str, int] = {}
        self.ratings: dict[int, dict[str, Any]] = {}
        self.chosen: str | None = None
        self._recalled = False
        self._operation: Operation[Any] | None = None
        self.job: Job | None = None
        self._round = 0
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self.who = SegmentedSwitch("Who speaks", _PROVIDERS, "rules")
        for provider, words in _TIPS:
            self.who.explain(provider, words)
        self.who.chosen.connect(lambda _: self.make())
        self.who.setVisible(not compact)
        self.add_action(self.who)
        self._add_head()
        self._sentences = QVBoxLayout()
        self._sentences.setSpacing(0)
        self.body.addLayout(self._sentences)
        self.state = Label("", "body", "muted", wrap=True)
        self.state.setContentsMargins(14, 10, 14, 10)
        self.body.addWidget(self.state)
        self.remote = Label("", "body", wrap=True, selectable=True)
        self.remote.setContentsMargins(14, 10, 14, 10)
        self.remote.setAccessibleName("Remote text, not checked")
        self.body.addWidget(self.remote)
        self.hidden = Button("", "link")
        self.hidden.clicked.connect(lambda _=False: self.show_hidden())
        self.body.addWidget(self.hidden)
        self.body.addStretch(1)
        self._add_foot()
        self.show_nothing("")

    event_day: date | None

    def _add_head(self) -> None:
        self.head = PanelHead(compact=self.compact)
        self.head.aged.connect(self._aged)
        self.origin, self.made = self.head.origin, self.head.made
        self.sent, self.stop = self.head.sent, self.head.stop
        self.stop.clicked.connect(lambda _=False: self.cancel())
        self.body.addWidget(self.head)
        self.body.addWidget(rule())
        notice = QWidget()
        inner = QHBoxLayout(notice)
        inner.setContentsMargins(14, 8, 14, 8)
        inner.setSpacing(8)
        inner.addWidget(Icon("info", 16, "info"))
        self.notice_words = Label("", "small", wrap=True)
        inner.addWidget(self.notice_words, 1)
        self.notice = notice
        self.body.addWidget(notice)

    def _add_foot(self) -> None:
        self.body.addWidget(rule())
        foot = PanelFoot(compact=self.compact)
        self.preview, self.copy, self.sign = foot.preview, foot.copy, foot.sign
        self.preview.clicked.connect(lambda _=False: self.asked.emit("sent", 0))
        self.copy.clicked.connect(lambda _=False: self.copy_text())
        self.sign.clicked.connect(lambda _=False: self.asked.emit("sign", 0))
        self.body.addWidget(foot)

    # -- making a text -------------------------------------------------------------------------------------------

    def show_patient(self, patient: Patient | None) -> None:
        """Be about another person; what was under way for the last one is dropped."""
        self.drop()
        self.patient = patient
        self.show_nothing("")

    def drop(self) -> None:
        """Stop what is under way and drop its answer."""
        self._round += 1
        if self._operation is not None:
            self._operation.cancel()
        if self.job is not None and not self.job.is_over:
            self.job.cancel()
        self.job = None
        self.stop.hide()

    def cancel(self) -> None:
        """Stop the model; what was checked until then stays, marked partial."""
        if self.job is not None:
            self.job.cancel()

    def make(self, *, fresh: bool = False) -> None:
        """Have a text made by who is chosen; rules answer by themselves, a model streams as a job."""
        patient, services = self.patient, self.services
        if patient is None:
            return
        self.drop()
        topic, language, event = self.topic, self.language, self.event_day
        provider = "rules" if self.compact else self.who.value()
        if provider != "gemini":
            self.state.setText("Reading the facts …")
            self.state.show()
            self._operation = run_query(
                self,
                lambda: services.tell_insight(
                    patient.id, topic, provider=provider, language=language, event=event, fresh=fresh
                ),
                self.show_insight,
                self.refuse,
            )
            return
        self.stream(
            "Insight by a model",
            lambda cancel, spoken: services.tell_insight(
                patient.id,
                topic,
                provider=provider,
                language=language,
                event=event,
                fresh=fresh,
                cancel=cancel,
                on_spoken=spoken,
            ),
            self.show_insight,
        )

    def stream(self, title: str, ask: Callable[[CancelToken, Speaker], _T], arrived: Callable[[_T], None]) -> None:
        """Ask a model as a job that Stop ends; its checked sentences appear as they come, ``arrived`` has the end."""
        self.drop()
        asked = self._round
        self.show_nothing("Asking the model; each sentence appears once it is checked …")
        said: list[SaidStatement] = []

        def spoken(one: SaidStatement) -> None:
            board().post(lambda: self._stream(asked, said, one))

        job = start_job(title, lambda _, cancel: ask(cancel, spoken))
        job.ended.connect(lambda: self._job_ended(asked, job, arrived))
        self.job = job
        self.head.show_asking()

    def _stream(self, asked: int, said: list[SaidStatement], one: SaidStatement) -> None:
        if asked == self._round:
            said.append(one)
            self._say(len(said) - 1, one)
            self.state.setText("More is being checked …")

    def _job_ended(self, asked: int, job: Job, arrived: Callable[[_T], None]) -> None:
        if asked != self._round:
            return
        self.stop.hide()
        if job.result is not None:
            arrived(job.result)
        elif job.error is not None:
            self.refuse(job.error)
        else:
            self.show_nothing("Stopped before anything was checked.")

    # -- showing it ----------------------------------------------------------------------------------------------

    def show_nothing(self, words: str) -> None:
        """Take the text off, and say why there is none."""
        self.insight, self.numbers, self.chosen, self.ratings = None, {}, None, {}
        self._clear()
        self.notice.hide()
        self.remote.hide()
        self.hidden.hide()
        self.head.clear()
        self._recalled = False
        self.set_title("Insights", TOPIC_WORDS[self.topic])
        self.state.setText(words)
        self.state.setVisible(bool(words))
        for button in (self.copy, self.sign):
            button.setEnabled(False)
        self.changed.emit()

    def _clear(self) -> None:
        for row in self.rows:
            self._sentences.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []

    def _say(self, number: int, said: SaidStatement) -> None:
        for name in said.facts:
            self.numbers.setdefault(name, len(self.numbers) + 1)
        row = StatementRow(number, said)
        row.cited.connect(self.cite)
        row.asked.connect(self._menu_chosen)
        self.rows.append(row)
        self._sentences.addWidget(row)
        row.show_sources(self.numbers, {} if self.insight is None else spoken_sources(self.insight))
        row.choose(self.chosen)

    def show_insight(self, insight: Insight) -> None:
        """Show a whole text."""
        kept = self.chosen
        self.show_nothing("")
        self.insight = insight
        for number, said in enumerate(insight.statements):
            self._say(number, said)
        facts = insight.facts
        self.set_title("Insights", f"{TOPIC_WORDS[facts.topic]}, to {facts.last_day.day} {facts.last_day:%B %Y}")
        self._show_refusal(insight)
        if insight.remote is not None:
            lines = (insight.remote.narrative, *(f"– {point}" for point in insight.remote.points))
            lacks = "; ".join(insight.remote.lacks)
            kept = insight.remote.kept_words
            self.remote.setText("\n".join((f"Remote text, not checked ({lacks}):", *lines, kept)))
            self.remote.show()
        for button in (self.copy, self.sign):
            button.setEnabled(bool(insight.statements))
        if kept in self.numbers:
            self.choose(kept)
        self._read_ratings()
        self.changed.emit()
        # Last, because a text that is old already is renewed or marked by it.
        self.head.show_insight(insight)

    def _show_refusal(self, insight: Insight) -> None:
        words = " ".join(part for part in (insight.refused, insight.remedy) if part)
        if insight.statements:
            if insight.facts.topic is Topic.PAT:
                words = " ".join((words, *insight.facts.missing)).strip()
            self.notice_words.setText(words)
            self.notice.setVisible(bool(words))
            self.state.hide()
            return
        missing = insight.facts.missing or ("Wear the device for at least ten hours a day.",)
        self.state.setText("\n".join((words, "What is missing:", *(f"– {line}" for line in missing))).strip())
        self.state.show()

    def refuse(self, error: ClarityError) -> None:
        """Say in place of the text why there is none."""
        self.show_nothing(f"{error.message} {error.remedy}".strip())

    def recall(self, insight: Insight) -> None:
        """Show a text that was made before, with its own values; it is renewed only when somebody asks."""
        self.show_insight(insight)
        self._recalled = True

    def facts_changed(self) -> None:
        """Something that the text may rest on has changed: rules say it anew, a model's text is marked (I-16)."""
        self._renew("Made before the last change of the data. Make it again for the values of now.")

    def _aged(self) -> None:
        """The text is an hour old (B-80)."""
        self._renew("Older than an hour. Make it again for the values of now.")

    def _renew(self, words: str) -> None:
        # A model elsewhere is asked only when somebody wants it.
        if self.insight is None or self._recalled:
            return
        if self.compact or self.who.value() == "rules":
            self.make()
        else:
            self.note(words)

    def note(self, words: str) -> None:
        """Say something above the sentences."""
        self.notice_words.setText(words)
        self.notice.show()

    # -- sources -------------------------------------------------------------------------------------------------

    def cite(self, fact: str) -> None:
        """Show what a fact rests on."""
        self.choose(fact)
        self.cited.emit(fact)

    def choose(self, fact: str | None) -> None:
        """Mark the sentences and chips of a fact."""
        self.chosen = fact
        for row in self.rows:
            row.choose(fact)

    # -- what can be done with a sentence ------------------------------------------------------------------------

    def shown_statements(self) -> tuple[SaidStatement, ...]:
        """The sentences that are not hidden."""
        return tuple(row.said for row in self.rows if not self.ratings.get(row.number, {}).get("hidden"))

    def copy_text(self) -> None:
        """Put the text with its sources and the line that it is no diagnosis on the clipboard."""
        if self.insight is not None:
            QGuiApplication.clipboard().setText(insight_note(self.insight, self.shown_statements()))
            self.told.emit("The text is on the clipboard, with its sources.")

    def _menu_chosen(self, number: int, choice: str) -> None:
        if choice in ("why", "comment"):
            self.asked.emit(choice, number)
        elif choice == "hide":
            self.rate(number, hidden=True)
        else:
            self.rate(number, helpful=choice == "helpful")

    def rate(self, number: int, **change: Any) -> None:
        """Keep what the user thinks of a sentence, in the vault alone."""
        services, insight = self.services, self.insight
        if insight is None or not insight.id:
            self.told.emit("This text is not kept, so nothing can be kept of it.")
            return
        held = {"helpful": None, "hidden": False, "comment": "", **self.ratings.get(number, {}), **change}
        self.ratings[number] = held
        self._show_ratings()
        run_mutation(
            self,
            lambda: services.rate_insight(
                insight.id, number, helpful=held["helpful"], hidden=held["hidden"], comment=held["comment"]
            ),
        )

    def show_hidden(self) -> None:
        """Bring hidden sentences back."""
        for number in [number for number, held in self.ratings.items() if held.get("hidden")]:
            self.rate(number, hidden=False)

    def _read_ratings(self) -> None:
        services, insight = self.services, self.insight
        if insight is None or not insight.id:
            return

        def arrived(found: dict[int, dict[str, Any]]) -> None:
            if self.insight is insight:
                self.ratings = {**found, **self.ratings}
                self._show_ratings()

        run_query(self, lambda: services.own_insight_ratings(insight.id), arrived)

    def _show_ratings(self) -> None:
        hidden = 0
        for row in self.rows:
            held = self.ratings.get(row.number, {})
            row.show_rating(held.get("helpful"), str(held.get("comment", "")))
            row.setVisible(not held.get("hidden"))
            hidden += bool(held.get("hidden"))
        self.hidden.set_text(f"Show {hidden} hidden" if hidden != 1 else "Show 1 hidden sentence")
        self.hidden.setVisible(bool(hidden))
