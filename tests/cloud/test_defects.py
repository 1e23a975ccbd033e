"""Defects of the observed server that the client must not trip over: slashes and redirects (D32), renewing (D23)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.cloud.auth.identity import TokenSet
from clarity_desktop.cloud.auth.server_login import ServerLogin
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.client.exchange import Call
from clarity_desktop.cloud.contract.profiles import profile
from tests.cloud.sync.conftest import USER, FastClock, Stub
from tests.servers.replica import running_replica


@contextmanager
def listening_server(location: str = "") -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A server that redirects everything, or takes everything; answers its port and the headers that it saw."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            body = b"" if location else b"{}"
            self.send_response(307 if location else 200)
            if location:
                self.send_header("Location", location + self.path)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Nothing is written."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1]), seen
        server.shutdown()
        thread.join(5)


def call_of(method: str, path: str) -> Call:
    return Call(method, path, path, body=b"{}" if method == "POST" else None, capability="me")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_d32_a_redirect_to_another_host_is_not_followed_and_the_token_stays(method: str) -> None:
    async def ask(port: int) -> None:
        async with CloudClient(Service(f"http://127.0.0.1:{port}"), Stub(), account=USER, clock=FastClock()) as client:
            with pytest.raises(CloudError) as caught:
                await client.send(call_of(method, "/metrics"))
            assert caught.value.code == "cloud.redirect"
            assert caught.value.outcome_unknown is False

    # Another host by name and by port: what the server believes to be its own address is not.
    with (
        listening_server() as (thief, stolen),
        listening_server(f"http://localhost:{thief}") as (port, seen),
    ):
        asyncio.run(ask(port))
    assert len(seen) == 1
    assert seen[0]["authorization"].startswith("Bearer ")
    assert stolen == []


def test_d32_paths_work_with_and_without_a_slash_at_their_end(tmp_path: Path) -> None:
    async def ask(url: str) -> list[int]:
        async with CloudClient(Service(url), Stub(), account=USER, clock=FastClock()) as client:
            paths = ("/api/v1/health-data", "/api/v1/health-data/", "/api/v1/auth/me", "/api/v1/auth/me/")
            return [(await client.send(call_of("GET", path))).status for path in paths]

    with running_replica(tmp_path / "replica.sqlite") as replica:
        assert asyncio.run(ask(replica.url)) == [200] * 4


def test_d23_a_refresh_token_goes_without_an_authorization_header() -> None:
    async def renew(port: int) -> None:
        before = TokenSet("access", "id", "refresh", USER, "ada@clinic.example", "Ada", 0.0, 1.0)
        async with CloudClient(Service(f"http://127.0.0.1:{port}"), Stub(), account=USER, clock=FastClock()) as client:
            with pytest.raises(CloudError):
                await ServerLogin(client, profile("openapi")).renew(before)  # An empty answer is no token.

    with listening_server() as (port, seen):
        asyncio.run(renew(port))
    assert seen
    assert "authorization" not in seen[0]


def test_a_page_of_full_items_is_not_too_much_to_read() -> None:
    from clarity_desktop.cloud.api import capabilities
    from clarity_desktop.cloud.client import wire

    assert capabilities._PAGE * 409_600 < wire._MOST_BODY
