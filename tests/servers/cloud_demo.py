"""The whole way of the cloud on this machine alone: sign in, consent, send, read back and compare.

``python -m tests.servers.cloud_demo`` starts the emulator of the identity service and the replica of the server on
loopback, and ends with both. Nothing of it needs a display, a network or the system's keychain.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import keyring
import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount
from clarity_desktop.cloud.auth import Pool
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.metrics import source_mark
from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_DAYS, DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from tests.memory_keychain import MemoryKeychain
from tests.servers.identity import IdentityEmulator, identity_emulator
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

__all__ = ["run_demo"]

Say = Callable[[str], None]
_Columns = dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.float64]]]


def run_demo(folder: Path, say: Say) -> bool:
    """Run it all within an empty folder; answers whether what came back equals what is here.

    Parameters
    ----------
    say:
        Called with a line for each thing that happened.
    """
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeychain())
    try:
        with ExitStack() as stack:
            identity = stack.enter_context(identity_emulator(folder / "identity.log"))
            say(f"Identity service (emulator) answers at {identity.url}")
            pool = identity.make_pool()
            tokens = PoolTokens(pool, identity.keys(pool))
            replica = stack.enter_context(running_replica(folder / "server.sqlite", tokens=tokens))
            say(f"Server (replica of the CLARITY API) answers at {replica.url}")
            services, second = open_services(folder / "home"), open_services(folder / "second")
            stack.callback(services.close)
            stack.callback(second.close)
            return _with_servers(services, second, identity, pool, replica, say)
    finally:
        keyring.set_keyring(before)


def _with_servers(
    services: Services, second: Services, identity: IdentityEmulator, pool: Pool, replica: Replica, say: Say
) -> bool:
    services.create_vault(secrets.token_urlsafe(24), person="Demo clinician")
    patient = add_simulated_person(services.vault, PEOPLE[0])
    recording = simulate(PEOPLE[0], DEMO_SEED, DEMO_DAYS)
    import_recording(services.vault, patient, recording, services.home / "demo")
    here = _in_vault(services, patient.id)
    count = sum(len(start) for start, _ in here.values())
    say(f"Vault made; a simulated person of {DEMO_DAYS} days imported: {count:,} samples in {len(here)} series")
    email, password = "clinician@demo.example", "Demo7-" + secrets.token_urlsafe(12)
    identity.make_person(pool, email, password)
    account = _signed_in(services, pool, replica, email, password)
    if account is None:
        say("The sign-in asked for more than a password.")
        return False
    password_seen = any(password.encode() in body for _, _, body in replica.state.bodies)
    say(f"Signed in as {email} by SRP; the password went {'to the server' if password_seen else 'nowhere'}")
    purpose = services.sync_purpose()
    services.give_consent(
        patient.id,
        purpose=purpose,
        text_version="demo 1",
        language="en",
        given_by="the simulated person",
        method="paper",
    )
    say(f"Consent recorded for {purpose}")
    waiting = services.enable_sync(patient.id)
    size = sum(one.size for one in services.preview_sync())
    say(f"Sending switched on: {waiting} stretches of 30 days wait, about {size / 1e6:.1f} MB")
    began = time.monotonic()
    report = services.sync_now()
    states = {one.state.value: one.count for one in services.sync_status().states if one.count}
    took = time.monotonic() - began
    say(f"Synced in {took:.1f} s: {report.sent} requests, {report.verified} read back equal; states {states}")
    there = _at_server(replica, account.user_id)
    named = patient.name.encode()
    is_named = any(named in body for _, _, body in replica.state.bodies)
    say(f"The person's name was {'' if is_named else 'not '}in what was sent")
    number = services.vault.exchange.remote_id(patient.id, account.key)
    wanted = {(source_mark(number, source), kind): columns for (source, kind), columns in here.items()}
    is_equal = _same(wanted, there)
    back = sum(len(start) for start, _ in there.values())
    say(f"Read from the server's own store: {back:,} samples; {'equal' if is_equal else 'DIFFERENT'} sample by sample")
    again = services.sync_now()
    say(f"Synced again: {again.sent} requests, as nothing changed")
    services.cloud_sign_out()
    is_back = _on_a_second_computer(second, pool, replica, email, password, wanted, say)
    return is_equal and is_back and not is_named and not password_seen and again.sent == 0


def _signed_in(services: Services, pool: Pool, replica: Replica, email: str, password: str) -> CloudAccount | None:
    services.change_setting("external.sending", True)
    services.set_cloud_server(
        replica.url,
        region=pool.region,
        pool_id=pool.pool_id,
        client_id=pool.client_id,
        endpoint=str(pool.endpoint),
    )
    account = services.cloud_sign_in(replica.url, email, password)
    return account if isinstance(account, CloudAccount) else None


def _on_a_second_computer(
    services: Services, pool: Pool, replica: Replica, email: str, password: str, wanted: _Columns, say: Say
) -> bool:
    """An empty vault elsewhere, filled again from the server."""
    services.create_vault(secrets.token_urlsafe(24), person="Demo clinician elsewhere")
    if _signed_in(services, pool, replica, email, password) is None:
        return False
    preview = services.restore_preview()
    say(f"A second computer with an empty vault: {len(preview.will_come)} kinds would come; what cannot come:")
    for reason in preview.cannot_come:
        say(f"  {reason}")
    report = services.restore_from_cloud()
    (restored,) = services.patients()
    is_back = _same(wanted, _in_vault(services, restored.id))
    say(f"Restored there: {report.new:,} samples in {report.read} pieces; {'equal' if is_back else 'DIFFERENT'}")
    services.cloud_sign_out()
    return is_back


def _same(wanted: _Columns, found: _Columns) -> bool:
    return set(wanted) == set(found) and all(
        np.array_equal(found[key][0], wanted[key][0]) and np.array_equal(found[key][1], wanted[key][1], equal_nan=True)
        for key in wanted
    )


def _in_vault(services: Services, patient_id: str) -> _Columns:
    found: _Columns = {}
    for one in services.vault.series.list(patient_id):
        if one.kind in CARRIERS:
            samples = services.vault.series.read(one.id)
            found[(one.source, one.kind)] = (samples.start, samples.value)
    return found


def _at_server(replica: Replica, user_id: str) -> _Columns:
    parts: dict[str, list[PackedPart]] = {}
    for metric in replica.state.metrics(user_id):
        part = PackedPart.from_document(metric["raw_data"])
        parts.setdefault(part.group, []).append(part)
    pieces: dict[tuple[str, str], list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
    for group in parts.values():
        for channel in unpack(group):
            pieces.setdefault((channel.source, channel.kind), []).append((channel.samples.start, channel.samples.value))
    found: _Columns = {}
    for key, several in pieces.items():
        several.sort(key=lambda one: int(one[0][0]))
        found[key] = (np.concatenate([one[0] for one in several]), np.concatenate([one[1] for one in several]))
    return found


def main() -> int:
    """Run in a folder that is removed; 0 when everything came back equal."""

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        is_equal = run_demo(Path(folder), say)
    say("Everything that was sent came back equal." if is_equal else "What came back is not what was sent.")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
