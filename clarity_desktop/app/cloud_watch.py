"""The part of the services that watches clients of servers: it counts their calls and records pauses in the audit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clarity_desktop.app.cloud_calls import CallBook
from clarity_desktop.app.cloud_servers import CloudServerServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError

if TYPE_CHECKING:
    from clarity_desktop.cloud.client import Call, CloudClient
    from clarity_desktop.cloud.client.breaker import BreakerState

__all__ = ["CloudWatchServices"]


class CloudWatchServices(CloudServerServices):
    """Part of ``Services``."""

    _cloud_calls: CallBook

    def _watch(self, client: CloudClient) -> CloudClient:
        """The client, whose attempts are counted and whose breaker's openings become entries from now on."""
        self._cloud_calls.watch(client)
        host = urlsplit(client.base_url).netloc

        def changed(state: BreakerState) -> None:
            # The loop does not wait for the vault.
            asyncio.get_running_loop().run_in_executor(None, self._breaker_changed, host, state.value)

        def referred(call: Call, theirs: str) -> None:
            asyncio.get_running_loop().run_in_executor(None, self._referred, host, call, theirs)

        client.breaker.changed = changed
        client.referred = referred
        return client

    def _referred(self, host: str, call: Call, theirs: str) -> None:
        """An entry with the server's reference of a call beside ours, which the outbox holds too (L-40)."""
        self._note_quietly("cloud.reference", "ok", f"{host} {call.template}: {call.correlation} is {theirs}")

    def _breaker_changed(self, host: str, state: str) -> None:
        """An entry that calls to a server pause, or pass again (L-26)."""
        words = "calls pause for a minute" if state == "open" else "calls pass again"
        if self._note_quietly("cloud.breaker", "noticed", f"{host}: {words}"):
            self._announce(Change.SETTINGS)

    def _note_quietly(self, action: str, outcome: str, detail: str) -> bool:
        vault = self._vault
        if vault is None or vault.is_read_only:
            return False
        try:
            vault.audit.append(action, outcome=outcome, detail=detail)
        except ClarityError:
            # The vault was locked meanwhile, and the client went with it.
            return False
        return True
