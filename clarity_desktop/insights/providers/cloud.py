"""The cloud's free prose about a person: untrusted text that no check can hold to the facts, shown only as such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from clarity_desktop.domain.insights import FactsTable
from clarity_desktop.insights.grounding.check import check_answer
from clarity_desktop.insights.providers.provider import ProviderError, ProviderFailure

__all__ = ["CLOUD_KEYS", "REMOTE_LABEL", "CloudTransport", "RemoteText", "cloud_body", "fails_the_check", "read_remote"]

REMOTE_LABEL: Final = "Remote text, not checked"
"""Stands with every such text."""
CLOUD_KEYS: Final[Mapping[str, str]] = {
    "sleep_efficiency": "se",
    "total_sleep_time": "tst",
    "wake_after_sleep_onset": "waso",
    "sleep_onset_latency": "sol",
    "circadian_rhythm_score": "is",
    "depression_risk_score": "pat",
}
"""What the server reads, with our metric of the same meaning and unit (%, h, min, min, 0–1, 0–1).

The server describes ``circadian_rhythm_score`` as circadian regularity from 0 to 1; interdaily stability is the
published measure of that (Witting 1990). ``depression_risk_score`` is a clinical score that this program has no source
for: only the calibrated head of a label that an admin named can stand there. A key that is left out counts as 0 at the
server, so a request holds all of them or is not made (D18).
"""
CLOUD_METRICS: Final = tuple(CLOUD_KEYS.values())
_NAMES: Final[Mapping[str, str]] = {
    "sleep_efficiency": "sleep efficiency",
    "total_sleep_time": "total sleep time",
    "wake_after_sleep_onset": "wake after sleep onset",
    "sleep_onset_latency": "sleep onset latency",
    "circadian_rhythm_score": "interdaily stability",
    "depression_risk_score": "a research score, for which an admin names a label and a head is trained on it",
}
_LONGEST: Final = 8000
_MOST_LINES: Final = 20
_INVISIBLE: Final = dict.fromkeys([*range(0x20), 0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2066, 0x2069])


class CloudTransport(Protocol):
    """Carries a request to the account that is signed in."""

    host: str

    def generate(self, body: bytes) -> bytes:
        """Send a body to the insights capability and answer what came back; raises :class:`ProviderError`."""


@dataclass(frozen=True, slots=True)
class RemoteText:
    """What the cloud wrote. Its own confidence is made by a language model and is left out."""

    narrative: str
    points: tuple[str, ...]
    recommendations: tuple[str, ...]
    host: str = ""
    """Where it was written and stays stored."""
    lacks: tuple[str, ...] = (
        "no table mark",
        "no citations",
        "no placeholders: its figures are its own",
    )
    """The evidence that is missing."""

    @property
    def kept_words(self) -> str:
        """That the server keeps the text, and that its interface has no way to delete it (I-66)."""
        return (
            f"{self.host or 'The server'} keeps this text under the signed-in account. Its interface offers no way to "
            "delete it; the operator of the server can."
        )


def read_remote(raw: bytes, host: str = "") -> RemoteText:
    """The text in an answer, with or without its envelope; nothing of it is trusted, and all of it is plain text.

    Raises
    ------
    ProviderError
        ``insights.server`` for anything of another shape.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _unusable() from error
    data = document.get("data", document) if isinstance(document, dict) else None
    narrative = data.get("narrative") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(narrative, str) or not narrative.strip():
        raise _unusable()
    return RemoteText(_plain(narrative), _lines(data.get("key_insights")), _lines(data.get("recommendations")), host)


def fails_the_check(table: FactsTable, raw: bytes) -> bool:
    """Whether the grounding check refuses the answer, which free prose always makes it do (IS-2)."""
    return not check_answer(table, raw).accepted


def cloud_body(table: FactsTable | None) -> bytes:
    """The request for a table, as the account's client sends it: values alone, no context, always in English.

    All six are of one window: the first of the table that has them all.

    Raises
    ------
    ProviderError
        ``insights.request_refused`` naming what this program has no value for.
    """
    by_window: dict[str, dict[str, float]] = {}
    for fact in () if table is None else table.facts:
        by_window.setdefault(fact.window.key, {})[fact.metric] = fact.value
    most = max(by_window.values(), key=lambda found: sum(metric in found for metric in CLOUD_METRICS), default={})
    missing = [_NAMES[key] for key, metric in CLOUD_KEYS.items() if metric not in most]
    if missing:
        raise ProviderError(
            ProviderFailure.REFUSED,
            "The cloud counts a value that is left out as 0, so nothing is sent unless all six are there.",
            remedy="Use insights by rules. Missing: " + "; ".join(missing) + ".",
        )
    values = {key: most[metric] for key, metric in CLOUD_KEYS.items()}
    document: dict[str, Any] = {
        "analysis_results": values,
        "insight_type": "comprehensive",
        "language": "en",
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _lines(found: object) -> tuple[str, ...]:
    if not isinstance(found, list):
        return ()
    return tuple(_plain(one) for one in found[:_MOST_LINES] if isinstance(one, str) and one.strip())


def _plain(text: str) -> str:
    return text.translate(_INVISIBLE).strip()[:_LONGEST]


def _unusable() -> ProviderError:
    return ProviderError(
        ProviderFailure.SERVER,
        "The cloud's answer could not be used.",
        remedy="Use insights by rules, or try again later.",
    )
