"""A forward proxy that asks for a name and a password: whole requests over plain HTTP, tunnels for everything else."""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["ForwardProxy", "forward_proxy"]

NAME, PASSWORD = "ada", "secret7"


@dataclass
class ForwardProxy:
    """The running proxy."""

    place: str
    """``127.0.0.1:port``."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Method and place of what went through."""
    refused: int = 0


@contextmanager
def forward_proxy() -> Iterator[ForwardProxy]:
    """Run it on a free port; it ends with the block."""
    wanted = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _may_pass(self) -> bool:
            if self.headers.get("Proxy-Authorization") == wanted:
                return True
            proxy.refused += 1
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False

        def _pass(self) -> None:
            if not self._may_pass():
                return
            parts = urlsplit(self.path)
            proxy.seen.append((self.command, parts.netloc))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            onward = http.client.HTTPConnection(parts.netloc, timeout=10)
            headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            onward.request(self.command, target, body, headers)
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._pass()

        def do_POST(self) -> None:
            self._pass()

        def do_PUT(self) -> None:
            self._pass()

        def do_DELETE(self) -> None:
            self._pass()

        def do_CONNECT(self) -> None:
            if not self._may_pass():
                return
            proxy.seen.append(("CONNECT", self.path))
            host, _, port = self.path.rpartition(":")
            with contextlib.closing(socket.create_connection((host, int(port)), 5)) as onward:
                self.send_response(200)
                self.end_headers()
                pairs = {self.connection: onward, onward: self.connection}
                while True:
                    for one in select.select(list(pairs), [], [], 10)[0]:
                        part = one.recv(65536)
                        if not part:
                            self.close_connection = True
                            return
                        pairs[one].sendall(part)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = ForwardProxy(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
