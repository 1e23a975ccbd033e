"""What is known of a server in words: its parts, how they answer, and what it can; one place for every page."""

from __future__ import annotations

from typing import Final

__all__ = ["ABILITIES", "ANSWERS", "FOUND", "PARTS"]

PARTS: Final = {
    "root": "Server",
    "service": "Service",
    "readiness": "Readiness",
    "auth": "Sign-in",
    "health-data": "Health data",
    "pat": "PAT",
    "insights": "Insights",
}
ANSWERS: Final = {
    "answers": ("Answers", "circle-check", "ok"),
    "refused": ("Asks for a sign-in", "lock", "text_muted"),
    "fails": ("Has a fault of its own", "circle-alert", "warn"),
    "no_answer": ("No answer", "cloud-off", "warn"),
    "not_offered": ("Not offered", "ban", "text_muted"),
    "unclear": ("Answer tells nothing", "circle-help", "text_muted"),
}
FOUND: Final = {
    "yes": ("Yes", "circle-check", "ok"),
    "no": ("No", "ban", "text_muted"),
    "unknown": ("Not known", "circle-help", "text_muted"),
}
ABILITIES: Final = {"read_back": "Reading back", "cursor": "Pages by cursor", "etag": "Asking whether a copy is fresh"}
