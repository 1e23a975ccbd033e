"""Schema revisions: tables agree with migrations, older vaults migrate behind a backup, newer ones are refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clarity_desktop.domain.errors import ClarityError, ConflictError
from clarity_desktop.vault import Vault
from clarity_desktop.vault.backup.inspection import checked
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.engine import connector, open_engine
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.migrate import MIGRATIONS, bring_up_to_date, current_revision, make_schema

KEY = bytes(range(32))
_LATER = (*schema.KNOWN_REVISIONS, "9000")

_NEXT = '''
"""A later revision."""

from alembic import op

revision = "9000"
down_revision = "{last_known}"


def upgrade():
    op.execute("ALTER TABLE patients ADD COLUMN nickname TEXT NOT NULL DEFAULT 'none'")
    op.execute("UPDATE patients SET nickname = lower(code)")
    {last}
'''


def later_program(folder: Path, last: str = "") -> Path:
    """The migrations of a program that knows one revision more."""
    copy = folder / "migrations"
    shutil.copytree(MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "r9000_next.py").write_text(_NEXT.format(last=last, last_known=schema.REVISION), "utf-8")
    return copy


def tables_of(engine: Engine) -> dict[str, object]:
    """Every table with its columns, keys and indexes, apart from how its SQL was spaced."""
    with engine.connect() as connection:
        names = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).scalars()
        found: dict[str, object] = {}
        for name in list(names):
            if name == "alembic_version":
                continue
            pragmas = ("table_xinfo", "foreign_key_list")
            found[name] = [
                [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA {pragma}({name})")] for pragma in pragmas
            ]
            # The number in front says in which order indexes were made, and nothing else.
            found[name + " indexes"] = sorted(
                tuple(row)[1:] for row in connection.exec_driver_sql(f"PRAGMA index_list({name})")
            )
            sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar_one()
            found[name + " words"] = [word for word in ("WITHOUT ROWID", "AUTOINCREMENT") if word in sql]
        return found


def test_new_vaults_have_the_tables_that_migrating_from_nothing_gives(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    made, migrated = open_engine(tmp_path / "made.db", KEY), open_engine(tmp_path / "migrated.db", KEY)
    make_schema(made)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with migrated.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with migrated.connect() as connection:
        assert current_revision(connection) == schema.REVISION
    assert tables_of(made) == tables_of(migrated)
    made.dispose()
    migrated.dispose()


def test_the_known_revisions_are_those_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == schema.KNOWN_REVISIONS


def test_an_older_vault_is_migrated_behind_a_backup(vault: Vault, tmp_path: Path) -> None:
    vault.patients.add("Ada")
    key, layout = vault.data_key(), VaultLayout(vault.directory)
    vault.close()
    engine = open_engine(layout.database, key)
    backup = bring_up_to_date(layout, engine, key, known=_LATER, migrations=later_program(tmp_path))
    with engine.connect() as connection:
        assert current_revision(connection) == "9000"
        assert connection.exec_driver_sql("SELECT nickname FROM patients").scalars().all() == ["p-0001"]
    assert bring_up_to_date(layout, engine, key, known=_LATER) is None
    engine.dispose()
    assert backup is not None
    manifest = checked(backup, allow_older=True)
    assert (manifest.kind, manifest.schema) == ("migration", schema.REVISION)
    assert b"SQLite format 3" not in (backup / "vault.db").read_bytes()
    assert not (backup / "vault.db-wal").exists()
    old = connector(backup / "vault.db", key)()
    assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (schema.REVISION,)
    assert old.execute("SELECT code FROM patients").fetchall() == [("P-0001",)]
    old.close()


@pytest.mark.parametrize(
    "last", ['op.execute("SELECT * FROM no_such_table")', 'op.execute("INSERT INTO audit VALUES (1)")']
)
def test_a_step_that_does_not_succeed_leaves_the_old_schema(vault: Vault, tmp_path: Path, last: str) -> None:
    vault.patients.add("Ada")
    key, layout = vault.data_key(), VaultLayout(vault.directory)
    vault.close()
    engine = open_engine(layout.database, key)
    before = tables_of(engine)
    with pytest.raises(ClarityError) as caught:
        bring_up_to_date(layout, engine, key, known=_LATER, migrations=later_program(tmp_path, last))
    assert caught.value.code == "vault.migration"
    assert tables_of(engine) == before
    engine.dispose()
    with Vault.open_with_key(layout.directory, key) as again:
        assert [patient.code for patient in again.patients.list()] == ["P-0001"]
        assert again.verify().ok


def test_v77_too_little_room_is_seen_before_a_migration_begins(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.patients.add("Ada")
    key, layout = vault.data_key(), VaultLayout(vault.directory)
    vault.close()
    size = layout.database.stat().st_size
    before = {path.name: path.read_bytes() for path in layout.directory.iterdir()}
    usage = shutil.disk_usage(tmp_path)
    engine = open_engine(layout.database, key)
    try:
        for free in (0, size, size + (16 << 20)):
            monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
            with pytest.raises(ClarityError) as caught:
                bring_up_to_date(layout, engine, key, known=_LATER, migrations=later_program(tmp_path / str(free)))
            assert caught.value.code == "vault.no_room_to_migrate"
    finally:
        engine.dispose()
    # Not even a backup was begun, and no page was written.
    assert not layout.directory.with_name(f"{layout.directory.name}-backups").exists()
    assert before["vault.db"] == layout.database.read_bytes()


_MIGRATES = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clarity_desktop.vault.store import schema
    from clarity_desktop.vault.store.engine import open_engine
    from clarity_desktop.vault.store.layout import VaultLayout
    from clarity_desktop.vault.store.migrate import bring_up_to_date

    key, layout = bytes.fromhex(sys.stdin.readline()), VaultLayout(Path(sys.argv[1]))
    engine = open_engine(layout.database, key)
    known = (*schema.KNOWN_REVISIONS, "9000")
    bring_up_to_date(layout, engine, key, known=known, migrations=Path(sys.argv[2]))
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("killed", ["import os; os.kill(os.getpid(), 9)", ""])
def test_v75_killed_within_a_step_the_old_or_the_new_schema_is_left(vault: Vault, tmp_path: Path, killed: str) -> None:
    vault.patients.add("Ada")
    key, layout = vault.data_key(), VaultLayout(vault.directory)
    vault.close()
    migrations = later_program(tmp_path, killed)
    ran = subprocess.run(
        [sys.executable, "-c", _MIGRATES, str(layout.directory), str(migrations)],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == (-9 if killed else 0), ran.stderr
    engine = open_engine(layout.database, key)
    try:
        with engine.connect() as connection:
            assert current_revision(connection) == (schema.REVISION if killed else "9000")
        if killed:
            # The program that was killed goes on with the next start.
            bring_up_to_date(layout, engine, key, known=_LATER, migrations=later_program(tmp_path / "again"))
        with engine.connect() as connection:
            assert current_revision(connection) == "9000"
            assert connection.exec_driver_sql("SELECT nickname FROM patients").scalars().all() == ["p-0001"]
    finally:
        engine.dispose()


def test_v76_a_newer_vault_is_refused_and_left_alone(vault: Vault) -> None:
    key, directory = vault.data_key(), vault.directory
    with vault._store.staging() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    vault.close()
    before = (directory / "vault.db").read_bytes()
    with pytest.raises(ConflictError) as caught:
        Vault.open_with_key(directory, key)
    assert caught.value.code == "vault.schema_newer"
    assert "9999" in caught.value.detail
    assert (directory / "vault.db").read_bytes() == before


def test_creating_and_opening_load_no_migrations(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from clarity_desktop.vault import KdfParameters, Vault\n"
        "vault = Vault.create(Path(sys.argv[1]), 'a long passphrase', kdf=KdfParameters.for_tests())\n"
        "key = vault.data_key()\n"
        "vault.close()\n"
        "Vault.open_with_key(Path(sys.argv[1]), key).close()\n"
        "sys.exit(any(name in sys.modules for name in ('alembic', 'sqlalchemy.orm', 'scipy', 'polars', 'keyring')))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "v")], check=True, timeout=60)
