"""The one client: every request to a server goes through its pipeline (client-lessons L-1 to L-47)."""

from __future__ import annotations

from clarity_desktop.cloud.client.addresses import checked_address, is_loopback
from clarity_desktop.cloud.client.breaker import Breaker, BreakerState
from clarity_desktop.cloud.client.buckets import Bucket, Buckets, BucketStore
from clarity_desktop.cloud.client.client import CloudClient, Service
from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.exchange import Answer, Call, CloudError, Hooks, Trace
from clarity_desktop.cloud.client.tokens import TokenSource

__all__ = [
    "Answer",
    "Breaker",
    "BreakerState",
    "Bucket",
    "BucketStore",
    "Buckets",
    "Call",
    "Clock",
    "CloudClient",
    "CloudError",
    "Hooks",
    "Service",
    "SystemClock",
    "TokenSource",
    "Trace",
    "checked_address",
    "is_loopback",
]
