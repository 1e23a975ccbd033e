"""What the program does with a server, by capability, and which of it a server's own description rules out (L-52)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.contract.detection import Detection
from clarity_desktop.domain.conditions import FeatureOff

__all__ = ["FEATURES", "features_off", "not_offered"]

FEATURES: Final[Mapping[str, str]] = {
    "upload_metrics": "Sending measurements",
    "processing_status": "Proof that an upload is stored",
    "list_metrics": "Reading back and restoring",
    "delete_upload": "Deleting at the server",
    "pat_steps": "A week beside the server's analysis",
    "pat_models": "The server's word on its model",
    "insight_generate": "Texts by the server",
    "insight_history": "Earlier texts of the server",
    "insight_get": "One text of the server by its id",
    "insight_status": "Whether the server writes texts now",
    "metrics_user": "Counts of what lies at the server",
    "me": "Asking whose token this is",
    "update_me": "Display name",
    "ws_room": "Live channel of the assistant",
    "ws_analysis": "Live updates of analyses",
}
"""Features as people name them. Channels are in no server's description; they are off where the profile has none."""


def not_offered(detection: Detection, capability: str) -> CloudError:
    """What is said of something that a server's description lacks: what it is, and which route is missing."""
    what = FEATURES.get(capability, capability.replace("_", " "))
    return CloudError(
        "cloud.capability",
        f"This server does not offer this: {what}.",
        remedy=f"{_reason(detection, capability)} The server check names all that is off.",
        detail=capability,
    )


def features_off(detection: Detection) -> tuple[FeatureOff, ...]:
    """The features that are off at a server, each with its reason; known at connect time, before any click."""
    return tuple(
        FeatureOff(capability, title, _reason(detection, capability))
        for capability, title in FEATURES.items()
        if not detection.offers(capability)
    )


def _reason(detection: Detection, capability: str) -> str:
    known = detection.profile
    if known is None:
        return "The server is none that this program knows."
    endpoint = known.endpoint(capability)
    if endpoint is None:
        return f"The profile {known.name} has no such route."
    return f"The server's description names no {endpoint.method} {endpoint.path}."
