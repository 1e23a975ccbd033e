"""Facts: what may be spoken of, computed from findings over windows of days relative to the last one."""

from __future__ import annotations

from clarity_desktop.insights.facts.build import MOST_REQUEST_BYTES, build_table, facts_hash
from clarity_desktop.insights.facts.evidence import WindowEvidence, windows_of
from clarity_desktop.insights.facts.topics import TOPIC_METRICS, topic_windows

__all__ = [
    "MOST_REQUEST_BYTES",
    "TOPIC_METRICS",
    "WindowEvidence",
    "build_table",
    "facts_hash",
    "topic_windows",
    "windows_of",
]
