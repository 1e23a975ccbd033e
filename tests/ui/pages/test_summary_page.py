"""The patient summary in the window: the same panel with its sources, every state told, and nothing sent by opening."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.clinic.summary import KEY_FINDINGS
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.users import Right
from clarity_desktop.insights.facts.values import _VALUES
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.components.states import ErrorCard
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation, shut_down, start_job
from clarity_desktop.ui.pages.clinic.summary import SummaryPage
from clarity_desktop.ui.pages.clinic.summary_cards import NOT_SHOWN
from clarity_desktop.ui.pages.insights.charts import OTHER_PAGES, SERIES_OF
from clarity_desktop.ui.pages.insights.page import InsightsPage
from clarity_desktop.ui.pages.insights.panel import InsightPanel
from clarity_desktop.ui.pages.insights.panel_head import LIFE_S, age_words
from clarity_desktop.ui.pages.study_page import StudyPage
from clarity_desktop.ui.pages.trends import TrendsPage
from clarity_desktop.ui.qt import QApplication, QEvent, QKeyEvent, Qt
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters, Vault


@pytest.fixture(scope="module")
def services(demo_home: tuple[Path, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home, folder = demo_home[0], tmp_path_factory.mktemp("summary-page")
    shutil.copytree(home / "vault", folder / "home" / "vault")
    opened = open_services(folder / "home")
    opened._adopt(Vault.open(opened.vault_directory, "seven quiet herons", kdf_floor=KdfParameters.for_tests()))
    opened.settings.set("theme", "light")
    opened.add_patient("Nobody Yet", home_zone="Europe/Berlin")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def window(qapp: QApplication, services: Services) -> Iterator[Window]:
    make_application(services)
    made = make_window(services)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    made.start_at(_with_data(services), "summary")
    start_job("Nothing", lambda *_: None, quiet=True)
    run_mutation(made, lambda: None)
    settle(qapp)
    yield made
    made._closing = True
    made.close()
    made.deleteLater()
    shut_down()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _with_data(services: Services) -> str:
    return next(one.id for one in services.patients() if one.code == "D-0001")


@pytest.fixture
def page(qapp: QApplication, window: Window, services: Services) -> SummaryPage:
    for sheet in window.findChildren(Sheet):
        sheet.dismiss()
    window.open_patient(_with_data(services), "summary")
    settle(qapp)
    found = window.workspace.page("summary")
    assert isinstance(found, SummaryPage)
    if found.panel.insight is None:
        found.reload()
        settle(qapp)
    return found


def test_the_page_shows_who_what_is_held_and_findings_with_unit_interval_and_days(page: SummaryPage) -> None:
    summary = page.summary
    assert summary is not None
    assert page.who.name.text() == f"{summary.who.name} · D-0001"
    assert "Age 30–39" in page.who.facts.text()
    rows = {row[0]: row for row in page.findings.table.rows()}
    name, value, unit, span, rests = rows["Sleep efficiency"]
    assert (name, unit) == ("Sleep efficiency", "%")
    assert value.isdigit()
    assert "–" in span
    assert rests.endswith("nights")
    assert "valid, worn" in page.findings.note.text()
    assert summary.window is not None
    assert summary.window.zone in page.findings.subtitle_label.text()
    assert page.cards["data"].table.rows()
    assert page.cards["consents"].words.text() == "No consent is recorded."
    assert page.cards["documents"].words.text() == "No document is filed."


def test_it_is_the_same_panel_with_the_same_words_and_sources(page: SummaryPage, services: Services) -> None:
    assert type(page.panel) is InsightPanel
    insight = page.panel.insight
    assert insight is not None
    said = services.tell_insight(_with_data(services))
    assert [one.text for one in insight.statements] == [one.text for one in said.statements]
    for row in page.panel.rows:
        assert row.text.chips, "B-82: every sentence has a source"


def test_b82_a_chip_opens_the_chart_at_its_days_and_back_returns_to_the_sentence(
    qapp: QApplication, window: Window, page: SummaryPage
) -> None:
    row = next(row for row in page.panel.rows if any(name.startswith("midsleep") for name in row.text.chips))
    name = next(name for name in row.text.chips if name.startswith("midsleep"))
    row.text.chips[name][0].click()
    settle(qapp)
    settle(qapp)
    opened = window.workspace.page("insights")
    assert isinstance(opened, InsightsPage)
    assert window.workspace.current() is opened
    framed = opened.charts.charts["midsleep_h"]._framed
    assert framed is not None
    assert page.panel.insight is not None
    fact = page.panel.insight.facts.table.fact(name)  # type: ignore[union-attr]
    assert fact is not None
    assert framed[0] == page.panel.insight.facts.spans[fact.window.key]
    window.go_back()
    settle(qapp)
    assert window.workspace.current() is page
    assert page.panel.chosen == name


def test_a_finding_opens_its_chart_by_keyboard(qapp: QApplication, window: Window, page: SummaryPage) -> None:
    table = page.findings.table
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        QApplication.sendEvent(table, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))
    settle(qapp)
    opened = window.workspace.page("trends")
    assert isinstance(opened, TrendsPage)
    assert window.workspace.current() is opened
    assert opened._linked == "tst_min"
    assert page.summary is not None
    assert opened.wanted == page.summary.findings[0].span
    window.go_back()
    settle(qapp)


@pytest.mark.slow
def test_i43_every_measure_leads_to_a_chart_that_is_there(
    qapp: QApplication, window: Window, page: SummaryPage
) -> None:
    assert set(_VALUES) <= set(SERIES_OF) | set(OTHER_PAGES), "no fact without a chart"
    for name in ("circadian", "trends"):
        window.open_page(name)
        settle(qapp)
        settle(qapp)
        shown = window.workspace.page(name)
        assert isinstance(shown, StudyPage)
        wanted = {chart for where, chart in (*OTHER_PAGES.values(), *KEY_FINDINGS.values()) if where == name}
        assert wanted <= set(shown.targets), name
    assert {where for where, _ in (*OTHER_PAGES.values(), *KEY_FINDINGS.values())} <= {one.id for one in PAGES}
    window.open_page("summary")
    settle(qapp)
    assert page.isVisible()


def test_b84_b85_somebody_without_data_gets_no_words_and_no_made_up_number(
    qapp: QApplication, window: Window, page: SummaryPage, services: Services
) -> None:
    nobody = next(one.id for one in services.patients() if one.name == "Nobody Yet")
    window.open_patient(nobody, "summary")
    settle(qapp)
    assert page.panel.insight is None
    assert "nothing to put into words" in page.panel.state.text()
    assert "Age unknown" in page.who.facts.text()
    assert page.findings.table.isHidden()
    assert page.cards["data"].words.text() == "No recording is stored."
    assert not page.panel.copy.isEnabled()
    assert services.insights_sent(nobody) == []


@pytest.mark.slow
def test_opening_the_page_asks_no_model_whatever_the_workplace_chose(
    qapp: QApplication, window: Window, page: SummaryPage, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    real = services.tell_insight

    def tell(*arguments: object, **named: object) -> object:
        asked.append(named.get("provider"))  # type: ignore[arg-type]
        return real(*arguments, **named)  # type: ignore[arg-type]

    services.change_setting("insights.provider", "gemini")
    monkeypatch.setattr(services, "tell_insight", tell)
    try:
        other = next(one.id for one in services.patients() if one.code == "D-0002")
        window.open_patient(other, "summary")
        settle(qapp)
        assert page.panel.insight is not None
        assert set(asked) == {"rules"}
    finally:
        services.change_setting("insights.provider", "rules")


def test_b80_the_head_says_age_source_and_cached_and_an_hour_ends_it(
    qapp: QApplication, page: SummaryPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.panel.origin.text().startswith("Rules")
    page.panel.make()
    settle(qapp)
    insight = page.panel.insight
    assert insight is not None
    assert insight.cached
    assert "cached, under 1 min old" in page.panel.made.text()
    real = time.time

    def later(seconds: float) -> None:
        monkeypatch.setattr("clarity_desktop.ui.pages.insights.panel_head.time.time", lambda: real() + seconds)
        page.panel.head.look()

    later(600)
    assert "cached, 10 min old" in page.panel.made.text()
    made = []
    monkeypatch.setattr(page.panel, "make", lambda **_: made.append(1))
    later(LIFE_S + 61)
    page.panel.head.look()
    assert made == [1], "renewed once"
    monkeypatch.setattr(page.panel.who, "value", lambda: "gemini")
    page.panel.show_insight(insight)
    page.panel.head.look()
    assert made == [1], "no model is asked by itself"
    assert "Older than an hour" in page.panel.notice_words.text()


@pytest.mark.parametrize(
    ("age", "cached", "words"),
    [
        (0, False, "made now"),
        (59, True, "cached, under 1 min old"),
        (600, False, "10 min old"),
        (3600, True, "cached, 60 min old"),
        (3 * 3600, False, "3 h old"),
        (-5, True, "age unknown: the clock was set back"),
    ],
)
def test_b80_b81_ages_in_words_and_a_clock_set_back_makes_nothing_younger(age: int, cached: bool, words: str) -> None:
    assert age_words(1_000_000, 1_000_000 + age, cached=cached) == words


def test_i16_a_change_of_the_data_renews_rules_and_marks_a_models_text(
    page: SummaryPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(page.panel, "make", lambda **_: made.append(1))
    page.panel.facts_changed()
    assert made == [1]
    assert page.panel.insight is not None
    monkeypatch.setattr(page.panel.who, "value", lambda: "gemini")
    page.panel.show_insight(replace(page.panel.insight, provider="gemini", origin="gemini m, prompt 1", sent_bytes=9))
    page.panel.facts_changed()
    assert made == [1]
    assert "Made before the last change of the data" in page.panel.notice_words.text()
    page.panel.recall(page.panel.insight)
    page.panel.facts_changed()
    assert page.panel.notice.isHidden(), "an earlier text keeps its own values"
    page.panel.insight = None


def test_an_error_is_told_with_a_way_to_try_again(
    qapp: QApplication, page: SummaryPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: str) -> None:
        raise InputError("vault.page", "A page of the vault could not be read.", remedy="Restore a backup.")

    with monkeypatch.context() as patch:
        patch.setattr(page.services, "clinic_summary", fails)
        page.reload()
        settle(qapp)
    (card,) = page._error.findChildren(ErrorCard)
    assert card.isVisible()
    page.reload()
    settle(qapp)
    assert page._stack.currentWidget() is page.area


def test_a_role_without_identity_or_export_is_told_so(page: SummaryPage) -> None:
    summary = page.summary
    assert summary is not None
    masked = replace(summary, who=replace(summary.who, sees_identity=False, age_band=None), paperwork=None)
    page.show_rights(frozenset({Right.READ_DATA}))
    page.show_data(masked)
    try:
        assert page.who.name.text() == "D-0001"
        assert "not shown to your role" in page.who.facts.text()
        assert [page.cards[name].words.text() for name in ("consents", "retention", "documents")] == [NOT_SHOWN] * 3
        assert not page.printed.isEnabled()
    finally:
        page.show_rights(frozenset(Right))
        page.show_data(summary)


def test_it_is_saved_for_printing(
    qapp: QApplication, page: SummaryPage, tmp_path: Path, rest: Callable[[], None]
) -> None:
    told: list[str] = []
    page.told.connect(told.append)
    page.save(tmp_path / "summary.pdf")
    rest()
    settle(qapp)
    assert (tmp_path / "summary.pdf").read_bytes().startswith(b"%PDF")
    assert told == ["The summary is saved, with the sources of its words."]


def test_i38_i70_the_list_of_what_left_and_words_for_the_person_are_saved_from_the_insights_page(
    qapp: QApplication, window: Window, page: SummaryPage, services: Services, tmp_path: Path, rest: Callable[[], None]
) -> None:
    from clarity_desktop.domain.insights import Topic
    from clarity_desktop.ui.pages.insights.files import save_for_person, save_sent

    patient = services.patient(_with_data(services))
    told: list[str] = []
    save_sent(services, patient, tmp_path / "sent.pdf", told.append)
    save_for_person(services, patient, Topic.SLEEP, "en", None, tmp_path / "words.pdf", told.append)
    rest()
    settle(qapp)
    assert told == ["The list of what left is saved.", "The words for the person are saved."]
    assert all((tmp_path / name).read_bytes().startswith(b"%PDF") for name in ("sent.pdf", "words.pdf"))
    window.open_page("insights")
    settle(qapp)
    insights = window.workspace.page("insights")
    assert isinstance(insights, InsightsPage)
    offered = [words for words, _ in insights.further()]
    assert "Save in plain words for the person (PDF) …" in offered
    assert "What left this machine …" in offered


def test_i9_what_the_cloud_would_get_is_told_before_it_is_chosen(
    qapp: QApplication, window: Window, page: SummaryPage, services: Services
) -> None:
    services.change_setting("insights.provider", "cloud")
    try:
        page.panel.preview.click()
        settle(qapp)
        (sheet,) = [one for one in window.findChildren(Sheet) if one.isVisible()]
        words = " ".join(label.text() for label in sheet.findChildren(type(page.panel.state)))
        assert "Missing: a research score" in words
        assert "No cloud account is signed in." in words
        assert "no bytes to show" in words
        sheet.dismiss()
    finally:
        services.change_setting("insights.provider", "rules")
