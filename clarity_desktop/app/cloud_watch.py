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
    from clarity_desktop.cloud.client import CloudClient
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

        client.breaker.changed = changed
        return client

    def _breaker_changed(self, host: str, state: str) -> None:
        """An entry that calls to a server pause, or pass again (L-26)."""
        if self._vault is None or self.vault.is_read_only:
            return
        words = "calls pause for a minute" if state == "open" else "calls pass again"
        try:
            self.vault.audit.append("cloud.breaker", outcome="noticed", detail=f"{host}: {words}")
        except ClarityError:
            # The vault was locked meanwhile; the breaker went with its client.
            return
        self._announce(Change.SETTINGS)
