"""The encrypted store: keys and slots, engine, migrations, repositories, series chunks, rollups and the audit chain."""

from __future__ import annotations

from clarity_desktop.vault.backup.backups import DrillReport
from clarity_desktop.vault.backup.manifest import Manifest
from clarity_desktop.vault.backup.restore import Restored, restore_backup, undo_interrupted
from clarity_desktop.vault.keys.kdf import KdfParameters
from clarity_desktop.vault.records import AuditEntry, AuditQuery, AuditVerdict, Slot, VaultInfo, VerifyReport
from clarity_desktop.vault.store.circumstances import Circumstances, correlated
from clarity_desktop.vault.vault import Vault

__all__ = [
    "DrillReport",
    "Manifest",
    "Restored",
    "restore_backup",
    "undo_interrupted",
    "AuditEntry",
    "AuditQuery",
    "AuditVerdict",
    "Circumstances",
    "KdfParameters",
    "Slot",
    "Vault",
    "VaultInfo",
    "VerifyReport",
    "correlated",
]
