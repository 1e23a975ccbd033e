"""The network's loop as the services hold it: made when something first speaks, ended when they close."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    from clarity_desktop.cloud.network import Network

__all__ = ["NetworkServices"]


class NetworkServices:
    """Holds the loop. Part of ``Services``."""

    _network: Network | None
    _lock: threading.RLock

    @property
    def _net(self) -> Network:
        """The network's loop; made at first use, as most starts never need it."""
        from clarity_desktop.cloud.network import Network

        with self._lock:
            if self._network is None:
                self._network = Network()
            return self._network

    def _close_network(self) -> None:
        if self._network is not None:
            self._network.close()
            self._network = None
