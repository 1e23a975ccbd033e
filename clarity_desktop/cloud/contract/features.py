"""What the program does with a server, by capability, and which of it a server's own description rules out (L-52)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarity_desktop.cloud.contract.detection import Detection
from clarity_desktop.domain.conditions import FeatureOff

__all__ = ["FEATURES", "features_off"]

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


def features_off(detection: Detection) -> tuple[FeatureOff, ...]:
    """The features that are off at a server, each with its reason; known at connect time, before any click."""
    known = detection.profile
    if known is None:
        reason = "The server is none that this program knows."
        return tuple(FeatureOff(capability, title, reason) for capability, title in FEATURES.items())
    found = []
    for capability, title in FEATURES.items():
        if detection.offers(capability):
            continue
        endpoint = known.endpoint(capability)
        reason = (
            f"The profile {known.name} has no such route."
            if endpoint is None
            else f"The server's description names no {endpoint.method} {endpoint.path}."
        )
        found.append(FeatureOff(capability, title, reason))
    return tuple(found)
