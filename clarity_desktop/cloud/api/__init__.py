"""What the program can ask of a server, as capabilities; a profile says where each of them is."""

from __future__ import annotations

from clarity_desktop.cloud.api.account_api import AccountApi
from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.api.values import (
    AccountFacts,
    CloudInsight,
    PatJob,
    ProcessingState,
    StepAnalysis,
    StoredMetric,
    StoredUpload,
    UploadReceipt,
)

__all__ = [
    "AccountApi",
    "AccountFacts",
    "CloudApi",
    "CloudInsight",
    "PatJob",
    "ProcessingState",
    "StepAnalysis",
    "StoredMetric",
    "StoredUpload",
    "UploadReceipt",
]
