"""A day of an open window whose sync is off: it looks once a minute, and not a byte leaves (Y-4)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.ui.jobs import board
from clarity_desktop.ui.qt import QApplication
from clarity_desktop.ui.shell.window import Window
from tests.cloud.sync.conftest import HEART, MONTH, START, USER, fill
from tests.servers.replica import running_replica
from tests.socket_ear import listening

MINUTES = 1440


def minutes(window: Window, count: int) -> int:
    """What the window's clock does in this many minutes, without waiting for them; answers how often it looked."""
    looked = 0
    for _ in range(count):
        window.sync_care.look()
        looked += 1
        until = time.monotonic() + 5
        while board().is_busy and time.monotonic() < until:
            QApplication.processEvents()
            time.sleep(0.0005)
    return looked


@pytest.mark.slow
def test_y4_a_day_with_sync_off_opens_no_connection(
    services: Services, open_window: Callable[[Services], Window], tmp_path: Path
) -> None:
    patient = services.patients()[0].id
    with running_replica(tmp_path / "replica.sqlite") as replica:
        account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
        services.vault.outbox.remember(ACCOUNTS, [asdict(account)])
        services.vault.outbox.remember("cloud.servers", [asdict(CloudServer(replica.url))])
        window = open_window(services)
        with listening() as heard:
            # An admin's switch is off.
            looked = minutes(window, MINUTES // 3)
            assert services.change_setting("external.sending", True) is False
            # Nobody has switched anybody on.
            looked += minutes(window, MINUTES // 3)
            # Somebody was on, with consent, and is off again; what was saved meanwhile stays here.
            services.give_consent(
                patient, purpose=services.sync_purpose(), text_version="1", language="en", given_by="A", method="paper"
            )
            services.enable_sync(patient)
            services.disable_sync(patient)
            for hour in range(8):
                fill(services.vault, HEART, START + hour * MONTH, np.full(60, 64.0), patient)
                looked += minutes(window, MINUTES // 24)
        assert heard == []
        assert looked == MINUTES
        assert replica.state.calls.total() == 0
        # The ear is not deaf: switched on, the same minute reaches for the server.
        services.enable_sync(patient)
        with listening() as heard:
            minutes(window, 1)
            until = time.monotonic() + 10
            while not heard and time.monotonic() < until:
                time.sleep(0.01)
        stopped = (services.sync_status().last or {}).get("stopped")
        assert heard or stopped == "cloud.signed_out", "it went as far as a sign-in lets it"
