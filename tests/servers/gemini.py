"""A stub of the Gemini HTTP interface on a real socket: streams scripted answers and records every byte it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["GeminiStub", "Reply", "gemini_stub", "text_chunks"]


@dataclass
class Reply:
    """One scripted answer: a status with a body, or chunks of a stream."""

    chunks: tuple[dict[str, Any], ...] = ()
    status: int = 200
    body: bytes = b""
    pause_s: float = 0.0
    """Before each chunk."""
    cut_after: int | None = None
    """Close the socket after so many chunks."""
    silence_s: float = 0.0
    """Before anything is answered."""
    split_letters: bool = False
    """Send each chunk in two writes, split inside its last letter of several bytes."""


@dataclass
class GeminiStub:
    """The running stub."""

    url: str
    replies: list[Reply | Callable[[dict[str, Any]], Reply]] = field(default_factory=list)
    """Answers in order; the last one is repeated. A function answers from the request's document."""
    bodies: list[bytes] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    closed_early: threading.Event = field(default_factory=threading.Event)


def text_chunks(text: str, pieces: int = 3, finish: str = "STOP") -> tuple[dict[str, Any], ...]:
    """Chunks of a stream that together hold the text; the last one ends it."""
    size = max(1, -(-len(text) // pieces))
    parts = [text[start : start + size] for start in range(0, len(text), size)] or [""]
    found: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": part}]}, "index": 0}
        if number == len(parts) - 1:
            candidate["finishReason"] = finish
        usage = {"promptTokenCount": 100, "candidatesTokenCount": 10 * (number + 1), "totalTokenCount": 110}
        found.append({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "stub"})
    return tuple(found)


@contextmanager
def gemini_stub(*replies: Reply | Callable[[dict[str, Any]], Reply]) -> Iterator[GeminiStub]:
    """Run a stub on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            stub.bodies.append(body)
            stub.heads.append({name.lower(): value for name, value in self.headers.items()})
            stub.paths.append(self.path)
            chosen = stub.replies[min(len(stub.bodies) - 1, len(stub.replies) - 1)]
            reply = chosen(json.loads(body)) if callable(chosen) else chosen
            try:
                time.sleep(reply.silence_s)
                self._write(reply)
            except OSError:
                stub.closed_early.set()
                self.close_connection = True

        def _write(self, reply: Reply) -> None:
            if not reply.chunks:
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number, chunk in enumerate(reply.chunks):
                if reply.cut_after is not None and number >= reply.cut_after:
                    self.close_connection = True
                    self.connection.close()
                    return
                time.sleep(reply.pause_s)
                data = b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\r\n\r\n"
                for part in _split(data) if reply.split_letters else (data,):
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own word
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub = GeminiStub(f"http://127.0.0.1:{server.server_address[1]}", list(replies))
    thread = threading.Thread(target=server.serve_forever, name="gemini-stub", kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _split(data: bytes) -> tuple[bytes, bytes]:
    place = next((index for index in range(len(data) - 1, 0, -1) if 0x80 <= data[index] < 0xC0), len(data) // 2)
    return data[:place], data[place:]
