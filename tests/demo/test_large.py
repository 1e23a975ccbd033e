from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.demo.devices import device_records
from clarity_desktop.demo.large import LARGE_DAYS, LARGE_PERSON, write_large_export
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.importers.pipeline import inspect_file


@pytest.mark.slow
def test_a_year_of_one_person_is_read_whole(tmp_path: Path) -> None:
    recording = write_large_export(tmp_path / "export.zip", days=366)
    report = inspect_file(tmp_path / "export.zip", home_zone=LARGE_PERSON.home_zone)
    assert report.outcome is ImportOutcome.OK
    records = sum(count.records for name, count in report.types.items() if name.startswith("HK"))
    # Every record of a blood pressure stands in a Correlation as well and is counted once.
    assert records >= sum(len(table) for table in device_records(recording)) > 400_000
    assert all(count.duplicates == count.rejected == 0 for count in report.types.values())


def test_the_large_person_has_three_years_and_an_own_code() -> None:
    assert LARGE_DAYS == 1096
    assert LARGE_PERSON.code == "D-1000"
    assert not LARGE_PERSON.actigraph
