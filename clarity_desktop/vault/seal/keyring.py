"""The file of wrapped patient keys beside the database, apart from the rows they open."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.keys.header import derived_key
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["PatientKeys", "read_wrapped", "remove_wrapped", "rewrap"]

_FORMAT: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = "patient-keys"


class PatientKeys:
    """The keys of all patients of an open vault. May be used from any thread.

    :meth:`create` and :meth:`destroy` change the file, so they are called within a write transaction of the database,
    which lets one process in at a time.
    """

    def __init__(self, path: Path, data_key: bytes) -> None:
        self._path = path
        self._wrapping_key: bytes | None = derived_key(data_key, _PURPOSE)
        self._seals: dict[PatientId, PatientSeal] = {}
        self._lock = threading.Lock()

    def seal_of(self, patient_id: PatientId) -> PatientSeal:
        """The seal of a patient.

        Raises
        ------
        IntegrityError
            ``vault.patient_key`` when the patient's key is not there or was not made by this vault.
        """
        with self._lock:
            seal = self._seals.get(patient_id)
            if seal is None:
                wrapped = read_wrapped(self._path).get(patient_id)
                if wrapped is None:
                    raise _no_key("absent")
                key = self._unwrap(patient_id, wrapped)
                seal = self._seals[patient_id] = PatientSeal(patient_id, key)
                overwrite(key)
            return seal

    def seals_of(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, PatientSeal]:
        """The seals of several patients, for which the file is read once; raises as :meth:`seal_of`."""
        wanted = list(patient_ids)
        with self._lock:
            missing = [one for one in wanted if one not in self._seals]
            wrapped = read_wrapped(self._path) if missing else {}
            for patient_id in missing:
                if patient_id not in wrapped:
                    raise _no_key("absent")
                self._seals[patient_id] = PatientSeal(patient_id, self._unwrap(patient_id, wrapped[patient_id]))
            return {one: self._seals[one] for one in wanted}

    def create(self, patient_ids: Iterable[PatientId]) -> None:
        """Make a random key for each patient that has none. On return they are on the disk."""
        with self._lock:
            keys = read_wrapped(self._path)
            missing = [patient_id for patient_id in patient_ids if patient_id not in keys]
            if not missing:
                return
            for patient_id in missing:
                keys[patient_id] = _wrap(self._key(), patient_id, secrets.token_bytes(_KEY_BYTES))
            _write(self._path, keys)

    def destroy(self, patient_id: PatientId) -> str | None:
        """Destroy a patient's key here; answers the fingerprint of its wrapping, ``None`` when it was gone."""
        with self._lock:
            self._seals.pop(patient_id, None)
            return remove_wrapped(self._path, patient_id)

    def holds(self, patient_id: PatientId) -> bool:
        """Whether there is a key for a patient."""
        return patient_id in read_wrapped(self._path)

    def close(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._seals.clear()
            overwrite(self._wrapping_key)
            self._wrapping_key = None

    def _key(self) -> bytes:
        if self._wrapping_key is None:
            raise _no_key("closed")
        return self._wrapping_key

    def _unwrap(self, patient_id: PatientId, wrapped: bytes) -> bytes:
        return _unwrap(self._key(), patient_id, wrapped)


def read_wrapped(path: Path) -> dict[PatientId, bytes]:
    """The wrapped keys of a file by patient; none when the file is not there.

    Raises
    ------
    IntegrityError
        ``vault.patient_keys_file`` when it is not such a file.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != _FORMAT:
            raise ValueError("unknown format")
        return {str(key): base64.b64decode(value, validate=True) for key, value in document["keys"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(
            "vault.patient_keys_file",
            "The file with the keys of the patients cannot be read.",
            remedy="Restore patients.keys from a backup of the vault folder.",
            detail=type(error).__name__,
        ) from None


def remove_wrapped(path: Path, patient_id: PatientId) -> str | None:
    """Take one key out of a file, here or in a backup, and overwrite the bytes it stood in.

    Needs no key: each entry is authenticated by itself. Answers the SHA-256 of what was removed, or ``None``.
    """
    keys = read_wrapped(path)
    wrapped = keys.pop(patient_id, None)
    if wrapped is None:
        return None
    # The old file is overwritten after the new one stands, so a crash leaves one of them whole.
    old = os.open(path, os.O_RDWR) if os.name == "posix" else None
    try:
        _write(path, keys)
        if old is not None:
            _overwrite(old)
    finally:
        if old is not None:
            os.close(old)
    return hashlib.sha256(wrapped).hexdigest()


def rewrap(path: Path, old_data_key: bytes, new_data_key: bytes) -> None:
    """Wrap all keys of a file anew when the vault's data key changes; entries done before are left as they are.

    Raises
    ------
    IntegrityError
        ``vault.patient_key`` when an entry opens with neither key. The file is as before then.
    """
    before, after = derived_key(old_data_key, _PURPOSE), derived_key(new_data_key, _PURPOSE)
    keys = read_wrapped(path)
    for patient_id, wrapped in keys.items():
        try:
            _unwrap(after, patient_id, wrapped)
        except IntegrityError:
            keys[patient_id] = _wrap(after, patient_id, _unwrap(before, patient_id, wrapped))
    if keys:
        _write(path, keys)


def _write(path: Path, keys: dict[PatientId, bytes]) -> None:
    texts = {patient_id: base64.b64encode(wrapped).decode("ascii") for patient_id, wrapped in keys.items()}
    write_atomically(path, json.dumps({"format": _FORMAT, "keys": texts}, indent=1).encode())


def _overwrite(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, secrets.token_bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)


def _wrap(wrapping_key: bytes, patient_id: PatientId, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, patient_id.encode())


def _unwrap(wrapping_key: bytes, patient_id: PatientId, wrapped: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(wrapping_key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], patient_id.encode())
    except (InvalidTag, ValueError):
        raise _no_key("does not open") from None


def _no_key(detail: str) -> IntegrityError:
    return IntegrityError(
        "vault.patient_key",
        "The key to this person's data is not in the vault.",
        remedy="Restore patients.keys from a backup of the vault folder.",
        detail=detail,
    )
