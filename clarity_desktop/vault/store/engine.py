"""The SQLAlchemy engine over SQLCipher: raw key, write-ahead log, nothing temporary on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

import sqlcipher3.dbapi2
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import QueuePool

from clarity_desktop.domain.errors import ClarityError, LockedError
from clarity_desktop.domain.overwriting import overwrite

__all__ = ["BEGIN_IMMEDIATE", "cipher_facts", "connector", "open_engine"]

BEGIN_IMMEDIATE: Final = "BEGIN IMMEDIATE"
Journal = Literal["WAL", "OFF", "DELETE"]
_WAIT_S: Final = 15.0
_COVERS: Final = 3


def connector(
    path: Path, key: bytes, driver: ModuleType = sqlcipher3.dbapi2, *, journal: Journal = "WAL"
) -> Callable[[], Any]:
    """A function that opens one connection with the raw key.

    Parameters
    ----------
    journal:
        ``WAL`` for a vault; ``OFF`` for a file that is nobody's yet and is thrown away when its writing ends early,
        which waits for no disk; ``DELETE`` for a copy that lies still and is only read.

    The function raises

    - :class:`ClarityError` ``vault.no_encryption`` when the SQLite build has no encryption: there is no plain fallback;
    - :class:`LockedError` ``vault.wrong_key`` when the key does not open the file.
    """

    def connect() -> Any:
        connection = driver.connect(str(path), check_same_thread=False, timeout=_WAIT_S, isolation_level=None)
        try:
            if connection.execute("PRAGMA cipher_version").fetchone() is None:
                raise ClarityError(
                    "vault.no_encryption",
                    "The database library of this installation cannot encrypt, so the vault stays closed.",
                    remedy="Install Clarity Desktop again.",
                )
            connection.execute("PRAGMA cipher_log_level = NONE")
            _give_key(connection, key)
            connection.execute("PRAGMA temp_store = MEMORY")
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except driver.DatabaseError as error:
                if "not a database" not in str(error):
                    raise
                raise LockedError(
                    "vault.wrong_key",
                    "The key does not open the vault.",
                    remedy="Open the vault with its passphrase.",
                ) from None
            connection.execute(f"PRAGMA journal_mode = {journal}").fetchone()
            # What was answered as stored stays stored when the power goes, and the audit's head never runs ahead of it.
            connection.execute(f"PRAGMA synchronous = {'OFF' if journal == 'OFF' else 'FULL'}")
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA cache_size = -16000")
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _give_key(connection: Any, key: bytes) -> None:
    """Tell the connection its key, and leave no copy of the statement in memory.

    SQLite frees what it made of the text without clearing it. A statement of the same length that means nothing takes
    those places again at once; the setting of the cipher that clears everything slows down every query.
    """
    text = key.hex()
    statement = f"PRAGMA key = \"x'{text}'\""
    # Scripts are not kept by the connection, as single statements are.
    connection.executescript(statement)
    cover = f"PRAGMA kez = \"x'{'0' * len(text)}'\""
    overwrite(text, statement)
    for _ in range(_COVERS):
        connection.executescript(cover)


def open_engine(path: Path, key: bytes, driver: ModuleType = sqlcipher3.dbapi2) -> Engine:
    """An engine with a small pool. Transactions are begun here, so that DDL rolls back and writers take turns."""
    engine = create_engine(
        "sqlite://",
        module=driver,
        creator=connector(path, key, driver),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    @event.listens_for(engine, "handle_error")
    def _drop_spoiled(context: ExceptionContext) -> None:
        # A connection that has met a damaged page refuses sound ones too; the others are fine.
        if "malformed" in str(context.original_exception):
            context.is_disconnect = True
            context.invalidate_pool_on_disconnect = False

    return engine


def cipher_facts(connection: Connection) -> tuple[str, int]:
    """``(name and version of the cipher library, page size in bytes)``."""
    version = connection.exec_driver_sql("PRAGMA cipher_version").scalar_one()
    page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return f"SQLCipher {version}", int(page_size)
