"""The encrypted file: who can open it, and what a connection is set to."""

from __future__ import annotations

import sqlite3
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
        "synchronous": "1",
        "foreign_keys": "1",
        "temp_store": "2",
        "page_size": "4096",
    }
