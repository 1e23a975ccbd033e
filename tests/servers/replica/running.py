"""Running the replica on a free port, and stopping and starting it again over what it keeps."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from clarity_desktop.cloud.contract import profile as known_profile
from tests.servers.replica.accounts import StubTokens, TokenCheck
from tests.servers.replica.app import make_app
from tests.servers.replica.state import ReplicaState

__all__ = ["Replica", "running_replica"]


class Replica:
    """A server that can be killed and come back at the same address."""

    def __init__(self, state: ReplicaState, profile: str, tokens: TokenCheck) -> None:
        self.state = state
        self._profile, self._tokens = profile, tokens
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to answer."""
        app = make_app(known_profile(self._profile), self.state, self._tokens)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = self._server = uvicorn.Server(config)
        thread = self._thread = threading.Thread(target=server.run, name="replica", daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the replica ended by itself"
            assert time.monotonic() < deadline, "the replica did not start"
            time.sleep(0.01)

    def stop(self, *, at_once: bool = False) -> None:
        """End; ``at_once`` cuts what is under way, as a kill does."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = at_once
            self._thread.join(15)
            self._server = self._thread = None


@contextmanager
def running_replica(
    path: Path,
    *,
    profile: str = "openapi",
    defects: tuple[str, ...] = (),
    tokens: TokenCheck | None = None,
) -> Iterator[Replica]:
    """A replica for the length of a block.

    Parameters
    ----------
    path:
        File of what it keeps.
    defects:
        Of :data:`~tests.servers.replica.state.DEFECTS`.
    """
    replica = Replica(ReplicaState(path, set(defects)), profile, tokens or StubTokens())
    replica.start()
    try:
        yield replica
    finally:
        replica.stop()
