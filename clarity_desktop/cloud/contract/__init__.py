"""What a server offers: profiles of known servers, telling which one answers, and where it differs."""

from __future__ import annotations

from clarity_desktop.cloud.contract.detection import Detection, detect
from clarity_desktop.cloud.contract.differences import ContractReport, EndpointState, compare_contract
from clarity_desktop.cloud.contract.profiles import Auth, Endpoint, Profile, profile, profiles

__all__ = [
    "Auth",
    "ContractReport",
    "Detection",
    "Endpoint",
    "EndpointState",
    "Profile",
    "compare_contract",
    "detect",
    "profile",
    "profiles",
]
