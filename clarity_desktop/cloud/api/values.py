"""Answers of a server as values: what the program reads of them, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "AccountFacts",
    "CloudInsight",
    "PatJob",
    "ProcessingState",
    "StepAnalysis",
    "StoredMetric",
    "StoredUpload",
    "UploadReceipt",
]


@dataclass(frozen=True, slots=True)
class UploadReceipt:
    """An upload that the server has taken."""

    processing_id: str
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ProcessingState:
    """What the server says of an upload; its words prove that it is stored, not that it is whole (D14)."""

    processing_id: str
    status: str


@dataclass(frozen=True, slots=True)
class StoredMetric:
    """One metric as it was read back."""

    metric_id: str
    metric_type: str
    raw_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """One upload as it was read back."""

    processing_id: str
    metrics: tuple[StoredMetric, ...]


@dataclass(frozen=True, slots=True)
class StepAnalysis:
    """The server's own analysis of a week; a comparison, never a finding: its model is not verified (D21)."""

    analysis_id: str
    values: Mapping[str, float]
    """Numbers by the server's names."""
    embedding: tuple[float, ...]
    cached: bool


@dataclass(frozen=True, slots=True)
class CloudInsight:
    """A narrative of the server: text that nobody here has checked."""

    narrative: str
    key_insights: tuple[str, ...]
    recommendations: tuple[str, ...]
    generated_at: str
    insight_id: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a server says of an account; empty where it says nothing."""

    user_id: str
    email: str
    display_name: str
    email_verified: bool


@dataclass(frozen=True, slots=True)
class PatJob:
    """A server analysis by id."""

    analysis_id: str
    status: str
    """As the server writes it; a word that nobody here knows stays that word (L-79)."""
    values: Mapping[str, float]
    """Its numbers, where the server keeps them."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status.lower() in ("completed", "failed", "not_found")
