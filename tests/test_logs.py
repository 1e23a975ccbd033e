"""Bytes of the log on disk hold no name, passphrase, address, date, number or path of a person."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import InputError
from clarity_desktop.logs import hidden, hide, scrub, start_logging, stop_logging

_log = logging.getLogger("clarity_desktop.tests")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    yield start_logging(tmp_path)
    stop_logging()


@pytest.mark.parametrize(
    "canary",
    [
        "martha.quest@example.org",
        "1987-04-23",
        "23.04.1987",
        "4/23/1987",
        "0176 555 01 23 45",
        "+49 (176) 5550123",
        "79927398713",
        str(Path.home() / "Martha" / "export.zip"),
        "/home/martha/Documents/export.zip",
        r"C:\Users\martha\export.zip",
    ],
)
def test_canaries_do_not_reach_the_disk(log_file: Path, canary: str) -> None:
    _log.info("read %s of the person", canary)
    written = log_file.read_bytes().decode()
    assert canary not in written
    assert "martha" not in written.lower()
    assert "of the person" in written


def test_hidden_words_do_not_reach_the_disk(log_file: Path) -> None:
    hide("Martha Quest")
    with hidden("seven quiet herons"):
        _log.info("opening MARTHA QUEST with seven quiet herons")
    _log.info("after")
    written = log_file.read_text(encoding="utf-8")
    assert "quest" not in written.lower()
    assert "herons" not in written
    assert scrub("seven quiet herons") == "seven quiet herons"


def test_the_text_of_a_foreign_exception_stays_out(log_file: Path) -> None:
    try:
        try:
            raise ValueError("could not convert 'Martha 72 bpm'")
        except ValueError as error:
            raise InputError("import.value", "A value cannot be read.", detail="byte 1042") from error
    except InputError:
        _log.info("import ended", exc_info=True)
    written = log_file.read_text(encoding="utf-8")
    assert "Martha" not in written
    assert "72 bpm" not in written
    assert "InputError(import.value; byte 1042)" in written
    assert "ValueError at test_logs.py" in written
    assert written.count("\n") == 1


def test_records_of_other_libraries_are_not_taken(log_file: Path) -> None:
    logging.getLogger("sqlalchemy.engine").warning("INSERT INTO patient VALUES ('Martha')")
    assert log_file.read_text(encoding="utf-8") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are of POSIX")
def test_only_this_account_reads_the_log(log_file: Path) -> None:
    _log.info("something")
    assert stat.S_IMODE(log_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(log_file.parent.stat().st_mode) == 0o700


def test_a_full_log_starts_a_new_file(log_file: Path) -> None:
    for _ in range(600):
        _log.info("x" * 2000)
    assert log_file.with_name(log_file.name + ".1").exists()
    assert log_file.stat().st_size < 1_000_001


def test_ids_and_counts_stay_readable(log_file: Path) -> None:
    _log.info("patient 3f2c0c5e-9d2b-4a71-8c55-0f1f6f5a9e11 stored 12345 samples in 0.482 s")
    assert "3f2c0c5e-9d2b-4a71-8c55-0f1f6f5a9e11 stored 12345 samples in 0.482 s" in log_file.read_text("utf-8")
