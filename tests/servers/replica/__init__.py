"""A replica of the CLARITY API on real sockets: the contract, its observed defects by switch, and its limits."""

from __future__ import annotations

from tests.servers.replica.running import Replica, running_replica
from tests.servers.replica.state import DEFECTS, ReplicaState

__all__ = ["DEFECTS", "Replica", "ReplicaState", "running_replica"]
