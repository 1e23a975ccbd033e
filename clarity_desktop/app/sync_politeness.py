"""The part of the services that lets sync wait where it would cost: a low battery, a connection that is paid by use."""

from __future__ import annotations

from typing import Final, Literal

from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.power import Power, power_now
from clarity_desktop.app.settings_registry import Kind, SettingSpec, declare
from clarity_desktop.app.sync_choices import SyncChoiceServices
from clarity_desktop.domain.users import Right

__all__ = ["HoldsBack", "SyncPolitenessServices"]

HoldsBack = Literal["battery", "metered"]
_LOW_PERCENT: Final = 30
"""Charge below which sync by itself leaves the rest of a battery to other work."""

declare(
    SettingSpec(
        "sync.considerate",
        "What leaves",
        "Sync on a low battery or a metered connection",
        "Sync by itself waits while a battery drains and is low, and where the system says that a connection is paid "
        "by use. Sync now always goes.",
        Kind.CHOICE,
        "wait",
        choices=(("wait", "Wait"), ("go", "Go on")),
        words=("battery", "metered", "mobile", "bandwidth", "laptop"),
    )
)


class SyncPolitenessServices(SyncChoiceServices):
    """Part of ``Services``; looks at the machine, never at the network."""

    _metered = False

    @open_to_all
    def note_metered(self, metered: bool) -> None:
        """Keep whether the system calls the connection metered; the window tells, since only it can ask."""
        self._metered = metered

    @needs(Right.OWN_ACCESS)
    def sync_holds_back(self) -> HoldsBack | None:
        """Why sync by itself waits although it might go; ``None`` where nothing holds it back."""
        if self.setting("sync.considerate") != "wait":
            return None
        power = self._power()
        if power.on_battery and power.percent is not None and power.percent < _LOW_PERCENT:
            return "battery"
        return "metered" if self._metered else None

    def _power(self) -> Power:
        return power_now()
