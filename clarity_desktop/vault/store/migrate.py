"""Bringing a vault's schema to the current revision: made at once when new, migrated behind a backup when older."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from clarity_desktop.domain.errors import ClarityError, ConflictError, IntegrityError
from clarity_desktop.vault.seal.identity import IdentitySeal
from clarity_desktop.vault.seal.keyring import PatientKeys
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.engine import BEGIN_IMMEDIATE, open_engine
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.owner import Ownership

__all__ = ["MIGRATIONS", "bring_up_to_date", "current_revision", "make_database", "make_schema"]

_SPARE_BYTES: Final = 16 << 20
MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"


def make_database(path: Path, key: bytes) -> None:
    """Fill an empty file with the tables of the current revision, and close it."""
    engine = open_engine(path, key)
    try:
        make_schema(engine)
    finally:
        engine.dispose()


def make_schema(engine: Engine) -> None:
    """Make all tables of the current revision in an empty database, without loading the migrations."""
    with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.version).values(version_num=schema.REVISION))


def current_revision(connection: Connection) -> str:
    """The revision of an open database; raises :class:`IntegrityError` (``vault.no_schema``) when it has none."""
    has_table = connection.dialect.has_table(connection, schema.version.name)
    revision = connection.execute(select(schema.version.c.version_num)).scalar_one_or_none() if has_table else None
    if revision is None:
        raise IntegrityError(
            "vault.no_schema",
            "The vault's database does not say which form its tables have.",
            remedy="Restore the vault from a backup.",
        )
    return str(revision)


def bring_up_to_date(
    layout: VaultLayout,
    engine: Engine,
    key: bytes,
    *,
    known: Sequence[str] = schema.KNOWN_REVISIONS,
    migrations: Path = MIGRATIONS,
    backups: Path | None = None,
    is_copy: bool = False,
    ownership: Ownership | None = None,
    identity: IdentitySeal | None = None,
) -> Path | None:
    """Migrate an older schema to the last known revision.

    A verified backup is made first. All steps run in one transaction, so a step that does not succeed leaves the old
    schema in place.

    Parameters
    ----------
    backups:
        Folder for the backup; ``None`` takes the one beside the vault.
    is_copy:
        The vault is a copy under restore, behind which a backup stands already.
    ownership:
        Somebody else's forbids the change.
    identity:
        Seals names, where they are not sealed yet.

    Returns
    -------
    The backup's path, or ``None`` when the schema was current or the vault is a copy.

    Raises
    ------
    ConflictError
        ``vault.schema_newer`` when a newer program has written the vault; ``vault.needs_identity`` when names are to
        be sealed and ``identity`` holds no key. Nothing is changed.
    ClarityError
        ``vault.no_room_to_migrate`` when the disk could become full, which is seen before anything begins (V-77);
        ``vault.migration`` when a step did not succeed, ``backup.no_room`` or ``backup.place`` when there can be no
        backup. The schema is as before.
    """
    with engine.begin() as connection:
        revision = current_revision(connection)
    if revision == known[-1]:
        return None
    if revision not in known:
        raise ConflictError(
            "vault.schema_newer",
            "This vault was written by a newer version of Clarity Desktop.",
            remedy="Install the latest version and open the vault with that.",
            detail=f"schema {revision}, this program knows up to {known[-1]}",
        )
    if ownership is not None and ownership.other is not None:
        raise ownership.occupied()
    backup: Path | None = None
    _require_room(layout, None if is_copy else backups or layout.directory.parent)
    if not is_copy:
        from clarity_desktop.vault.backup.backups import folder_beside
        from clarity_desktop.vault.backup.writer import write_backup

        folder = backups or folder_beside(layout.directory)
        backup = folder / write_backup(layout, engine, key, folder, kind="migration").name
    _upgrade(engine, migrations, known[-1], PatientKeys(layout.patient_keys, key), identity or IdentitySeal(b""))
    return backup


def _require_room(layout: VaultLayout, backups: Path | None) -> None:
    """A migration may write every page once more into the log, and its backup every page to the other place."""
    size = sum(
        path.stat().st_size
        for path in (layout.database, layout.database.with_name(layout.database.name + "-wal"))
        if path.exists()
    )
    needed = {layout.directory: size + _SPARE_BYTES}
    if backups is not None:
        place = next(one for one in (backups, *backups.parents) if one.exists())
        if place.stat().st_dev == layout.directory.stat().st_dev:
            needed[layout.directory] += size
        else:
            needed[place] = size + _SPARE_BYTES
    for place, wanted in needed.items():
        free = shutil.disk_usage(place).free
        if free < wanted:
            raise ClarityError(
                "vault.no_room_to_migrate",
                "There is not enough space to bring the vault to the form this version needs; it is as it was before.",
                remedy="Free some space, or keep using the version that last opened it.",
                detail=f"{free} bytes free, {wanted} needed",
            )


def _upgrade(engine: Engine, migrations: Path, target: str, keys: PatientKeys, identity: IdentitySeal) -> None:
    # Loading Alembic takes about 0.3 s, so it happens only when there is something to migrate.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    try:
        with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
            config.attributes["connection"] = connection
            config.attributes["patient_keys"] = keys
            config.attributes["identity"] = identity
            command.upgrade(config, target)
    except (DBAPIError, CommandError) as error:
        raise ClarityError(
            "vault.migration",
            "The vault could not be brought to the form this version needs; it is as it was before.",
            remedy="Keep using the version that last opened it, and report this.",
            detail=type(error).__name__,
        ) from None
