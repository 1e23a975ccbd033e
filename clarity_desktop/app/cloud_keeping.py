"""The client's stores over the vault: own limits and answers with an ETag, written behind so that no request waits."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from clarity_desktop.cloud.client.cache import CachedBody
from clarity_desktop.domain.errors import ClarityError

if TYPE_CHECKING:
    from clarity_desktop.cloud.client import Call
    from clarity_desktop.vault import Vault

__all__ = ["VaultKeeping"]


class VaultKeeping:
    """A ``BucketStore`` and an ``HttpCache`` over one open vault.

    Memory answers; the vault follows in a thread of its own within moments. Where the vault is open for reading alone,
    memory is all there is.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._lock = threading.Lock()
        self._times: dict[str, tuple[float, ...]] = {}
        self._behind: set[str] = set()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="cloud-keeping")

    def close(self) -> None:
        """Write what is behind and end; the vault may be closed then."""
        self._writer.shutdown(wait=True)

    def flush(self) -> None:
        """Wait until all is written."""
        self._writer.submit(lambda: None).result()

    # -- limits -------------------------------------------------------------------------------------------------

    def load(self, name: str) -> tuple[float, ...]:
        """Wall times of the calls of the last window."""
        with self._lock:
            found = self._times.get(name)
        if found is None:
            found = self._vault.cloud.times(_hashed(name))
            with self._lock:
                found = self._times.setdefault(name, found)
        return found

    def save(self, name: str, times: tuple[float, ...]) -> None:
        """Keep them."""
        with self._lock:
            self._times[name] = times
            if self._vault.is_read_only or name in self._behind:
                return
            self._behind.add(name)
        self._writer.submit(self._write, name)

    def _write(self, name: str) -> None:
        with self._lock:
            self._behind.discard(name)
            times = self._times[name]
        try:
            self._vault.cloud.keep_times(_hashed(name), times)
        except ClarityError:
            # A vault that closed or changed hands; memory still holds the limit for this run.
            return

    # -- answers ------------------------------------------------------------------------------------------------

    def find(self, account: str, call: Call) -> CachedBody | None:
        """The kept answer of a GET, or ``None``."""
        request = _request(call)
        found = self._vault.cloud.body(account, request)
        if found is None:
            return None
        if not self._vault.is_read_only:
            self._writer.submit(self._quietly, lambda: self._vault.cloud.touch(account, request))
        return CachedBody(found[0], found[1], float(found[2]))

    def keep(self, account: str, call: Call, body: CachedBody) -> None:
        """Keep the answer of a GET."""
        if self._vault.is_read_only:
            return
        request = _request(call)
        self._writer.submit(
            self._quietly,
            lambda: self._vault.cloud.keep_body(account, request, body.etag, body.document, int(body.fetched)),
        )

    @staticmethod
    def _quietly(write: object) -> None:
        if callable(write):
            try:
                write()
            except ClarityError:
                # As above: a copy that is not kept is fetched again.
                return


def _request(call: Call) -> str:
    """A name for a request that tells nothing of it."""
    return _hashed(json.dumps([call.method, call.path, sorted(call.query.items())]))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
