"""Passphrases, birth dates, import sums, findings and last data, as the window words them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.findings import Finding, Provenance
from clarity_desktop.domain.importing import ImportOutcome, ImportReport, TypeCount
from clarity_desktop.domain.time import Span
from clarity_desktop.ui.components.badge import initials
from clarity_desktop.ui.dialogs.new_patient import read_birth_date
from clarity_desktop.ui.pages.import_words import byte_words, grouped, headline, sums_of, table_text, type_rows
from clarity_desktop.ui.pages.passphrase import MINIMUM_LENGTH, strength_of
from clarity_desktop.ui.pages.patient_preview import finding_words
from clarity_desktop.ui.pages.patient_rows import last_data_words

COUNTS = st.tuples(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**4))


def _report(types: dict[str, TypeCount]) -> ImportReport:
    return ImportReport("a.zip", "healthkit", "14", ImportOutcome.OK, True, 10, 1.0, types)


@given(st.dictionaries(st.text(min_size=1, max_size=8), COUNTS, max_size=6))
def test_the_four_sums_add_up_over_all_types(counts: dict[str, tuple[int, int, int]]) -> None:
    types = {name: TypeCount(new + old + bad, new + old, old, bad, new) for name, (new, old, bad) in counts.items()}
    report = _report(types)
    sums = sums_of(report)
    assert sums.add_up
    assert sums.read == sum(count.records for count in types.values())
    assert sum(row.records for row in type_rows(report)) == sums.read
    assert len(table_text(report).splitlines()) == len(types) + 1


def test_sums_that_differ_are_told() -> None:
    assert not sums_of(_report({"x": TypeCount(10, 9, 0, 0, 9)})).add_up


@pytest.mark.parametrize("outcome", list(ImportOutcome))
def test_every_outcome_has_words_icon_and_tone(outcome: ImportOutcome) -> None:
    sentence, icon, tone = headline(ImportReport("a", "csv", "", outcome, True, 1, 1.0))
    assert sentence.endswith(".")
    assert icon
    assert tone in ("ok", "warn", "info")


def test_numbers_and_sizes() -> None:
    assert grouped(705149) == "705\u202f149"
    assert byte_words(999) == "999 bytes"
    assert byte_words(412_000_000) == "412 MB"
    assert byte_words(9_900_000) == "9.9 MB"


@given(st.text(max_size=MINIMUM_LENGTH - 1))
def test_short_passphrases_are_never_accepted(text: str) -> None:
    assert not strength_of(text).accepted


def test_strength_in_words() -> None:
    assert strength_of("aaaaaaaaaaaaaaaa").words.startswith("Easy to guess")
    assert strength_of("seven quiet herons by the lake").words == "Strong"
    assert strength_of("12345").words == "5 of at least 12 characters"


def test_birth_dates() -> None:
    today = date(2026, 1, 1)
    assert read_birth_date(" ", today) is None
    assert read_birth_date("1987-04-23", today) == date(1987, 4, 23)
    with pytest.raises(ValueError, match="future"):
        read_birth_date("2027-01-01", today)
    with pytest.raises(ValueError, match="1987-04-23"):
        read_birth_date("23.4.87", today)


def test_last_data() -> None:
    today = date(2025, 4, 7)
    assert last_data_words("", today) == "none yet"
    assert last_data_words("2025-04-03T00:00:00+02:00", today) == "2 April"
    assert last_data_words("2025-04-07T09:38:00+02:00", today) == "today, 09:38"
    assert last_data_words("2025-04-06T23:59:00+02:00", today) == "yesterday"
    assert last_data_words("2025-03-02T10:00:00+01:00", today) == "2 March"
    assert last_data_words("2024-03-02T10:00:00+01:00", today) == "2 March 2024"


def _finding(metric: str, value: float | None, n: int | None = 26) -> Finding:
    provenance = Provenance("h", "a", "1", "UTC", "w")
    return Finding(metric, value, "", Span(0, 1), None, provenance, None if value is not None else "Needs 5.", n=n)


def test_findings_in_words() -> None:
    assert finding_words(_finding("tst_min", 434.0)) == ("7 h 14 min", "26 nights")
    assert finding_words(_finding("midsleep_h", 23.9999)) == ("00:00", "26 nights")
    assert finding_words(_finding("se_pct", 91.6)) == ("92 %", "26 nights")
    assert finding_words(_finding("sri", -3.2)) == ("\u22123", "26 pairs")
    assert finding_words(_finding("ra", None)) == ("Insufficient", "Needs 5.")
    assert finding_words(None)[0] == "–"


def test_initials_skip_the_group() -> None:
    assert initials("Demo · Regular sleeper") == "RS"
    assert initials("Marie Curie") == "MC"
    assert initials("X7") == "X"
