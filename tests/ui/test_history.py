"""Back and forward."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.ui.shell.history import History, Visit


def test_what_lay_ahead_is_forgotten() -> None:
    history = History()
    for page in ("patients", "overview", "sleep"):
        history.visit(Visit(page))
    assert history.back().page == "overview"
    assert history.back().page == "patients"
    assert not history.can_go_back
    history.visit(Visit("import"))
    assert not history.can_go_forward
    assert history.back().page == "patients"


def test_the_same_page_again_is_one_visit_but_steps_within_it_count() -> None:
    history = History()
    history.visit(Visit("sleep", "p", {"night": 1}))
    history.visit(Visit("sleep", "p", {"night": 2}))
    assert not history.can_go_back
    history.step(Visit("sleep", "p", {"night": 3}))
    assert history.back().place == {"night": 2}


def test_the_place_is_remembered_when_leaving() -> None:
    history = History()
    history.visit(Visit("sleep", "p"))
    history.remember({"scroll": 40})
    history.visit(Visit("overview", "p"))
    assert history.back().place == {"scroll": 40}


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=60))
def test_back_all_the_way_and_forward_again_ends_where_it_began(pages: list[str]) -> None:
    history = History()
    for page in pages:
        history.visit(Visit(page))
    distinct = [page for at, page in enumerate(pages) if at == 0 or pages[at - 1] != page]
    seen = [history.current.page] if history.current else []
    while history.can_go_back:
        seen.append(history.back().page)
    assert seen == distinct[::-1]
    while history.can_go_forward:
        last = history.forward()
    assert (last.page if len(distinct) > 1 else distinct[-1]) == distinct[-1]
