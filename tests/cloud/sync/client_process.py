"""A workstation as a process that is killed: a clean parent forks one child a line, which syncs until it is killed.

Each line of standard input is a JSON object: ``edge`` (a failpoint ``before:name`` or ``after:name``, with ``count``)
or ``seconds`` (killed after that long); neither lets it run until nothing waits. ``asleep`` stops it in the middle of
an upload for that many seconds, as a closed lid does; ``full`` lets the disk have no room once one was taken. The
answer is one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BASE = 1_800_000_000.0


class QuickClock:
    """Time that runs ``speed`` times as fast, the same in every process."""

    def __init__(self, began: float, speed: float) -> None:
        self._began, self._speed = began, speed

    def now(self) -> float:
        return BASE + (time.time() - self._began) * self._speed

    def steady(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    def jitter(self, seconds: float, share: float) -> float:
        return seconds


class Clients:
    """The parent, asked from a test."""

    def __init__(self, vault: Path, passphrase: str, url: str, began: float, speed: float) -> None:
        command = [sys.executable, "-m", "tests.cloud.sync.client_process"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say({"vault": str(vault), "passphrase": passphrase, "url": url, "began": began, "speed": speed})

    def _say(self, document: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()

    def run(self, **how: Any) -> dict[str, Any]:
        """One child from start to end."""
        self._say(how)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the parent of the clients ended"
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def _failpoint(edge: str, count: int) -> None:
    """Die before or after the n-th call of an outbox method or of the upload itself."""
    from clarity_desktop.cloud.api.capabilities import CloudApi
    from clarity_desktop.vault.tables.outbox import Outbox

    when, name = edge.split(":")
    method, _, state = name.partition(">")
    owner: Any = CloudApi if method == "upload_metrics" else Outbox
    real = getattr(owner, method)
    left = [count]

    def hit(place: str, args: Any) -> None:
        if place != when or (state and str(getattr(args[2], "value", "")) != state):
            return
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if method == "upload_metrics":

        async def sending(*args: Any, **more: Any) -> Any:
            hit("before", args)
            found = await real(*args, **more)
            hit("after", args)
            return found

        setattr(owner, method, sending)
        return

    def wrapped(*args: Any, **more: Any) -> Any:
        hit("before", args)
        found = real(*args, **more)
        hit("after", args)
        return found

    setattr(owner, method, wrapped)


def _asleep(seconds: float) -> None:
    """Stop the whole process in the middle of the first upload; somebody else wakes it."""
    from clarity_desktop.cloud.api.capabilities import CloudApi

    real, left = CloudApi.upload_metrics, [1]

    async def sending(*args: Any, **more: Any) -> Any:
        if not left[0]:
            return await real(*args, **more)
        left[0] = 0
        request = asyncio.ensure_future(real(*args, **more))
        await asyncio.sleep(0.005)
        subprocess.Popen(["/bin/sh", "-c", f"sleep {seconds}; kill -CONT {os.getpid()}"])
        os.kill(os.getpid(), signal.SIGSTOP)
        return await request

    CloudApi.upload_metrics = sending  # type: ignore[method-assign]


def _full(vault: Path, way: str) -> None:
    """Take the room away once the first upload was taken: no file may grow, or nothing is left on the disk."""
    from clarity_desktop.cloud.api.capabilities import CloudApi

    real = CloudApi.upload_metrics

    async def sending(*args: Any, **more: Any) -> Any:
        found = await real(*args, **more)
        if way == "no file grows":
            size = (vault / "vault.db-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        else:
            with (vault.parent / "vault" / "ballast").open("wb", buffering=0) as ballast:
                for block in (65_536, 512):
                    try:
                        while ballast.write(b"0" * block) == block:
                            pass
                    except OSError:
                        # The disk is full, which is what was wanted.
                        continue
        return found

    CloudApi.upload_metrics = sending  # type: ignore[method-assign]


async def _sync(vault: Any, setup: dict[str, Any], clock: QuickClock, rounds: int) -> dict[str, Any]:
    from clarity_desktop.cloud.api import CloudApi
    from clarity_desktop.cloud.client import CloudClient, CloudError, Service
    from clarity_desktop.cloud.contract import detect
    from clarity_desktop.cloud.contract.asking import ask_document
    from clarity_desktop.cloud.sync.engine import SyncEngine
    from clarity_desktop.cloud.sync.reading import channel_reader
    from clarity_desktop.domain.sync import OPEN_STATES
    from tests.cloud.sync.conftest import USER, Stub

    class Kept:
        def load(self, name: str) -> tuple[float, ...]:
            return tuple(vault.outbox.recall(f"bucket/{name}", ()))

        def save(self, name: str, times: tuple[float, ...]) -> None:
            vault.outbox.remember(f"bucket/{name}", list(times))

    account = f"{setup['url']}/{USER}"
    cycles = 0
    async with CloudClient(Service(setup["url"]), Stub(), account=USER, clock=clock, bucket_store=Kept()) as client:
        document = None
        while document is None:
            try:
                document = await ask_document(client)
            except CloudError:
                await asyncio.sleep(0.05)
        api = CloudApi(client, detect(document), USER)
        engine = SyncEngine(
            api, vault.outbox, account, channel_reader(vault.series, vault.zones.get), lambda _: None, clock
        )
        while cycles < rounds:
            report = await engine.cycle()
            cycles += 1
            left = sum(one.count for one in vault.outbox.counts(account) if one.state in OPEN_STATES)
            if left == 0:
                break
            await clock.sleep(min(max(report.waits_s or 0.0, 40.0), 3600.0))
    states = {one.state.value: one.count for one in vault.outbox.counts(account) if one.count}
    return {"cycles": cycles, "states": states, "now": clock.now()}


def _child(setup: dict[str, Any], how: dict[str, Any]) -> None:
    from clarity_desktop.domain.errors import ClarityError
    from clarity_desktop.vault import KdfParameters, Vault

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = QuickClock(setup["began"], setup["speed"])
    if "edge" in how:
        _failpoint(how["edge"], how.get("count", 1))
    if "asleep" in how:
        _asleep(how["asleep"])
    if "full" in how:
        _full(Path(setup["vault"]), how["full"])
    with Vault.open(Path(setup["vault"]), setup["passphrase"], kdf_floor=KdfParameters.for_tests()) as vault:
        vault.outbox._clock = clock.now
        if "seconds" in how:
            # Counted from here, so that a kill meets the sync and not the start of the program.
            threading.Timer(how["seconds"], os.kill, (os.getpid(), signal.SIGKILL)).start()
        try:
            found = asyncio.run(_sync(vault, setup, clock, how.get("rounds", 2000)))
        except ClarityError as error:
            found = {"stopped": error.code, "words": error.message}
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    found["memory_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found["killed"] = False
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    # Imported once, so that every child starts at once.
    import httpx  # noqa: F401

    import tests.cloud.sync.conftest  # noqa: F401

    setup = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        how = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                _child(setup, how)
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            sys.stdout.write(json.dumps({"killed": True, "signal": os.WTERMSIG(status)}) + "\n")
            sys.stdout.flush()
        elif os.waitstatus_to_exitcode(status) != 0:
            sys.stdout.write(json.dumps({"killed": False, "failed": os.waitstatus_to_exitcode(status)}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
