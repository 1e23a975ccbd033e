"""A server that answers as a transcript says: status, headers and body as recorded, or a cut connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["TRANSCRIPTS", "RecordedServer", "exchanges", "recorded_server"]

TRANSCRIPTS = Path(__file__).parents[1] / "data" / "clarity" / "transcripts"


def exchanges(pattern: str = "*") -> list[tuple[str, dict[str, Any]]]:
    """All recorded requests of HTTP with the file they are in."""
    found = []
    for path in sorted(TRANSCRIPTS.glob(f"{pattern}.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            if "request" in entry:
                found.append((path.stem, entry))
    return found


class RecordedServer:
    """Answers each request with :attr:`response`."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = outer.response
                if "failure" in found:
                    self.close_connection = True
                    return
                body = found.get("body")
                data = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(found["status"])
                for name, value in found.get("headers", {}).items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer  # noqa: N815

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                del code, size

        self.response: dict[str, Any] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def recorded_server() -> Iterator[RecordedServer]:
    """The server for the length of a block."""
    server = RecordedServer()
    try:
        yield server
    finally:
        server.close()
