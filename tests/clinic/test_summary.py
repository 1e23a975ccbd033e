"""The summary says what is held, and that nothing is held; it never makes up an age, a value or a source."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import clarity_desktop.analysis.study  # noqa: F401  declares the metrics
from clarity_desktop.cli.output import as_json
from clarity_desktop.clinic.document import summary_document
from clarity_desktop.clinic.keeping import consent_lines, kept_lines
from clarity_desktop.clinic.summary import KEY_FINDINGS, ClinicSummary, clinic_summary, key_findings, paperwork_of
from clarity_desktop.clinic.troubles import import_troubles
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Coverage, Finding, Provenance
from clarity_desktop.domain.importing import ImportOutcome, ImportReport, Problem, TypeCount, UnfinishedImport
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient, age_band
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.reports.plain_pages import plain_pages, plain_text
from clarity_desktop.reports.summary_text import NOTHING_TO_SAY, summary_sections
from clarity_desktop.vault.consent.records import Consent
from clarity_desktop.vault.consent.retention import DataClass, Policy

TODAY, NOW = date(2025, 6, 1), 1_748_750_000
ZONE = ZoneTimeline.single("Europe/Berlin")
START = ZONE.instant_of_local(20_200)
OWN = Provenance("", "Rule 1", "2", "Europe/Berlin", "gaps")
PERSON = Patient("p", "Ada Lovelace", "P-0001")


def panel_of(*findings: Finding, days: int = 28) -> Panel:
    span = Span(START, START + days * DAY_S)
    epochs = Epochs(START, 60, np.zeros(0, np.float32), np.zeros(0, np.uint8), ZONE)
    coverage = Coverage(1440 * days, 1200 * days, 200 * days, 40 * days, days, days - 1)
    return Panel(span, ZONE, epochs, "ActivityCounts", "Counts.", coverage, "gaps", (), (), findings, (), (), None, OWN)


def found(metric: str, value: float | None, *, n: int = 20, why: str | None = None) -> Finding:
    return Finding(metric, value, "", Span(START, START + 28 * DAY_S), None, OWN, why, (1.0, 2.0), n)


def summary_of(patient: Patient = PERSON, **parts: object) -> ClinicSummary:
    held: dict[str, object] = {"sees_identity": True, "zone": ZONE, "series": (), "panel": None, **parts}
    return clinic_summary(patient, made=NOW, today=TODAY, **held)  # type: ignore[arg-type]


@given(st.integers(min_value=0, max_value=130))
def test_i5_an_age_lies_in_its_band_and_ninety_and_more_are_one(age: int) -> None:
    band = age_band(age)
    assert band is not None
    if age >= 90:
        assert band == "90+"
    elif age < 18:
        assert band == "under 18"
    else:
        first, last = (int(part) for part in band.split("–"))
        assert first <= age <= last
        assert ((first, last) == (18, 29)) if age < 30 else ((first % 10, last - first) == (0, 9))


def test_i5_the_bands_are_those_of_the_rule() -> None:
    bands = list(dict.fromkeys(age_band(age) for age in range(18, 100)))
    assert bands == ["18–29", "30–39", "40–49", "50–59", "60–69", "70–79", "80–89", "90+"]


def test_b11_without_a_date_of_birth_there_is_no_age() -> None:
    assert age_band(None) is None
    assert summary_of().who.age_band is None
    born = replace(PERSON, birth_date=date(1990, 6, 2))
    assert summary_of(born).who.age_band == "30–39"
    text = plain_text(summary_sections(summary_of()))
    assert "age unknown" in text


@given(st.dates(min_value=date(1900, 1, 1), max_value=TODAY))
def test_b11_the_age_is_told_on_the_day_of_viewing(born: date) -> None:
    years = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
    assert summary_of(replace(PERSON, birth_date=born)).who.age_band == age_band(years)


def test_b84_defect9_with_nothing_held_every_part_says_so_and_no_number_is_made_up() -> None:
    empty = summary_of(paperwork=paperwork_of((), (), (), (), (), today=TODAY))
    assert not empty.has_measurements
    assert (empty.held, empty.findings, empty.troubles, empty.diary.nights, empty.diary.entries) == ((), (), (), 0, 0)
    sections = {one.heading: one.lines for one in summary_sections(empty)}
    assert sections["Data held"] == ("No recording is stored.",)
    assert sections["Latest findings"] == ("Nothing to compute from.",)
    assert sections["In words"] == (NOTHING_TO_SAY,)
    assert sections["Documents"] == ("No document is filed.",)
    assert sections["Consents"] == ("No consent is recorded.",)
    body = " ".join(line for name, lines in sections.items() if name != "Who" for line in lines)
    assert not any(letter.isdigit() for letter in body), "no vitals, no interval, no citation that nothing supports"
    document = json.loads(json.dumps(as_json(summary_document(empty))))
    assert (document["window"], document["data"], document["findings"], document["imports"]) == (None, [], [], [])


def test_every_finding_has_a_chart_and_one_without_a_value_says_why() -> None:
    panel = panel_of(found("tst_min", 420.0), found("se_pct", None, why="Needs 3 nights, has 2."))
    lines = {one.metric: one for one in key_findings(panel)}
    assert set(lines) == set(KEY_FINDINGS)
    assert lines["tst_min"].value == 420.0
    assert lines["tst_min"].method == "Rule 1 2"
    assert (lines["se_pct"].value, lines["se_pct"].insufficient) == (None, "Needs 3 nights, has 2.")
    assert lines["se_pct"].interval is None, "an interval around no value says nothing"
    assert lines["resting_hr"].insufficient
    assert all(one.page and one.chart and one.span.length_s > 0 for one in lines.values())
    text = plain_text(summary_sections(summary_of(panel=panel)))
    assert "Sleep efficiency: no value. Needs 3 nights, has 2." in text
    assert "27 of 28 days valid, worn 83 %" in text


@given(st.lists(st.tuples(st.sampled_from(sorted(KEY_FINDINGS)), st.none() | st.floats(0, 1000)), max_size=10))
def test_no_value_appears_that_the_panel_does_not_hold(pairs: list[tuple[str, float | None]]) -> None:
    unique = dict(pairs)
    lines = key_findings(panel_of(*(found(metric, value) for metric, value in unique.items())))
    assert {one.metric: one.value for one in lines if one.value is not None} == {
        metric: value for metric, value in unique.items() if value is not None
    }


def test_data_held_adds_up_over_sources() -> None:
    one = Series(1, "p", "HKQuantityTypeIdentifierHeartRate", "count/min", "Watch", n=10, first=START, last=START + 60)
    two = replace(one, id=2, source="Strap", n=5, first=START - DAY_S, last=START + 2 * DAY_S)
    empty = replace(one, id=3, kind="HKQuantityTypeIdentifierStepCount", n=0, first=None, last=None)
    heart, steps = summary_of(series=(one, two, empty)).held
    assert (heart.samples, heart.sources) == (15, ("Strap", "Watch"))
    assert (heart.first, heart.last) == (ZONE.format(START - DAY_S), ZONE.format(START + 2 * DAY_S))
    assert (steps.first, steps.last, steps.samples) == (None, None, 0)


def test_notes_and_events_are_listed_newest_first_and_edits_of_nights_are_not() -> None:
    entries = [Annotation(AnnotationKind.NOTE, START + day * DAY_S, title=f"Day {day}") for day in range(8)]
    entries.append(Annotation(AnnotationKind.NOT_WORN, START + 9 * DAY_S, START + 10 * DAY_S))
    diary = summary_of(annotations=entries).diary
    assert diary.entries == 9
    assert [one.words for one in diary.latest] == ["Day 7", "Day 6", "Day 5", "Day 4", "Day 3"]


def consent(number: int, dated: date, *, expires: date | None = None, withdrawn: int | None = None) -> Consent:
    return Consent(number, "p", f"purpose {number}", "1", "en", "paper", "x", "", dated, expires, NOW, "o", withdrawn)


def test_consents_say_how_they_stand_today() -> None:
    lines = consent_lines(
        [
            consent(1, TODAY - timedelta(30), withdrawn=NOW),
            consent(2, TODAY - timedelta(30), expires=TODAY - timedelta(1)),
            consent(3, TODAY + timedelta(3)),
            consent(4, TODAY - timedelta(60), expires=TODAY),
        ],
        TODAY,
    )
    assert [(one.id, one.state) for one in lines] == [
        (4, "in force"),
        (3, "not begun"),
        (2, "ended"),
        (1, "withdrawn"),
    ]


@given(
    st.none() | st.integers(1, 9999),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | st.integers(1, 9999), max_size=3),
    st.sets(st.sampled_from(["a", "b", "c", "d"])),
)
def test_v46_of_several_studies_the_longest_counts_and_they_go_before_the_general_policy(
    general: int | None, studies: dict[str, int | None], tags: set[str]
) -> None:
    policies = [Policy(DataClass.RAW, "", general), *(Policy(DataClass.RAW, name, d) for name, d in studies.items())]
    (line,) = kept_lines(policies, tuple(tags))
    mine = [days for name, days in studies.items() if name in tags]
    expected = general if not mine else None if None in mine else max(day for day in mine if day is not None)
    assert line.keep_days == expected
    assert bool(line.study) == bool(mine)


def test_imports_tell_what_is_open_and_undone_ones_are_gone() -> None:
    problem = Problem("date.impossible", 2, "byte 17", "A date that cannot be.")
    whole = ImportReport("good.zip", "healthkit", "", ImportOutcome.OK, True, 1, 1.0, import_id=1)
    cut = replace(whole, file="cut.zip", outcome=ImportOutcome.INCOMPLETE, complete=False, import_id=2)
    set_aside = replace(
        whole, file="odd.zip", import_id=3, problems=(problem,), types={"x": TypeCount(5, 3, 0, 2)}, vanished={"x": 4}
    )
    undone = replace(cut, file="undone.zip", outcome=ImportOutcome.UNDONE, import_id=4)
    broken = UnfinishedImport("t", "p", "big.zip", "/x", None, "healthkit", "", NOW, 25.0, 100.0, 7, False)
    found_troubles = import_troubles([whole, cut, set_aside, undone], [broken])
    assert [one.file for one in found_troubles] == ["big.zip", "odd.zip", "cut.zip"]
    assert "at 25 %" in found_troubles[0].sentences[0]
    words = " ".join(found_troubles[1].sentences)
    assert "A date that cannot be. (2×, first at byte 17)" in words
    assert "2 records could not be read" in words
    assert "4 samples" in words


def test_a_role_without_identity_sees_no_name_tags_or_paperwork() -> None:
    masked = replace(PERSON, name=PERSON.code, birth_date=None, tags=())
    summary = summary_of(masked, sees_identity=False)
    document = summary_document(summary)
    assert document["who"]["name"] is None
    assert document["who"]["age_band"] is None
    assert document["consents"] is None
    assert document["documents"] is None
    text = plain_text(summary_sections(summary))
    assert "Ada" not in text
    assert "age not shown to this role" in text
    assert "Your role does not show these." in text


def test_equal_summaries_print_to_equal_bytes_and_pages_are_numbered() -> None:
    sections = summary_sections(summary_of(panel=panel_of(found("tst_min", 420.0)))) * 6

    def made() -> bytes:
        return plain_pages("Patient summary", "P-0001", sections, foot="Foot.", generated=NOW, version="1")

    assert made() == made()
    import pypdfium2

    document = pypdfium2.PdfDocument(made())
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    assert len(pages) > 1
    assert all(f"{number} / {len(pages)}" in page for number, page in enumerate(pages, 1))
    assert all("Foot." in page for page in pages)
