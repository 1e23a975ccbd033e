"""The keys that an open vault holds for one user, in memory that is overwritten at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["UnlockedKeys"]


@dataclass(slots=True)
class UnlockedKeys:
    """What unlocking came to: whose keys these are, and the keys."""

    user_id: str
    name: str
    how: str
    """Kind of the slot that was used, for the audit."""
    data: bytearray = field(repr=False)
    """Opens the database."""
    user: bytearray = field(default_factory=bytearray, repr=False)
    """The user's own key, which their slots wrap; empty in a job's process."""
    identity: bytearray = field(default_factory=bytearray, repr=False)
    """Opens names and dates of birth; empty for roles that do not see them."""
    admin: bytearray = field(default_factory=bytearray, repr=False)
    """Opens every user's own key, to grant and to take away; empty for all but admins."""
    slot_id: str = ""
    shared: bytes = field(default=b"", repr=False)
    """The data key as one object for all in an open vault who need bytes; its vault overwrites it."""

    def wipe(self) -> None:
        """Overwrite and drop all keys."""
        for key in (self.data, self.user, self.identity, self.admin):
            key[:] = bytes(len(key))
            key.clear()
