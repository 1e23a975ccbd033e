"""What happens around the work with an open vault: the audit meets its anchors, and opening and closing are noted."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.vault.keys.header import KEYCHAIN, KeyHeader
from clarity_desktop.vault.store.anchors import Anchor, FileAnchor, KeychainAnchor, outside_file
from clarity_desktop.vault.store.chain import audit_key
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.transactions import Store

__all__ = ["anchors_of", "note_closing", "note_opening"]


def anchors_of(header: KeyHeader, data_key: bytes, circumstances: Circumstances, directory: Path) -> tuple[Anchor, ...]:
    """The anchors outside the vault's folder: this account's own folder, and the keychain of those who use it."""
    if circumstances.is_copy:
        return ()
    found: list[Anchor] = []
    if circumstances.state is not None:
        path = outside_file(circumstances.state, header.vault_id, directory)
        found.append(FileAnchor(path, audit_key(data_key), where="the record of this account", is_outside=True))
    if any(slot.kind == KEYCHAIN for slot in header.slots):
        found.append(KeychainAnchor(header.vault_id, directory))
    return tuple(found)


def note_opening(store: Store, how: str) -> str:
    """Compare the audit with its anchors, and enter the opening; answers what does not fit, or ``""``."""
    with store.reading() as connection:
        verdict = store.chain.meet(connection)
    if verdict is not None:
        with store.noting("audit.mismatch") as write:
            write.outcome = "warning"
            write.detail = verdict.reason
    with store.noting("vault.open") as write:
        write.detail = how
    if store.chain.head is not None:
        store.chain.anchor(store.chain.head, everywhere=True)
    return "" if verdict is None else verdict.reason


def note_closing(store: Store) -> None:
    """Renew the anchors that are not renewed with each entry."""
    if store.chain.head is not None:
        store.chain.anchor(store.chain.head, everywhere=True)
