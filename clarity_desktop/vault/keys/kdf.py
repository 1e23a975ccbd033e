"""From a passphrase to a key by Argon2id, with a floor under the cost and a default measured on this machine."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.vault.keys.guessable import is_guessable

__all__ = ["LEAST_PASSPHRASE", "KdfParameters", "check_new_passphrase", "derive_key", "normalised_passphrase"]

LEAST_PASSPHRASE: Final = 12
"""Least number of characters of a passphrase, after normalisation (V-9)."""

_KEY_BYTES: Final = 32
_MIB: Final = 1024
_TARGET_S: Final = 0.75
_LONGEST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """Cost of Argon2id (RFC 9106).

    Parameters
    ----------
    time_cost:
        Passes over the memory.
    memory_kib:
        Memory in KiB.
    lanes:
        Degree of parallelism.
    for_testing:
        True only for :meth:`for_tests`: the one mark that lets a slot be made below the floor.
    """

    time_cost: int
    memory_kib: int
    lanes: int
    for_testing: bool = False

    @classmethod
    def floor(cls) -> KdfParameters:
        """The least that a vault outside of tests may use: 3 passes over 64 MiB (V-7)."""
        return cls(time_cost=3, memory_kib=64 * _MIB, lanes=4)

    @classmethod
    def for_tests(cls) -> KdfParameters:
        """Cheap parameters, accepted only where a caller passes them as an argument; no file can allow them."""
        return cls(time_cost=1, memory_kib=_MIB, lanes=1, for_testing=True)

    @classmethod
    def calibrated(cls) -> KdfParameters:
        """Parameters that take about 0.5 to 1 s on this machine and never less than :meth:`floor`.

        One pass over 64 MiB is timed (about 0.05 s); the cost of Argon2id grows in proportion to passes and memory.
        """
        lanes = 4
        probe = cls(time_cost=1, memory_kib=64 * _MIB, lanes=lanes)
        began = time.perf_counter()
        _argon2id(b"calibration", b"\0" * 16, probe)
        of_64_mib = max(time.perf_counter() - began, 1e-3)
        for mib in (256, 192, 128):
            if 3 * of_64_mib * mib / 64 <= _LONGEST_S:
                passes = max(3, round(_TARGET_S / (of_64_mib * mib / 64)))
                return cls(time_cost=min(passes, 20), memory_kib=mib * _MIB, lanes=lanes)
        return cls(time_cost=max(3, round(_TARGET_S / of_64_mib)), memory_kib=64 * _MIB, lanes=lanes)

    def checked(self) -> KdfParameters:
        """These parameters; raises :class:`InputError` (``vault.kdf_floor``) when they are too cheap for a new slot."""
        if self.is_below(KdfParameters.floor()) and not self.for_testing:
            raise InputError(
                "vault.kdf_floor",
                "The protection asked for is weaker than this program accepts.",
                remedy="Use at least 64 MiB and 3 passes.",
                detail=f"time_cost={self.time_cost} memory_kib={self.memory_kib}",
            )
        return self

    def is_below(self, floor: KdfParameters) -> bool:
        """Whether passes or memory are below those of ``floor``."""
        return self.time_cost < floor.time_cost or self.memory_kib < floor.memory_kib


def normalised_passphrase(passphrase: str) -> bytes:
    """The bytes a passphrase stands for: Unicode NFKC in UTF-8, so that both ways to type an umlaut are one."""
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8")


def check_new_passphrase(passphrase: str) -> None:
    """Hold a new passphrase to the rules.

    Raises
    ------
    InputError
        ``vault.passphrase_short`` below :data:`LEAST_PASSPHRASE` characters; ``vault.passphrase_common`` for one that
        everybody thinks of.
    """
    length = len(unicodedata.normalize("NFKC", passphrase))
    if length < LEAST_PASSPHRASE:
        raise InputError(
            "vault.passphrase_short",
            f"The passphrase has {length} characters; it needs at least {LEAST_PASSPHRASE}.",
            remedy="Choose a longer one, such as four or five unrelated words.",
        )
    if is_guessable(passphrase):
        raise InputError(
            "vault.passphrase_common",
            "This passphrase is among those that are tried first.",
            remedy="Choose four or five words that have nothing to do with each other.",
        )


def derive_key(passphrase: str, salt: bytes, parameters: KdfParameters) -> bytes:
    """The 32-byte key of a passphrase and a salt. Takes as long as the parameters say; call it off the UI thread."""
    secret = normalised_passphrase(passphrase)
    try:
        return _argon2id(secret, salt, parameters)
    finally:
        overwrite(secret)


def _argon2id(secret: bytes, salt: bytes, parameters: KdfParameters) -> bytes:
    """As ``argon2.low_level.hash_secret_raw``, which leaves a copy of the secret behind."""
    from _argon2_cffi_bindings import ffi, lib  # type: ignore[import-untyped]  # it has no stubs
    from argon2.exceptions import HashingError
    from argon2.low_level import ARGON2_VERSION, Type, error_to_str

    found = bytearray(_KEY_BYTES)
    result = lib.argon2_hash(
        parameters.time_cost,
        parameters.memory_kib,
        parameters.lanes,
        ffi.from_buffer("uint8_t[]", secret),
        len(secret),
        ffi.from_buffer("uint8_t[]", salt),
        len(salt),
        ffi.from_buffer("uint8_t[]", found),
        _KEY_BYTES,
        ffi.NULL,
        0,
        Type.ID.value,
        ARGON2_VERSION,
    )
    if result != lib.ARGON2_OK:
        raise HashingError(error_to_str(result))
    key = bytes(found)
    overwrite(found)
    return key
