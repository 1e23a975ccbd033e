"""The replica as a process of its own, with faults; killed and started again by tests: port, file, share, seed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class ServerProcess:
    """A replica that really dies."""

    def __init__(self, path: Path, port: int, share: float, seed: int) -> None:
        self.path, self.port, self.share, self.seed = path, port, share, seed
        self.url = f"http://127.0.0.1:{port}"
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to answer; a seed of its own for every start."""
        self.seed += 1
        words = [str(self.port), str(self.path), str(self.share), str(self.seed)]
        command = [sys.executable, "-m", "tests.cloud.sync.server_process", *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("the replica did not start")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None
            self.kills += 1


def main() -> None:
    import uvicorn

    from clarity_desktop.cloud.contract import profile
    from tests.cloud.sync.faults import Faults
    from tests.servers.replica.accounts import StubTokens
    from tests.servers.replica.app import make_app
    from tests.servers.replica.state import ReplicaState

    port, path, share, seed = sys.argv[1:5]
    state = ReplicaState(Path(path))
    state.uploads_per_hour = 10**9
    # Bodies of a long run are not kept.
    state.bodies = _Forgetful()
    app = Faults(make_app(profile("openapi"), state, StubTokens()), float(share), int(seed))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="critical", lifespan="off")


class _Forgetful(list[tuple[str, str, bytes]]):
    def append(self, _: tuple[str, str, bytes]) -> None:
        return


if __name__ == "__main__":
    main()
