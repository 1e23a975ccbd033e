"""The encrypted file: who can open it, and what a connection is set to."""

from __future__ import annotations

import sqlite3
import threading
import types
from pathlib import Path

import pytest
import sqlcipher3.dbapi2

from clarity_desktop.domain.errors import ClarityError, LockedError
from clarity_desktop.vault import Vault
from clarity_desktop.vault.store.engine import connector, open_engine


def test_v2_plain_sqlite_and_wrong_keys_see_nothing(vault: Vault) -> None:
    vault.patients.add("Someone")
    key = vault.data_key()
    vault.close()
    database = vault.directory / "vault.db"
    plain = sqlite3.connect(database)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        plain.execute("SELECT * FROM sqlite_master").fetchall()
    plain.close()
    keyless = sqlcipher3.dbapi2.connect(str(database))
    keyless.execute("PRAGMA cipher_log_level = NONE")
    with pytest.raises(sqlcipher3.dbapi2.DatabaseError):
        keyless.execute("SELECT * FROM sqlite_master").fetchall()
    keyless.close()
    for wrong in (bytes(32), bytes([key[0] ^ 1]) + key[1:]):
        with pytest.raises(LockedError) as caught:
            connector(database, wrong)()
        assert caught.value.code == "vault.wrong_key"


def test_a_wrong_key_prints_nothing(vault: Vault, capfd: pytest.CaptureFixture[str]) -> None:
    vault.close()
    with pytest.raises(LockedError):
        connector(vault.directory / "vault.db", bytes(32))()
    assert capfd.readouterr() == ("", "")


def test_v3_a_build_without_encryption_is_refused(tmp_path: Path) -> None:
    driver: types.ModuleType = sqlite3
    with pytest.raises(ClarityError) as caught:
        connector(tmp_path / "vault.db", bytes(32), driver)()
    assert caught.value.code == "vault.no_encryption"
    assert not (tmp_path / "vault.db").exists() or (tmp_path / "vault.db").stat().st_size == 0


def test_connections_are_set_as_designed(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "x.db", bytes(range(32)))
    with engine.begin() as connection:
        facts = {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("journal_mode", "synchronous", "foreign_keys", "temp_store", "page_size")
        }
    engine.dispose()
    assert facts == {
        "journal_mode": "wal",
        "synchronous": "2",
        "foreign_keys": "1",
        "temp_store": "2",
        "page_size": "4096",
    }


@pytest.mark.parametrize("rows", [200_000, pytest.param(5_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_v5_a_large_sort_leaves_nothing_on_the_disk(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Sorting and grouping in temporary storage makes no file, in the vault's folder or among temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    before = {path.name for path in vault.directory.iterdir()}
    made: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            made.update(path.name for path in vault.directory.iterdir())
            made.update(f"temporary/{path.name}" for path in temporary.iterdir())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with vault._store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA temp_store").scalar_one() == 2
            connection.exec_driver_sql("CREATE TEMP TABLE words (text TEXT)")
            connection.exec_driver_sql(
                "INSERT INTO words WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT ?) "
                "SELECT 'canary ' || hex(randomblob(8)) FROM n",
                (rows,),
            )
            last = connection.exec_driver_sql("SELECT text FROM words ORDER BY text DESC LIMIT 1 OFFSET ?", (rows - 1,))
            assert last.scalar_one().startswith("canary")
            kinds = connection.exec_driver_sql("SELECT count(*) FROM (SELECT DISTINCT substr(text, 8, 5) FROM words)")
            assert kinds.scalar_one() > 1000
    finally:
        stop.set()
        watcher.join()
    assert made - before == set()
