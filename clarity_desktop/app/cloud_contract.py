"""The part of the services that remembers where a server's answers and its description disagree (L-86)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from clarity_desktop.app.cloud_servers import CloudServerServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right

__all__ = ["CloudContractServices", "Disagreement"]

_NAME = "cloud.disagreements"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A contradiction between what a server says of itself and what it answers; the answer wins."""

    server: str
    """Base address."""
    capability: str
    told: str
    """Names and kinds of fields; nothing that stood in them."""
    at: Instant
    """When it was first met, UTC seconds."""


class CloudContractServices(CloudServerServices):
    """Part of ``Services``."""

    @needs(Right.OWN_ACCESS)
    def contract_disagreements(self) -> tuple[Disagreement, ...]:
        """Contradictions that were met, newest first. Asks no server."""
        found = self.vault.outbox.recall(_NAME, [])
        return tuple(Disagreement(**one) for one in sorted(found, key=lambda one: -int(one["at"])))

    @needs(Right.SET_POLICY)
    def forget_contract_disagreements(self) -> int:
        """Empty the list, such as after a server was repaired; answers how many that were."""
        count = len(self.vault.outbox.recall(_NAME, []))
        self.vault.outbox.remember(_NAME, [])
        return count

    def _note_disagreements(self, url: str, capability: str, told: tuple[str, ...]) -> None:
        """Keep what is new; called off the network's loop, and perhaps after the vault was locked."""
        vault = self._vault
        if vault is None or vault.is_read_only:
            return
        try:
            with self._lock:
                held = vault.outbox.recall(_NAME, [])
                known = {(one["server"], one["capability"], one["told"]) for one in held}
                new = [one for one in told if (url, capability, one) not in known]
                if not new or len(held) >= _MOST:
                    return
                now = int(time.time())
                added = [{"server": url, "capability": capability, "told": one, "at": now} for one in new]
                vault.outbox.remember(_NAME, [*held, *added][:_MOST])
        except ClarityError:
            # The vault was locked meanwhile; the same contradiction comes again.
            return
