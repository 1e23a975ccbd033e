"""What the replica keeps, in SQLite, and which defects of the observed server it shows."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["ACCEPTED_TYPES", "DEFECTS", "ReplicaState", "stamp"]

DEFECTS = frozenset({"D1", "D3", "D8", "D9", "D10", "D13", "D14", "D15", "D16", "D17", "D20", "D29"})
"""Defects that can be switched on; a replica without any is the server as it was meant."""
ACCEPTED_TYPES = frozenset({"heart_rate", "blood_pressure", "activity_level", "mood_assessment", "sleep_analysis"})


def stamp() -> str:
    """Now, as the server writes it."""
    return datetime.now(UTC).isoformat()


@dataclass
class ReplicaState:
    """Everything that survives a restart of the replica, and the switches."""

    path: Path
    defects: set[str] = field(default_factory=set)
    accepted_types: set[str] = field(default_factory=lambda: set(ACCEPTED_TYPES))
    read_back: str = "full"
    """``full``, ``status`` (list is always empty) or ``none``."""
    index_lag_s: float = 0.0
    """How long an upload is not found by its processing id."""
    uploads_per_hour: int = 100
    requests_per_hour: int = 0
    """All routes together; 0 for none, as the observed server has it not mounted."""
    expires_after_s: float = 0.0
    """How long an upload is kept; 0 for ever."""
    deletes_at_once: int = 0
    """Metrics that one deletion removes at most, as a deletion that stops after its first page; 0 for all."""
    as_decimals: bool = False
    """Whether whole numbers come back with a point, as from a store of decimals."""
    most_metrics: int = 1000
    refuse_metric_ids: set[str] = field(default_factory=set)
    """Metrics that make a request fail with 400, which one is not told."""
    crash_metric_ids: set[str] = field(default_factory=set)
    """Metrics that make a request fail with a plain 500."""
    calls: Counter[str] = field(default_factory=Counter)
    bodies: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, path and body of every request."""
    revoked: set[str] = field(default_factory=set)
    """Tokens that are refused with 401."""
    pat_polls: int = 0
    """How often an analysis is asked for before it is done; 0 answers at once."""
    pat_jobs: dict[str, list[Any]] = field(default_factory=dict)
    """Analyses that are worked on: how often they were asked for, and their numbers."""
    failures: Counter[str] = field(default_factory=Counter)
    """Wrong passwords in a row by e-mail address."""
    ack_info: dict[str, Any] = field(default_factory=dict)
    """What the acknowledgement of a live channel says besides."""
    listeners: dict[str, list[Any]] = field(default_factory=dict)
    """Open live channels by user: a loop and a queue each."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        with self._open() as base:
            base.execute(
                "CREATE TABLE IF NOT EXISTS uploads (processing_id TEXT PRIMARY KEY, user_id TEXT, at REAL, "
                "document TEXT)"
            )
            base.execute("CREATE TABLE IF NOT EXISTS insights (id TEXT PRIMARY KEY, user_id TEXT, document TEXT)")
            base.execute("CREATE TABLE IF NOT EXISTS times (user_id TEXT, route TEXT, at REAL)")

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=NORMAL")
        return base

    def push(self, owner: str, kind: str, **fields: Any) -> int:
        """Send an event over a user's live channels; answers over how many."""
        frame = {"type": kind, "timestamp": stamp(), "message_id": None, **fields}
        found = list(self.listeners.get(owner, ()))
        for loop, queue in found:
            loop.call_soon_threadsafe(queue.put_nowait, frame)
        return len(found)

    # -- uploads ----------------------------------------------------------------------------------------------

    def store(self, user_id: str, metrics: list[dict[str, Any]], document: dict[str, Any]) -> str:
        """Keep an upload; of two metrics of one type only the last survives where D8 is on."""
        kept: dict[str, dict[str, Any]] = {}
        for number, metric in enumerate(metrics):
            key = metric["metric_type"] if "D8" in self.defects else f"{number}"
            kept[key] = metric
        processing_id = str(uuid.uuid4())
        if self.as_decimals:
            kept = _decimals(kept)
        held = {
            "processing_id": processing_id,
            "user_id": user_id,
            "created_at": stamp(),
            "upload_source": document.get("upload_source"),
            "sync_token": document.get("sync_token"),
            "metrics": list(kept.values()),
        }
        with self._lock, self._open() as base:
            base.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?)", (processing_id, user_id, time.time(), json.dumps(held))
            )
        return processing_id

    def upload(self, user_id: str, processing_id: str) -> dict[str, Any] | None:
        """One upload of a user, once the index has it."""
        with self._open() as base:
            row = base.execute(
                "SELECT document, at FROM uploads WHERE processing_id = ? AND user_id = ?", (processing_id, user_id)
            ).fetchone()
        if row is None or time.time() - row[1] < self.index_lag_s or self._is_expired(row[1]):
            return None
        found = json.loads(row[0])
        assert isinstance(found, dict)
        return found

    def uploads(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """All uploads, oldest first."""
        query, values = "SELECT document, at FROM uploads", ()
        if user_id is not None:
            query, values = query + " WHERE user_id = ?", (user_id,)  # type: ignore[assignment]
        with self._open() as base:
            rows = base.execute(query + " ORDER BY at, rowid", values)
            return [json.loads(row[0]) for row in rows if not self._is_expired(row[1])]

    def _is_expired(self, at: float) -> bool:
        return bool(self.expires_after_s) and time.time() - at >= self.expires_after_s

    def delete(self, user_id: str, processing_id: str) -> bool:
        """Remove an upload of a user, or the first page of it; answers whether there was one."""
        if self.deletes_at_once:
            held = self.upload(user_id, processing_id)
            if held is not None and len(held["metrics"]) > self.deletes_at_once:
                held["metrics"] = held["metrics"][self.deletes_at_once :]
                with self._lock, self._open() as base:
                    base.execute(
                        "UPDATE uploads SET document = ? WHERE processing_id = ?", (json.dumps(held), processing_id)
                    )
                return True
        with self._lock, self._open() as base:
            done = base.execute("DELETE FROM uploads WHERE processing_id = ? AND user_id = ?", (processing_id, user_id))
            return done.rowcount > 0

    def metrics(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """All stored metrics, oldest upload first."""
        return [metric for one in self.uploads(user_id) for metric in one["metrics"]]

    # -- insights and limits ----------------------------------------------------------------------------------

    def keep_insight(self, user_id: str, document: dict[str, Any]) -> str:
        """Keep a narrative."""
        insight_id = f"insight_{uuid.uuid4().hex[:8]}"
        with self._lock, self._open() as base:
            base.execute("INSERT INTO insights VALUES (?, ?, ?)", (insight_id, user_id, json.dumps(document)))
        return insight_id

    def insights(self, user_id: str) -> list[tuple[str, dict[str, Any]]]:
        """A user's narratives."""
        with self._open() as base:
            rows = base.execute("SELECT id, document FROM insights WHERE user_id = ? ORDER BY rowid", (user_id,))
            return [(row[0], json.loads(row[1])) for row in rows]

    def may_call(self, user_id: str, route: str, most: int, window_s: float = 3600.0) -> bool:
        """Count a call against a limit."""
        now = time.time()
        with self._lock, self._open() as base:
            used = base.execute(
                "SELECT count(*) FROM times WHERE user_id = ? AND route = ? AND at > ?",
                (user_id, route, now - window_s),
            ).fetchone()[0]
            if used >= most:
                return False
            base.execute("INSERT INTO times VALUES (?, ?, ?)", (user_id, route, now))
        return True


def _decimals(value: Any) -> Any:
    """Every whole number as one with a point."""
    if isinstance(value, dict):
        return {name: _decimals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_decimals(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
