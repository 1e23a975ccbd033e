"""The insights page: sentences at the left, the facts below them, and the charts that they cite at the right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.app.insight_choice import InsightMeter
from clarity_desktop.app.insights import Insight
from clarity_desktop.app.rhythm import RhythmDetail
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.insights import Fact, Topic
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.wording import days_between, local_parts
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.jobs import Operation, run_mutation, run_query
from clarity_desktop.ui.pages.insights import sheets
from clarity_desktop.ui.pages.insights.asking import open_asked, show_preview
from clarity_desktop.ui.pages.insights.charts import OTHER_PAGES, SERIES_OF, CitedCharts
from clarity_desktop.ui.pages.insights.facts_card import FactsCard
from clarity_desktop.ui.pages.insights.files import ask_path, ask_place, save_for_person, save_sent
from clarity_desktop.ui.pages.insights.panel import InsightPanel
from clarity_desktop.ui.pages.insights.questions import QuestionBox
from clarity_desktop.ui.pages.insights.words import TOPIC_WORDS
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QHBoxLayout, QMenu, QPoint, QResizeEvent, QScrollArea, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["InsightsPage"]

_LANGUAGES = (("en", "English"), ("de", "Deutsch"))


def _column(*widgets: QWidget) -> QScrollArea:
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(12)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area


class InsightsPage(StudyPage):
    """Words beside charts. Every value of a sentence leads to the days that it rests on; Back returns."""

    id: ClassVar[str] = "insights"
    title: ClassVar[str] = "Insights"
    icon: ClassVar[str] = "message-square-quote"
    scrolls = False

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._detail: Operation[RhythmDetail] | None = None
        self._fact: str | None = None
        self._unread = False
        self.topic = Choice([(topic.value, words) for topic, words in TOPIC_WORDS.items()], Topic.OVERVIEW.value)
        self.topic.setAccessibleName("Topic")
        self.topic.activated.connect(lambda _: self.change())
        self.event_choice = Choice(())
        self.event_choice.setAccessibleName("Event")
        self.event_choice.activated.connect(lambda _: self.change())
        self.event_choice.hide()
        self.language = Choice(_LANGUAGES, "en")
        self.language.setAccessibleName("Language of the text")
        self.language.activated.connect(lambda _: self.change())
        self.meter = Badge("0 tokens this month", "gauge", "neutral")
        self.panel = InsightPanel(services)
        self.panel.cited.connect(self.open_fact)
        self.panel.changed.connect(self._text_changed)
        self.panel.asked.connect(self._asked)
        self.panel.told.connect(self.told)
        self.again = Button("Make again", icon="refresh-cw")
        self.again.clicked.connect(lambda _=False: self.panel.make(fresh=True))
        self.more = IconButton("ellipsis", "More about insights", bordered=True)
        self.more.clicked.connect(lambda _=False: self._open_more())
        self.question = QuestionBox(self.panel)
        self.facts = FactsCard()
        self.facts.opened.connect(self.panel.cite)
        self.charts = CitedCharts()
        self._right = _column(self.charts)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(_column(self.panel, self.facts), 1)
        left.addWidget(self.question)
        row = QHBoxLayout(self.content)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        row.addLayout(left, 1)
        row.addWidget(self._right, 1)

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.meter, self.topic, self.event_choice, self.language, self.again, self.more]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.meter.setVisible(self.width() >= 1080)

    # -- people and places ---------------------------------------------------------------------------------------

    def show_patient(self, patient: Patient | None) -> None:
        same = patient is not None and self.patient is not None and patient.id == self.patient.id
        super().show_patient(patient)
        if not same:
            self._fact = None
            self.panel.show_patient(patient)
            self.question.clear()
            # A page that nobody looks at makes no text, and so asks no model.
            self._unread = patient is not None
            if self.isVisible():
                self._read_person()

    def shown(self) -> None:
        super().shown()
        self._read_person()

    def _read_person(self) -> None:
        if self._unread and self.patient is not None:
            self._unread = False
            self._read_provider(self.patient)

    def _read_provider(self, patient: Patient) -> None:
        services = self.services

        def arrived(chosen: str) -> None:
            self.panel.who.set_value(chosen)
            self.change()

        run_query(self, lambda: services.insight_starter(patient.id), arrived)
        self._read_meter()

    def _read_meter(self) -> None:
        run_query(self, self.services.insight_meter, self._show_meter)

    def _show_meter(self, meter: InsightMeter) -> None:
        words = f"{meter.month_tokens:,} tokens this month".replace(",", "\u202f")
        today, month = (f"{micros / 1e6:.4f}" for micros in (meter.today_micros, meter.month_micros))
        tip = (
            f"Today {meter.today_tokens} tokens, about {today}; this month about {month}. "
            f"Limits {meter.limit_day_micros / 1e6:.2f} a day and {meter.limit_month_micros / 1e6:.2f} a month, "
            f"prices of {meter.price_date}."
        )
        if not meter.within_limits:
            self.meter.show_state(f"{words}, limit reached", "ban", "warn", tip)
        else:
            self.meter.show_state(words, "gauge", "warn" if meter.warns else "neutral", tip)

    def place(self) -> dict[str, Any]:
        held = {**super().place(), "topic": self.topic.value()}
        return held if self._fact is None else {**held, "fact": self._fact}

    def restore(self, place: dict[str, Any]) -> None:
        super().restore(place)
        topic = place.get("topic")
        if isinstance(topic, str) and topic != self.topic.value():
            self.topic.set_value(topic)
            self.change()
        fact = place.get("fact")
        self._fact = fact if isinstance(fact, str) else None
        self._frame()

    # -- the text ------------------------------------------------------------------------------------------------

    def change(self) -> None:
        """Make the text of the topic and language that are chosen."""
        topic = Topic(self.topic.value())
        self.event_choice.setVisible(topic is Topic.EVENT)
        self.panel.topic, self.panel.language = topic, self.language.value()
        self.panel.event_day = None
        if topic is Topic.EVENT:
            chosen = self.event_choice.value()
            if not chosen or chosen == "None":
                self.panel.show_nothing("There is no event to speak of. Enter one on the Diary page.")
                return
            self.panel.event_day = date.fromisoformat(chosen)
        self.panel.make()

    def on_changes(self, changes: Changes) -> None:
        super().on_changes(changes)
        touched = self.patient is not None and (not changes.patients or self.patient.id in changes.patients)
        if touched and changes.what & (Change.SAMPLES | Change.ZONES | Change.FINDINGS | Change.DIARY):
            self.panel.facts_changed()

    def present(self, recording: Recording) -> None:
        held = self.event_choice.value()
        self.event_choice.clear()
        events = [one for one in recording.annotations if one.kind.is_event]
        for one in sorted(events, key=lambda event: event.start, reverse=True):
            day = local_parts(recording.zone, one.start)[0]
            self.event_choice.addItem(f"{one.words}, {day.isoformat()}", day.isoformat())
        self.event_choice.set_value(held)
        self._read_detail()

    def _read_detail(self) -> None:
        patient, wanted, services, recording = self.patient, self.wanted, self.services, self.recording
        if patient is None or recording is None:
            return
        if self._detail is not None:
            self._detail.cancel()

        def arrived(detail: RhythmDetail) -> None:
            self.charts.show_detail(recording.panel, detail)
            self.caption_figures(recording)
            self.flag_figures(recording)
            self._frame()

        self._detail = run_query(self, lambda: services.rhythm_detail(patient.id, wanted), arrived)

    def _text_changed(self) -> None:
        insight = self.panel.insight
        self.facts.show_facts(insight, self.panel.numbers)
        table = None if insight is None else insight.facts.table
        if table is None:
            return
        before = set(self.charts.charts)
        self.charts.show_cited(self.panel.numbers, {fact.id: fact.metric for fact in table.facts})
        if set(self.charts.charts) != before:
            self._read_detail()
        self._frame()
        self._read_meter()

    # -- sources -------------------------------------------------------------------------------------------------

    def _found(self, name: str | None) -> tuple[Insight, Fact] | None:
        insight = self.panel.insight
        table = None if insight is None else insight.facts.table
        fact = None if table is None or name is None else table.fact(name)
        return None if insight is None or fact is None else (insight, fact)

    def open_fact(self, name: str) -> None:
        """Frame the days that a fact rests on, on this page or on the one that shows them; Back returns."""
        found = self._found(name)
        if found is None:
            return
        insight, fact = found
        self._fact = name
        self._frame()
        self.moved.emit()
        if fact.metric not in SERIES_OF and fact.metric in OTHER_PAGES:
            page, chart = OTHER_PAGES[fact.metric]
            span = insight.facts.spans[fact.window.key]
            self.go.emit(page, {"span": (span.start, span.stop), "chart": chart})

    def _frame(self) -> None:
        found = self._found(self._fact)
        self.panel.choose(self._fact if found is not None else None)
        self.facts.choose(self._fact if found is not None else None)
        if found is None:
            self.charts.frame_fact(None, None, "")
            return
        insight, fact = found
        span = insight.facts.spans[fact.window.key]
        words = ""
        if self.recording is not None:
            zone = self.recording.zone
            words = days_between(*(local_parts(zone, at)[0] for at in (span.start, span.stop - 1)))
        card = self.charts.frame_fact(fact.metric, span, f"{self.panel.numbers.get(fact.id, '')} {words}".strip())
        if card is not None:
            self._right.ensureWidgetVisible(card, 16, 16)

    # -- what the panel asks for ---------------------------------------------------------------------------------

    def _asked(self, what: str, number: int) -> None:
        open_asked(self, self.panel, what, number)

    def show_preview(self) -> None:
        """Show exactly what would be sent for this topic."""
        show_preview(self, self.panel)

    def _open_more(self) -> None:
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        for words, act in self.further():
            menu.addAction(words).triggered.connect(lambda _=False, act=act: act())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def further(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """What the menu offers: words and what they do."""
        return (
            ("Texts made before …", self.show_history),
            ("Save as a table (CSV) …", lambda: self._save("csv")),
            ("Save the report with this text (PDF) …", lambda: self._save("pdf")),
            ("Save in plain words for the person (PDF) …", self.save_for_person),
            ("What left this machine …", self.show_sent),
            ("Record consent for sending …", self.record_consent),
            ("Enter the provider's key …", self.enter_key),
            ("Only rules for this person", lambda: self._choose_provider("rules")),
            ("Follow the workplace's choice", lambda: self._choose_provider(None)),
        )

    def show_history(self) -> None:
        """List the texts that were made before; each opens with its own values."""
        patient, services = self.patient, self.services
        if patient is not None:
            run_query(
                self,
                lambda: services.insight_history(patient.id),
                lambda texts: sheets.show_history(self.window(), texts, lambda one: self._open_stored(one.id)),
            )

    def _open_stored(self, insight_id: str) -> None:
        services = self.services
        run_query(self, lambda: services.stored_insight(insight_id), self.panel.recall)

    def _save(self, kind: str) -> None:
        insight, patient = self.panel.insight, self.patient
        if patient is None or insight is None or not insight.statements:
            self.told.emit("There is no text to save yet.")
            return
        shown = replace(insight, statements=self.panel.shown_statements())
        ask_place(self, self.services, patient, shown, kind, self.told.emit)

    def show_sent(self) -> None:
        """List what left this machine about the person."""
        patient, services = self.patient, self.services
        if patient is not None:
            run_query(
                self,
                lambda: services.insights_sent(patient.id),
                lambda sent: sheets.show_sent(self.window(), sent, self.save_sent),
            )

    def save_sent(self) -> None:
        """Ask where to write the list of what left this machine, for printing."""
        patient, services = self.patient, self.services
        if patient is not None:
            name = f"{patient.code}-sent.pdf"
            ask_path(self, services, "Save the list", name, lambda p: save_sent(services, patient, p, self.told.emit))

    def save_for_person(self) -> None:
        """Ask where to write the facts of this topic in plain words, for the person themselves."""
        patient, services, panel = self.patient, self.services, self.panel
        if patient is None:
            return
        topic, language, event = panel.topic, panel.language, panel.event_day
        ask_path(
            self,
            services,
            "Save words for the person",
            f"{patient.code}-words.pdf",
            lambda path: save_for_person(services, patient, topic, language, event, path, self.told.emit),
        )

    def record_consent(self) -> None:
        """Record the person's consent for the provider that is chosen, the model where that is rules, and its host."""
        patient, services = self.patient, self.services
        if patient is None:
            return

        def ask(purpose: str) -> None:
            host = purpose.split(":", 2)[-1]
            sheets.ask_consent(
                self.window(),
                services,
                patient,
                purpose,
                host,
                lambda _: self.told.emit("The consent is recorded; it can be withdrawn on the Consent page."),
            )

        def refused(error: ClarityError) -> None:
            self.told.emit(f"{error.message} {error.remedy}")

        provider = "cloud" if self.panel.who.value() == "cloud" else "gemini"
        run_query(self, lambda: services.insight_consent_purpose(provider), ask, refused)

    def enter_key(self) -> None:
        """Enter the provider's key, which is tested and kept in the keychain."""
        sheets.ask_key(
            self.window(),
            self.services,
            lambda hint: self.told.emit(f"The key that ends in {hint.last_four} is in the keychain."),
        )

    def _choose_provider(self, provider: str | None) -> None:
        patient, services = self.patient, self.services
        if patient is not None:

            def choose() -> None:
                services.choose_insight_provider(patient.id, provider)

            run_mutation(self, choose, lambda _: self._read_provider(patient))
