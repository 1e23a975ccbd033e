"""A proxy of raw sockets that does to requests what networks and servers do: cuts, delays, repeats, wrong answers."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = ["ANSWERS", "Fault", "FaultProxy", "fault_proxy"]


class Fault(StrEnum):
    """What happens to a request."""

    NONE = "none"
    REFUSE = "refuse"
    """The connection is reset before a byte of the request is read."""
    CUT_BEFORE = "cut_before"
    """The request is read and dropped; the server never sees it."""
    CUT_MIDDLE = "cut_middle"
    """The server answers, and half of its body arrives."""
    CUT_AFTER = "cut_after"
    """The server has done it, and no answer arrives."""
    DRIP = "drip"
    """The answer comes a byte at a time."""
    LATENCY = "latency"
    """The answer comes 300 ms late."""
    DUPLICATE = "duplicate"
    """The network delivers the request twice."""
    HTML = "html"
    """A page of a portal, with status 200."""
    TRUNCATED = "truncated"
    """Half a JSON text, whole by its length."""
    UNAUTHORISED = "unauthorised"
    UNAVAILABLE = "unavailable"
    CRASH = "crash"
    """A plain 500, after which the connection is cut (D2)."""
    TOO_MANY = "too_many"
    """429 with ``Retry-After: 0`` (D29)."""


ANSWERS = {
    Fault.HTML: (200, "text/html", b"<html><body>Sign in to the guest network</body></html>"),
    Fault.TRUNCATED: (200, "application/json", b'{"status": "hea'),
    Fault.UNAUTHORISED: (401, "application/json", b'{"detail": "Invalid or expired token"}'),
    Fault.UNAVAILABLE: (503, "application/json", b'{"detail": "Service Unavailable"}'),
    Fault.CRASH: (500, "text/plain", b"Internal Server Error"),
    Fault.TOO_MANY: (429, "application/json", b'{"type": "rate_limit_exceeded", "title": "Slow", "status": 429}'),
}
"""Status, content type and body of answers that never come from the server; tests may change them."""
_DRIP_S = 0.2


class FaultProxy:
    """Listens on a port of its own and passes requests on to a server."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self.faults: deque[Fault] = deque()
        """Faults of the next requests; what comes after these passes."""
        self.always: Fault = Fault.NONE
        """What happens to each request when :attr:`faults` is empty."""
        self.seen: list[tuple[str, str]] = []
        """Method and path of every request that arrived."""
        self.tokens: list[str] = []
        self.closed_early = threading.Event()
        """Set when a client leaves before its answer is whole."""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._stopped = threading.Event()
        threading.Thread(target=self._accept, name="fault-proxy", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(30)
            if (self.faults[0] if self.faults else self.always) is Fault.REFUSE:
                if self.faults:
                    self.faults.popleft()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            try:
                self._one(client)
            except OSError:
                self.closed_early.set()

    def _one(self, client: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            part = client.recv(65_536)
            if not part:
                return
            raw += part
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        while len(body) < int(headers.get("content-length", 0)):
            body += client.recv(65_536)
        self.seen.append((method, path))
        self.tokens.append(headers.get("authorization", ""))
        fault = self.faults.popleft() if self.faults else self.always
        if fault is Fault.CUT_BEFORE:
            return
        if fault in ANSWERS:
            status, kind, text = ANSWERS[fault]
            more = "Retry-After: 0\r\n" if fault is Fault.TOO_MANY else ""
            start = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{more}"
            client.sendall(f"{start}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
            return
        if fault is Fault.DUPLICATE:
            self._forward(method, path, headers, body)
        answer, text = self._forward(method, path, headers, body)
        if fault is Fault.CUT_AFTER:
            return
        if fault is Fault.LATENCY:
            time.sleep(0.3)
        kept = {"content-type", "etag", "retry-after", "date", "location"}
        named = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders() if name.lower() in kept)
        start = f"HTTP/1.1 {answer.status} X\r\n{named}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        if fault is Fault.CUT_MIDDLE:
            client.sendall(start.encode() + text[: len(text) // 2])
            return
        client.sendall(start.encode())
        if fault is Fault.DRIP:
            for at in range(len(text)):
                client.sendall(text[at : at + 1])
                time.sleep(_DRIP_S)
            return
        client.sendall(text)

    def _forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        try:
            passed = {name: value for name, value in headers.items() if name not in ("host", "connection")}
            connection.request(method, path, body or None, passed)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy for the length of a block."""
    proxy = FaultProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
