"""Servers that lag, forget, lie, reorder or cannot prove who they are: named scenarios with their ends (Y-36, Y-51)."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.assets import asset
from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.sync.cycle import CycleReport
from clarity_desktop.cloud.sync.engine import SyncEngine
from clarity_desktop.cloud.sync.reading import channel_reader
from clarity_desktop.domain.sync import OperationState
from tests.cloud.sync.conftest import HEART, MONTH, START, USER, Machine, Stub, fill

S = OperationState
DAY_S = 86_400


def cycle(machine: Machine, count: int = 1) -> list[CycleReport]:
    return asyncio.run(machine.run(count))


# -- what the server shows ------------------------------------------------------------------------------------------


def test_y51_index_lag_is_waited_for_and_nothing_is_sent_twice(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost, and the list shows the upload only after ten minutes."""
    from clarity_desktop.cloud.client import CloudError

    machine.enable(patient)
    cycle(machine)
    fill(machine.vault, HEART, START + 7 * MONTH, np.full(5, 66.0), patient)
    real, upload = machine.replica.state.uploads, CloudApi.upload_metrics
    known = {one["processing_id"] for one in real()}
    visible_at = machine.clock.time + 600

    def lagging(user_id: str | None = None) -> list[dict[str, Any]]:
        return [one for one in real(user_id) if one["processing_id"] in known or machine.clock.time >= visible_at]

    async def lost(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        await upload(self, body, correlation=correlation)
        raise CloudError("cloud.timeout", "Lost.", remedy="Wait.", outcome_unknown=True)

    monkeypatch.setattr(machine.replica.state, "uploads", lagging)
    monkeypatch.setattr(CloudApi, "upload_metrics", lost)
    cycle(machine)
    monkeypatch.setattr(CloudApi, "upload_metrics", upload)
    for _ in range(4):
        machine.clock.time += 140
        cycle(machine)
        assert machine.states()[S.SENT_UNKNOWN] == 1
    machine.clock.time += 140
    cycle(machine)
    assert machine.states() == {S.VERIFIED: 4}
    assert len([one for one in real(USER) for _ in one["metrics"]]) == 4


def test_y36_what_has_expired_at_the_server_stays_here_and_is_no_change_of_server(
    machine: Machine, patient: str
) -> None:
    machine.enable(patient)
    cycle(machine)
    before = machine.here(patient)
    machine.clock.time += 31 * DAY_S
    machine.replica.state.expires_after_s = 1e-9
    (report,) = cycle(machine)
    assert report.stopped == ""
    assert machine.here(patient) == before
    assert machine.states() == {S.VERIFIED: 3}
    machine.replica.state.expires_after_s = 0.0
    for upload in machine.replica.state.uploads():
        machine.replica.state.delete(USER, upload["processing_id"])
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(5, 66.0), patient)
    cycle(machine)
    assert machine.states() == {S.VERIFIED: 4}


@pytest.mark.slow
def test_y36_a_server_that_was_reset_stops_sync_and_keeps_everything_here(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    cycle(machine)
    before = machine.here(patient)
    for upload in machine.replica.state.uploads():
        machine.replica.state.delete(USER, upload["processing_id"])
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(5, 66.0), patient)
    (report,) = cycle(machine)
    assert report.stopped == "sync.epoch"
    assert machine.replica.state.uploads() == []
    assert {**machine.here(patient), HEART: []} == {**before, HEART: []}


@pytest.mark.slow
def test_y51_another_order_at_every_reading_changes_nothing(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import random

    draw, real = random.Random(4), machine.replica.state.uploads

    def shuffled(user_id: str | None = None) -> list[dict[str, Any]]:
        found = real(user_id)
        for one in found:
            draw.shuffle(one["metrics"])
        draw.shuffle(found)
        return found

    monkeypatch.setattr(machine.replica.state, "uploads", shuffled)
    for month in range(6):
        fill(machine.vault, HEART, START + (9 + month) * MONTH, np.full(5, 66.0), patient)
    machine.enable(patient)
    cycle(machine, 2)
    assert machine.states() == {S.VERIFIED: 9}
    assert machine.at_server() == machine.here(patient)


@pytest.mark.slow
@pytest.mark.parametrize("lie", ["the first page again", "more than there is", "an empty page"])
def test_y51_a_list_that_lies_is_walked_to_its_end(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    machine.enable(patient)
    real = CloudClient.send

    async def lying(self: CloudClient, call: Any) -> Any:
        answer = await real(self, call)
        if call.capability != "list_metrics":
            return answer
        document = answer.document
        document["pagination"]["has_next"] = lie == "more than there is"
        if lie == "the first page again" and call.query["offset"] != "0":
            document["data"] = (await real(self, type(call)(**{**_fields(call), "query": {"limit": "200"}}))).document[
                "data"
            ]
        if lie == "an empty page":
            document["data"] = []
        return answer

    monkeypatch.setattr(CloudClient, "send", lying)
    cycle(machine, 2)
    expected = {S.UNVERIFIED: 3} if lie == "an empty page" else {S.VERIFIED: 3}
    assert machine.states() == expected
    assert len(machine.replica.state.metrics(USER)) == 3


def _fields(call: Any) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__dataclass_fields__}


# -- clocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("skew_s", [-2 * DAY_S, 2 * DAY_S])
def test_y51_a_clock_that_is_two_days_off_changes_no_outcome(machine: Machine, patient: str, skew_s: int) -> None:
    """The server's clock is the real one; the workstation's is not, and is set right in between."""
    machine.clock.time = time.time() + skew_s
    machine.enable(patient)
    cycle(machine)
    assert machine.states() == {S.VERIFIED: 3}
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(5, 66.0), patient)
    machine.clock.time = time.time()
    cycle(machine)
    assert machine.states() == {S.VERIFIED: 4}
    assert len(machine.replica.state.metrics(USER)) == 4


@pytest.mark.slow
def test_y51_a_clock_set_back_by_two_days_holds_nothing_up(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something waits for its next try, and something is unknown, when the clock goes back."""
    from clarity_desktop.cloud.client import CloudError

    machine.enable(patient)
    cycle(machine)
    ends = iter(
        (
            CloudError("cloud.timeout", "Lost.", remedy="Wait.", outcome_unknown=True),
            CloudError("cloud.status_507", "No.", remedy="Wait."),
        )
    )

    async def fails(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        raise next(ends)

    for month in (7, 8):
        fill(machine.vault, HEART, START + month * MONTH, np.full(5, 66.0), patient)
    with monkeypatch.context() as patched:
        patched.setattr(CloudApi, "upload_metrics", fails)
        cycle(machine)
    assert machine.states() == {S.VERIFIED: 3, S.SENT_UNKNOWN: 1, S.BATCHED: 1}
    machine.clock.time -= 2 * DAY_S
    for _ in range(5):
        cycle(machine)
        machine.clock.time += 400
    assert machine.states() == {S.VERIFIED: 5}
    assert len(machine.replica.state.metrics(USER)) == 5


# -- who the server is ----------------------------------------------------------------------------------------------


def certificates(folder: Path, host: str, *, days: int) -> tuple[Path, Path]:
    """An authority, and a certificate of it for a host that ends in so many days; answers both as files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    authority_key, own_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def made(name: x509.Name, key: Any, stop: datetime.datetime, *, ca: bool) -> x509.CertificateBuilder:
        begun = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        begun = begun.serial_number(x509.random_serial_number()).not_valid_after(stop)
        begun = begun.not_valid_before(now - datetime.timedelta(days=30))
        return begun.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = made(issuer, authority_key, now + datetime.timedelta(days=30), ca=True).add_extension(usage, True)
    signed = authority.sign(authority_key, hashes.SHA256())
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host[0].isdigit():
        names = [x509.IPAddress(ipaddress.ip_address(host))]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    own = made(subject, own_key, now + datetime.timedelta(days=days), ca=False)
    own = own.add_extension(x509.SubjectAlternativeName(names), critical=False)
    server = own.sign(authority_key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    ca_file, chain = folder / "authority.pem", folder / "server.pem"
    ca_file.write_bytes(signed.public_bytes(encoding))
    private = own_key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(server.public_bytes(encoding) + private)
    return ca_file, chain


class Counting(BaseHTTPRequestHandler):
    """Counts what arrives in clear; answers nothing useful."""

    seen: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.seen.append(self.path)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(503)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is written."""


@contextmanager
def speaking_tls(chain: Path) -> Iterator[int]:
    """A server with a certificate; answers its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    Counting.seen.clear()
    with HTTPServer(("127.0.0.1", 0), Counting) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join(5)


@pytest.mark.parametrize(
    ("scenario", "host", "days", "stopped", "arrives"),
    [
        ("right", "127.0.0.1", 30, "cloud.status_503", True),
        ("expired", "127.0.0.1", -1, "cloud.certificate", False),
        ("another host", "elsewhere.example", 30, "cloud.certificate", False),
    ],
)
def test_y51_a_server_that_cannot_prove_who_it_is_gets_nothing(
    machine: Machine,
    patient: str,
    tmp_path: Path,
    scenario: str,
    host: str,
    days: int,
    stopped: str,
    arrives: bool,
) -> None:
    ca_file, chain = certificates(tmp_path, host, days=days)
    import json

    document = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))

    async def run(port: int) -> CycleReport:
        service = Service(f"https://127.0.0.1:{port}", ca_file=ca_file)
        async with CloudClient(service, Stub(), account=USER, clock=machine.clock) as client:
            api = CloudApi(client, detect(document), USER)
            reader = channel_reader(machine.vault.series, machine.vault.zones.get)
            engine = SyncEngine(api, machine.vault.outbox, machine.account, reader, clock=machine.clock)
            return await engine.cycle()

    machine.enable(patient)
    with speaking_tls(chain) as port:
        report = asyncio.run(run(port))
    assert report.stopped == stopped, scenario
    assert bool(Counting.seen) is arrives
    assert set(machine.states()) == {S.BATCHED, S.NEW}, "it waits, and nothing is blamed on the data"
    waiting = machine.vault.outbox.operations(machine.account, [S.BATCHED])
    assert all(one.attempts == int(arrives) for one in waiting), "no request has left, so no try is counted"
