from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pypdfium2
import pytest

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Certainty, ZoneTimeline
from clarity_desktop.reports.files import sha256_of
from clarity_desktop.reports.measures import PRINTED, metric_of
from clarity_desktop.reports.pdf import write_report
from clarity_desktop.reports.words import interval_text, value_text

GENERATED = 1743925260
FORBIDDEN = (
    "normal", "abnormal", "poor", "good", "bad", "failed", "invalid", "illegal", "unfortunately", "please",
    "oops", "simply", "insomnia", "disorder", "healthy", "unhealthy", "should", "subject", "user",
)  # fmt: skip
PanelOf = Callable[..., Panel]


def _write(path: Path, patient: Patient, panel: Panel, **options: str) -> Path:
    write_report(path, patient, panel, version="1.2.3", generated=GENERATED, **options)
    return path


def _plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u2009\u202f]+", " ", text)


def _pages(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [_plain(page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, panel: Panel) -> Path:
    person = Patient("4f1c", "Demo · Regular sleeper", "D-0001", date(1990, 9, 12), simulated=True)
    return _write(tmp_path_factory.mktemp("report") / "report.pdf", person, panel)


def test_every_printed_number_is_that_of_the_panel(report: Path, panel: Panel) -> None:
    text = " ".join(_pages(report))
    printed = 0
    for name in PRINTED:
        finding = panel.finding(name)
        if finding is None or finding.value is None:
            continue
        metric = metric_of(finding)
        assert metric.title in text
        assert _plain(value_text(metric, finding.value)) in text, name
        if finding.interval is not None:
            assert _plain(interval_text(metric, finding.interval)) in text, name
        printed += 1
    assert printed >= 12
    assert f"worn {100 * panel.coverage.worn_share:.1f} %" in text
    assert f"{panel.coverage.valid_days} of {panel.coverage.days} days" in text


def test_the_pages_say_who_when_where_and_what_they_are_not(report: Path) -> None:
    pages = _pages(report)
    assert len(pages) == 2
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of 2" in text
        assert "Clarity Desktop 1.2.3" in text
        assert "made 6 April 2025 09:41 +02:00" in text
    for words in (
        "Sleep and rhythm report",
        "Demo · Regular sleeper, 34 y, ID D-0001",
        "10 March – 6 April 2025, 28 days",
        "Local time Europe/Berlin, clocks forward on 30 March",
        "Day starts 12:00",
        "In short",
        "Figure 1. Actogram",
        "+1 h DST",
    ):
        assert words in pages[0]
    for words in (
        "Figure 2. Average day", "Figure 3. Time asleep", "Table 1. Measures", "no published range",
        "7–9 h, adults 18–64 y ¹", "Hirshkowitz 2015", "Not a diagnosis · research software",
    ):  # fmt: skip
        assert words in pages[1]


def test_simulated_data_is_said_on_every_page_and_only_when_it_is(
    report: Path, tmp_path: Path, patient: Patient, panel: Panel
) -> None:
    first, second = _pages(report)
    assert "Simulated data. This person does not exist." in first
    assert "simulated data" in second
    real = _write(tmp_path / "real.pdf", replace(patient, simulated=False), replace(panel, simulated=False))
    assert "imulated" not in " ".join(_pages(real))
    by_patient = _write(tmp_path / "flag.pdf", patient, replace(panel, simulated=False))
    assert "Simulated data." in _pages(by_patient)[0]


@pytest.fixture(scope="module", params=["D-0001", "D-0002", "D-0003", "D-0004", "D-0005"])
def anyone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_panel: PanelOf) -> Path:
    """The report of each demo person."""
    person = Patient("4f1c", "Demo · Somebody", request.param, date(1990, 9, 12), simulated=True)
    return _write(tmp_path_factory.mktemp("anyone") / "report.pdf", person, make_panel(request.param))


def test_no_page_gives_a_verdict(anyone: Path) -> None:
    text = " ".join(_pages(anyone)).lower()
    words = set(re.findall(r"[a-z]+", text))
    assert not words.intersection(FORBIDDEN)
    assert "!" not in text


def _overlaps(path: Path) -> list[tuple[int, str, str]]:
    """Pairs of texts that print over each other, and texts that leave the page's margins."""
    found = []
    document = pypdfium2.PdfDocument(path)
    for number, page in enumerate(document, start=1):
        words = page.get_textpage()
        boxes = []
        for index in range(words.count_rects()):
            left, bottom, right, top = words.get_rect(index)
            text = words.get_text_bounded(left, bottom, right, top).strip()
            if not text:
                continue
            if left < 30 or right > 595 - 30 or bottom < 20 or top > 842 - 25:
                found.append((number, text, "margin"))
            for other, (l2, b2, r2, t2) in boxes:
                wide, high = min(right, r2) - max(left, l2), min(top, t2) - max(bottom, b2)
                if wide > 0.8 and high > 0.35 * min(top - bottom, t2 - b2):
                    found.append((number, text, other))
            boxes.append((text, (left, bottom, right, top)))
    document.close()
    return found


def test_no_text_is_clipped_or_printed_over_another(anyone: Path) -> None:
    assert _overlaps(anyone) == []


def test_fonts_are_embedded_and_no_other_is_used(report: Path) -> None:
    raw = report.read_bytes()
    names = set(re.findall(rb"/BaseFont /([A-Z]{6}\+)?([A-Za-z-]+)", raw))
    assert {name for _, name in names} == {b"InterTabular-Regular", b"InterTabular-SemiBold"}
    assert raw.count(b"/FontFile2") >= 2


def test_figures_are_vectors(report: Path) -> None:
    assert b"/Subtype /Image" not in report.read_bytes()


def test_document_metadata_never_names_the_person(report: Path) -> None:
    document = pypdfium2.PdfDocument(report)
    metadata = document.get_metadata_dict()
    document.close()
    assert metadata["Title"] == "Sleep and rhythm report"
    assert metadata["Author"] == "Clarity Desktop"
    joined = " ".join(metadata.values())
    assert "Regular" not in joined
    assert "D-0001" not in joined


def test_a_pseudonym_replaces_name_code_and_age(tmp_path: Path, patient: Patient, panel: Panel) -> None:
    panel = replace(panel, signal_note="Activity counts of D-0001 actigraph.", notes=("Made by the sleeper’s watch.",))
    path = _write(tmp_path / "p.pdf", patient, panel, pseudonym="S-17")
    text = " ".join(_pages(path)) + (tmp_path / "p.manifest.json").read_text()
    assert "S-17" in text
    assert "Activity signal: activity counts per minute." in text
    for hidden in ("Regular sleeper", "D-0001", "34 y", "sleeper’s"):
        assert hidden not in text


def test_equal_input_gives_equal_bytes(tmp_path: Path, patient: Patient, panel: Panel, report: Path) -> None:
    again = _write(tmp_path / "report.pdf", patient, panel)
    assert sha256_of(again) == sha256_of(report)
    later = write_report(tmp_path / "b.pdf", patient, panel, version="1.2.3", generated=GENERATED + 60)
    assert later[0].sha256 != sha256_of(report)


def test_too_little_data_is_said_with_the_reason(tmp_path: Path, patient: Patient, make_panel: PanelOf) -> None:
    panel = make_panel(days=3)
    reasons = [one.insufficient for one in panel.findings if one.metric in PRINTED and one.insufficient]
    assert reasons
    path = _write(tmp_path / "short.pdf", patient, panel)
    text = " ".join(_pages(path))
    assert "Insufficient" in text
    assert all(_plain(reason) in text for reason in reasons)
    assert _overlaps(path) == []


def test_a_window_without_sleep_keeps_its_frame(tmp_path: Path, patient: Patient, make_panel: PanelOf) -> None:
    panel = replace(make_panel(), nights=(), naps=(), average_day=None)
    text = " ".join(_pages(_write(tmp_path / "n.pdf", patient, panel)))
    assert "No sleep was recorded in this window." in text
    assert "Insufficient data for an average day." in text


def test_an_unknown_zone_is_called_unknown(tmp_path: Path, patient: Patient, panel: Panel) -> None:
    zone = ZoneTimeline.unknown()
    unknown = replace(panel, zone=zone, epochs=replace(panel.epochs, zone=zone))
    text = " ".join(_pages(_write(tmp_path / "z.pdf", patient, unknown)))
    assert "zone unknown" in text
    assert "DST" not in text


@pytest.mark.slow
def test_a_long_window_draws_the_last_rows_and_says_so(tmp_path: Path, patient: Patient, make_panel: PanelOf) -> None:
    path = _write(tmp_path / "l.pdf", patient, make_panel(days=75))
    first = _pages(path)[0]
    assert "last 42 of 75 rows" in first
    assert "Sat 5" in first
    assert _overlaps(path) == []


def test_clocks_going_back_are_marked(tmp_path: Path, patient: Patient, make_panel: PanelOf) -> None:
    path = _write(tmp_path / "b.pdf", patient, make_panel(days=12, last_day=date(2025, 10, 30)))
    first = _pages(path)[0]
    assert "clocks back on 26 October" in first
    assert "−1 h DST" in first
    assert "Repeated local time" in first
    assert _overlaps(path) == []


def test_an_age_of_65_or_an_unknown_age_changes_the_ranges(tmp_path: Path, patient: Patient, panel: Panel) -> None:
    older = " ".join(_pages(_write(tmp_path / "o.pdf", replace(patient, birth_date=date(1950, 1, 1)), panel)))
    assert "7–8 h, adults from 65 y ¹" in older
    assert "≥ 85 %" not in older
    unknown = " ".join(_pages(_write(tmp_path / "u.pdf", replace(patient, birth_date=None), panel)))
    assert "7–9 h at 18–64 y, 7–8 h from 65 y ¹" in unknown
    assert "band" not in unknown


def test_a_place_that_takes_no_file_is_said_and_nothing_is_left(tmp_path: Path, patient: Patient, panel: Panel) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("here")
    with pytest.raises(InputError) as caught:
        _write(blocker / "report.pdf", patient, panel)
    assert caught.value.code == "report.not_writable"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_uncertain_journey_is_printed_like_a_certain_one(
    tmp_path: Path, patient: Patient, make_panel: PanelOf
) -> None:
    panel = make_panel("D-0005")
    periods = tuple(replace(period, certainty=Certainty.UNCERTAIN) for period in panel.zone.periods)
    path = _write(tmp_path / "t.pdf", patient, replace(panel, zone=ZoneTimeline(periods)))
    first = _pages(path)[0]
    assert "to UTC+9" in first
    assert "to UTC+5:30" in first
    assert "Europe/Berlin, from 14 March Asia/Tokyo" in first


def test_the_outline_leads_to_every_part(report: Path) -> None:
    document = pypdfium2.PdfDocument(report)
    titles = [entry.get_title() for entry in document.get_toc()]
    document.close()
    assert titles == [
        "In short",
        "Figure 1. Actogram",
        "Figure 2. Average day",
        "Figure 3. Time asleep",
        "Table 1. Measures",
    ]


def test_rh65_the_report_names_the_days_that_are_free_for_the_person(
    tmp_path: Path, patient: Patient, panel: Panel, report: Path
) -> None:
    free = FreeDays(frozenset({2}), stated=True)
    own = tmp_path / "own.pdf"
    write_report(own, patient, panel, version="1.2.3", generated=GENERATED, free=free)
    words = _plain(" ".join(_pages(own)))
    assert "free days tinted: Wednesday (entered)" in words
    assert "free days tinted: Saturday and Sunday (assumed)" in _plain(" ".join(_pages(report)))
    assert own.read_bytes() != report.read_bytes()
