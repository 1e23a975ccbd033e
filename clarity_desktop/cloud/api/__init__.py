"""What the program can ask of a server, as capabilities; a profile says where each of them is."""

from __future__ import annotations

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.api.values import (
    CloudInsight,
    ProcessingState,
    StepAnalysis,
    StoredMetric,
    StoredUpload,
    UploadReceipt,
)

__all__ = [
    "CloudApi",
    "CloudInsight",
    "ProcessingState",
    "StepAnalysis",
    "StoredMetric",
    "StoredUpload",
    "UploadReceipt",
]
