"""The PAT page: notice first, weeks with real minutes, every tab, and the states where something is lacking."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.pat import ClockChange, WeekEmbedding, WeekMinutes
from clarity_desktop.domain.pat_results import WeekStatus
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.pages.pat.page import PatPage
from clarity_desktop.ui.pages.pat.week_list import week_lines
from clarity_desktop.ui.qt import QApplication, Qt
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.window import Window

Open = Callable[[Services], Window]
DATA = Path(__file__).resolve().parents[2] / "data" / "pat"


def shown(qapp: QApplication, open_window: Open, services: Services, person: int = 0) -> tuple[Window, PatPage]:
    window = open_window(services)
    window.resize(1440, 900)
    window.open_patient(services.patients()[person].id, "pat")
    settle(qapp)
    page = window.workspace.page("pat")
    assert isinstance(page, PatPage)
    return window, page


def test_u29_the_notice_stands_first_and_every_week_says_its_minutes(
    qapp: QApplication, open_window: Open, services: Services
) -> None:
    _, page = shown(qapp, open_window, services)
    assert "Trained on simulated data, not clinical." in page.side.notice.words.text()
    assert page.side.notice.y() < page.side.weeks_card.y()
    assert page.result is not None
    lines = page.side.weeks.lines
    assert len(lines) == len(page.result.weeks) == 22
    assert lines[0].worn == "10\u202f080"
    facts = dict(page.side.facts.rows)
    assert facts["Model"].startswith("PAT-S, patch 18, 560 tokens")
    assert facts["Verified"] == "Yes, self-test passed here"
    assert facts["Score"].startswith("None")
    assert page.result.checkpoint.sha256[:4] in facts["SHA-256"]
    assert page.week.rows.accessibleDescription()
    assert page.week.rows.table() is not None
    rows = page.week.rows.table()
    assert rows is not None
    assert len(rows.rows) == 560


@pytest.mark.slow
def test_tabs_weeks_and_back(qapp: QApplication, open_window: Open, services: Services) -> None:
    window, page = shown(qapp, open_window, services)
    for tab, title in (("occlusion", "What the embedding rests on"), ("attention", "Where the model looks")):
        page.tabs.set_value(tab)
        page.show_tab(tab)
        settle(qapp)
        assert page.week.title_label.text() == title
        table = page.week.rows.table()
        assert table is not None
        assert len(table.rows) == (168 if tab == "occlusion" else 560)
    first = page.day
    page.side.weeks.setFocus()
    page.side.weeks.choose(page.side.weeks.lines[3].day)
    page.choose_week(page.side.weeks.lines[3].day)
    settle(qapp)
    assert page.detail is not None
    assert page.detail.status.day == page.side.weeks.lines[3].day
    window.go_back()
    settle(qapp)
    assert page.day == first
    page.show_tab("weeks")
    settle(qapp)
    assert page.own.path.message() == ""
    assert page.own.distance.message() in ("", "Insufficient: two weeks without a shared day are needed.")
    page.show_tab("heads")
    settle(qapp)
    assert "No head is trained here" in page.heads.verdict.text()
    assert not page.heads.score.isEnabled()
    assert not page.heads.train.isEnabled()


@pytest.mark.slow
def test_how_weeks_are_made_is_chosen_and_named(qapp: QApplication, open_window: Open, services: Services) -> None:
    _, page = shown(qapp, open_window, services)
    page.side.normalisation.set_value("own")
    page.side.fill.set_value("average")
    settle(qapp)
    assert page.result is not None
    assert page.result.approximate
    assert "approximate" in page.side.notice.words.text()
    assert dict(page.side.facts.rows)["Gaps"] == "Filled with the 0 after standardisation"
    page.side.signal.set_value("steps")
    settle(qapp)
    assert page.result is not None
    assert page.result.recipe.signal.value == "steps"
    assert dict(page.side.facts.rows)["Input"] == "steps/min, which are not counts"


@pytest.mark.slow
def test_weights_are_installed_and_a_wrong_file_is_named(
    qapp: QApplication, open_window: Open, services: Services
) -> None:
    _, page = shown(qapp, open_window, services)
    told: list[str] = []
    page.told.connect(told.append)
    page.exchange.install_weights(DATA / "malformed" / "nan_weight.h5")
    settle(qapp)
    assert "NaN" in told[-1]
    page.exchange.install_weights(DATA / "pat_S_random.h5")
    settle(qapp)
    assert told[-1] == "PAT-S installed and verified."
    page.model.set_value("pat-s-249d43de")
    page.model.activated.emit(page.model.currentIndex())
    settle(qapp)
    assert page.result is not None
    assert page.result.checkpoint.random
    assert page.side.notice.words.text().startswith("Random test weights.")


def test_without_the_part_the_page_says_what_is_missing_and_lists_weeks(
    qapp: QApplication, open_window: Open, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "clarity_desktop.app.pat_models.importlib.util.find_spec",
        lambda name, *rest: None if name == "torch" else real(name, *rest),
    )
    _, page = shown(qapp, open_window, services)
    state = page._notice.findChild(EmptyState)
    assert state is not None
    assert state.sentence.text() == "PAT is an optional part, and it is not installed here"
    assert len(page.side.weeks.lines) == 22
    assert page.side.model_card.isHidden()


def test_without_weights_the_page_offers_to_install_some(
    qapp: QApplication, open_window: Open, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(services), "pat_models", lambda self, check=False: ())
    _, page = shown(qapp, open_window, services)
    state = page._notice.findChild(EmptyState)
    assert state is not None
    assert state.sentence.text() == "No PAT weights are installed"


@pytest.mark.slow
def test_much_work_waits_to_be_asked_for(
    qapp: QApplication, open_window: Open, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clarity_desktop.ui.pages.pat.page._AT_ONCE", 5)
    _, page = shown(qapp, open_window, services)
    assert page.result is None
    assert "22 weeks wait" in page.why()
    page.embed_now()
    settle(qapp)
    assert page.result is not None


def test_lines_tell_reason_flag_and_unreliability_apart() -> None:
    from datetime import date

    day = day_of_date(date(2025, 3, 24))
    change = (ClockChange(0, 3600, "Europe/Berlin", False),)
    worn, half = WeekMinutes(9900, 100, 60, 20), WeekMinutes(5000, 5000, 80, 0)
    reason = "Not computed: 5000 min not worn, 80 min without a sample. 90\u202f% worn is needed."
    weeks = (
        WeekStatus(0, day, worn, change, ""),
        WeekStatus(0, day + 1, half, (), reason),
        WeekStatus(0, day + 2, worn, (), ""),
    )
    pooled, attention = np.zeros(96, np.float32), np.full(560, 1 / 560, np.float32)
    made = WeekEmbedding(0, day, worn, 180, 0, change, pooled, attention, 2.0, 1.0)
    lines = week_lines(weeks, (made,), expected=True)
    assert [one.icon for one in lines] == ["triangle-alert", "ban", "circle-dashed"]
    assert lines[0].second == "Unreliable: 180 min filled, clock change"
    assert "skips 1.0 h" in lines[0].tip
    assert "moves the embedding by 2.00; neighbouring weeks: 1.00" in lines[0].tip
    assert lines[1].second == "Not computed: 5000 min not worn, 80 min without a sample"
    assert lines[2].second == "Not computed yet"


def test_every_control_has_a_name(qapp: QApplication, open_window: Open, services: Services) -> None:
    _, page = shown(qapp, open_window, services)
    for widget in (page.model, page.install, page.back, page.forward, page.side.weeks, page.side.gate, page.side.fill):
        assert widget.accessibleName()
        assert widget.focusPolicy() != Qt.FocusPolicy.NoFocus
