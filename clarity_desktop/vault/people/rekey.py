"""New keys for a whole vault: everything is prepared and checked in a copy, then takes the vault's place at once.

Everybody keeps their passphrase, keychain entry and printed code, because those open a person's own key, to which the
new keys are granted. Who was removed before has nothing that opens the new files.
"""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import sqlcipher3.dbapi2
from sqlalchemy import Engine, delete

from clarity_desktop.domain.errors import ConflictError, IntegrityError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.vault.erasure.ledger import ErasureLedger
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.swap import commit_swap, swap_lock, work_layout
from clarity_desktop.vault.keys.tries import Tries
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.keys.wrapping import new_key
from clarity_desktop.vault.seal.identity import IdentitySeal, reseal_identities
from clarity_desktop.vault.seal.keyring import PatientKeys, rewrap
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.anchors import FileAnchor, Head
from clarity_desktop.vault.store.chain import audit_key
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.engine import BEGIN_IMMEDIATE, connector, open_engine
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.layout import VaultLayout, create_private_file
from clarity_desktop.vault.store.stubs import read_stubs, write_stub
from clarity_desktop.vault.vault import Vault

__all__ = ["rekeyed"]

_STEPS: Final = ("Checking the vault", "Copying", "Encrypting anew", "Signing the audit", "Checking the new files")
_BATCH: Final = 10_000


def rekeyed(
    vault: Vault,
    *,
    circumstances: Circumstances | None = None,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Vault:
    """Close an admin's vault, give it new keys, and answer it open again. A second run resumes from the beginning.

    The program may end at any moment: until all is prepared the vault is as before, afterwards the next opening puts
    the new files in place. Backups of before keep the keys of before.

    Raises
    ------
    LockedError
        ``people.no_admin_key``.
    IntegrityError
        ``vault.damaged`` when the vault does not verify: new keys must not hide what was altered.
    ConflictError
        ``vault.busy`` while somebody else has the vault open. The vault is closed and as before.
    CancelledError
        When stopped; the vault is closed and as before.
    """
    token = cancel or CancelToken()
    old = vault.people.admin_keys()
    layout, header = VaultLayout(vault.directory), vault.people.header()
    _step(progress, token, 0)
    if not vault.verify().ok:
        raise _damaged("before")
    new = _new_keys(old)
    header, old_data = header.regranted(bytes(old.admin), new), bytes(old.data)
    old_identity = bytes(old.identity)
    vault.close()
    with file_failures():
        lock = swap_lock(layout)
        try:
            with _alone(layout, old_data):
                try:
                    _prepare(layout, header, old_data, old_identity, new, progress, token)
                    commit_swap(layout)
                except BaseException:
                    work = work_layout(layout).directory
                    if work.is_dir() and not (work / "complete").exists():
                        shutil.rmtree(work)
                    raise
        finally:
            lock.release()
    return Vault(layout, new, circumstances)


def _new_keys(old: UnlockedKeys) -> UnlockedKeys:
    data, identity, admin = (bytearray(new_key()) for _ in range(3))
    return UnlockedKeys(old.user_id, old.name, old.how, data, bytearray(old.user), identity, admin, old.slot_id)


def _prepare(
    layout: VaultLayout,
    header: KeyHeader,
    old_data: bytes,
    old_identity: bytes,
    new: UnlockedKeys,
    progress: ProgressListener,
    token: CancelToken,
) -> None:
    work, data = work_layout(layout), bytes(new.data)
    if work.directory.exists():
        shutil.rmtree(work.directory)
    work.prepare()
    _step(progress, token, 1)
    create_private_file(work.database)
    shutil.copyfile(layout.database, work.database)
    for path in (layout.patient_keys, layout.erased, layout.tries):
        if path.exists():
            create_private_file(work.directory / path.name)
            shutil.copyfile(path, work.directory / path.name)
    _step(progress, token, 2)
    with closing(connector(work.database, old_data)()) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute(f"PRAGMA rekey = \"x'{data.hex()}'\"")
    rewrap(work.patient_keys, old_data, data)
    _reseal(work, data, old_identity, bytes(new.identity))
    ErasureLedger(work.erased, old_data).rekey(data)
    Tries(work.tries).rekey(old_data, data)
    _step(progress, token, 3)
    with closing(connector(work.database, data)()) as connection:
        head = _sign_audit(connection, audit_key(data))
    if head is not None:
        FileAnchor(work.audit_head, audit_key(data), where="the seal", is_outside=False).write(head)
    header.write(work.keys, data)
    _step(progress, token, 4)
    keys = UnlockedKeys(new.user_id, new.name, "new keys", bytearray(new.data), bytearray(new.user))
    with Vault(work, keys, Circumstances(is_copy=True)) as copy:
        copy.audit.append("vault.rekey")
        if not copy.verify().ok:
            raise _damaged("after")


def _reseal(work: VaultLayout, data: bytes, old_identity: bytes, new_identity: bytes) -> None:
    """Seal names with the new identity key; the patients' own keys stay."""
    engine = open_engine(work.database, data)
    try:
        with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
            keys = PatientKeys(work.patient_keys, data)
            reseal_identities(connection, keys, IdentitySeal(old_identity), IdentitySeal(new_identity))
        _sign_stubs(engine, audit_key(data))
    finally:
        engine.dispose()


def _sign_audit(connection: Any, key: bytes) -> Head | None:
    """Sign every entry with the new key; the chain was checked before. Answers its end."""
    connection.execute("BEGIN IMMEDIATE")
    after, head = 0, None
    while rows := connection.execute(
        "SELECT seq, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, _BATCH)
    ).fetchall():
        signed = [(hmac.digest(key, digest, "sha256"), seq) for seq, digest in rows]
        connection.executemany("UPDATE audit SET mac = ? WHERE seq = ?", signed)
        after, head = rows[-1][0], Head(rows[-1][0], bytes(rows[-1][1]))
    connection.execute("COMMIT")
    return head


def _sign_stubs(engine: Engine, key: bytes) -> None:
    """Sign what expired segments of the audit have left with the new key."""
    with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
        stubs = read_stubs(connection)
        connection.execute(delete(schema.audit_stubs))
        for stub in stubs:
            write_stub(connection, stub.signed(key))


@contextmanager
def _alone(layout: VaultLayout, data_key: bytes) -> Iterator[None]:
    """Be the only one who has the database open, with its log folded in."""
    with closing(connector(layout.database, data_key)()) as connection:
        connection.execute("PRAGMA busy_timeout = 500")
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlcipher3.dbapi2.OperationalError as error:
            if "locked" not in str(error):
                raise
            mode = ""
        if mode != "delete":
            raise ConflictError(
                "vault.busy",
                "The vault is open elsewhere, so it keeps its keys.",
                remedy="Close it in all other windows and programs, then do it again.",
            )
        yield


def _step(progress: ProgressListener, token: CancelToken, number: int) -> None:
    token.check()
    progress(Progress(_STEPS[number], number, len(_STEPS)))


def _damaged(when: str) -> IntegrityError:
    return IntegrityError(
        "vault.damaged",
        "The vault does not verify, so it keeps its keys.",
        remedy="Run vault verify, and restore the last backup.",
        detail=when,
    )
