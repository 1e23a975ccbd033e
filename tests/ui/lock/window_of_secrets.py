"""The program whose memory a test reads: opens a vault in the window, locks it, waits, and tells what to look for.

What it prints is masked, so that this process holds no copy that the test itself made. The passphrase comes masked by
standard input for the same reason.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

MASK = 0x5A


def masked(secret: bytes | bytearray) -> str:
    return "".join(f"{byte ^ MASK:02x}" for byte in secret)


def main(home: Path, wait_s: float) -> None:
    from PySide6.QtTest import QTest

    from clarity_desktop.app import open_services
    from clarity_desktop.domain.drafts import UnsavedText
    from clarity_desktop.domain.overwriting import overwrite
    from clarity_desktop.ui.application import make_application, make_window
    from clarity_desktop.ui.screenshots import settle
    from clarity_desktop.vault.keys.kdf import KdfParameters
    from clarity_desktop.vault.seal import keyring

    # The cost of the slot is that of tests, which only tests may open with.
    KdfParameters.floor = KdfParameters.for_tests  # type: ignore[method-assign]
    services = open_services(home)
    application = make_application(services)
    window = make_window(services)
    window.show()
    settle(application)
    line = window.unlock_page.passphrase
    for byte in bytes.fromhex(sys.stdin.readline().strip()):
        QTest.keyClick(line, chr(byte ^ MASK))
    window.unlock_page.submit()
    settle(application)
    assert not window.is_locked, window.unlock_page.first.line_text()
    patient = services.add_patient("Somebody Here")
    window.open_patient(patient.id)
    settle(application)
    services.keep_drafts([UnsavedText("a/b", "text", patient.id), UnsavedText("a/c", "text")])
    vault = services.vault
    told = {name: masked(getattr(vault._keys, name)) for name in ("data", "user", "identity", "admin")}
    keys = vault._store.keys
    told["wrapping"] = masked(keys._key())
    told["audit"] = masked(vault._store.chain._key)
    key = keyring._unwrap(keys._key(), patient.id, keyring.read_wrapped(vault._layout.patient_keys)[patient.id])
    told["patient"] = masked(key)
    overwrite(key)
    del vault, keys, key
    window.lock()
    settle(application)
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.05)
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


main(Path(sys.argv[1]), float(sys.argv[2]))
