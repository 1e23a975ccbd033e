"""The rule of two: what cannot be taken back needs somebody else, or, for who works alone, the recovery code."""

from __future__ import annotations

import time
from typing import Final

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import Span
from clarity_desktop.domain.users import Right

__all__ = ["REQUEST_HOLDS_S", "SecondPersonServices"]

REQUEST_HOLDS_S: Final = 30 * 86_400
"""Seconds for which a request waits for a second person."""


class SecondPersonServices(AccessServices):
    """Requests that wait for a second person. Part of ``Services``.

    Somebody who works alone has no second person. What stands in for one is the recovery code, which lies printed
    elsewhere: it shows that the deed is no accident and that nobody does it who found an open window. The audit says
    so, and the code opens the vault as before. As soon as anybody else holds the right, the code is not taken.
    """

    @needs(Right.OWN_ACCESS)
    def code_stands_in(self, right: Right) -> bool:
        """Whether the recovery code stands in for a second person, because nobody else holds the right."""
        mine = self.user().id
        everybody = self.vault.people.everybody()
        return not any(
            right in one.rights for one in everybody if one.removed is None and not one.emergency and one.id != mine
        )

    def _by_code(self, code: str | None, right: Right, action: str) -> str:
        """Who seconds by the recovery code, as records name them; empty without a code.

        Raises
        ------
        UsageError
            ``second.somebody_else`` when another user holds the right.
        InputError
            ``code.shape``, ``code.group``.
        LockedError
            ``vault.wrong_code``, ``vault.wait``.
        """
        if code is None:
            return ""
        if not self.code_stands_in(right):
            raise UsageError(
                "second.somebody_else",
                "Somebody else of this vault can confirm this, so the recovery code does not.",
                remedy="Let the second person unlock and do the same.",
            )
        self.vault.people.check_recovery_code(code)
        self.vault.audit.append("second.by_code", detail=action)
        return f"{self.user().name} by recovery code"

    def _asked_before(self, request: str, wanted: str, ends: str) -> str:
        """Who else has asked for the same within 30 days and since it was last done; empty when nobody has."""
        from clarity_desktop.vault import AuditQuery

        now, me = int(time.time()), self.user().name
        recent = Span(now - REQUEST_HOLDS_S, now + 86_400)
        done = [one.seq for one in self.vault.audit.find(AuditQuery(action=ends, span=recent, limit=None))
                if one.action == ends]  # fmt: skip
        since = max(done, default=0)
        for entry in self.vault.audit.find(AuditQuery(action=request, span=recent, limit=None)):
            if entry.seq > since and entry.detail == wanted and entry.who != me:
                return entry.who
        return ""
