"""One workstation that reads from the server in a process of its own, so that it can be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from clarity_desktop.app import sync_pull
from clarity_desktop.domain.work import Progress
from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.cloud.sync.conftest import CHEAP, PASSPHRASE


def main(home: Path, url: str) -> None:
    sync_pull._PAGE_PIECES = 2  # type: ignore[misc]
    services = SignedIn(home, home / "vault")
    services.replica_url = url
    services._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))

    def tell(progress: Progress) -> None:
        sys.stdout.write(f"{progress.done}\n")
        sys.stdout.flush()

    services.pull_now(progress=tell)
    services.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
