"""Features that can be switched off as a whole: each with an owner and a day by which its fate is decided (L-55).

A flag is on where this workstation's setting says so and no rule of the vault says otherwise. Rules travel with the
vault and are what another workstation, or an admin elsewhere, can say here: they switch off and nothing else (L-57).
No server is ever asked for flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.identity import is_packaged
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.app.settings_registry import SETTINGS, Kind, SettingSpec, declare
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import NotFoundError, NotPermittedError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEVELOPER_ROUTES", "FLAGS", "SERVER_LOGIN", "Flag", "FlagServices", "FlagState", "expired"]

_SECTION: Final = "Features on trial"


@dataclass(frozen=True, slots=True)
class Flag:
    """A feature that can be switched off."""

    name: str
    title: str
    help: str
    """One sentence."""
    default: bool
    owner: str
    """The room that decides its fate."""
    expires: date
    """By this day the feature stays for everybody or goes; a flag that is older fails the build."""
    is_for_developers: bool = False
    """Whether it cannot be switched on in the packaged program (L-75)."""

    @property
    def setting(self) -> str:
        """Id of its setting; also the name of the vault's rule that switches it off."""
        return f"flag.{self.name}"


@dataclass(frozen=True, slots=True)
class FlagState:
    """A flag as it stands here."""

    flag: Flag
    is_on: bool
    because: str
    """``default``, ``this workstation``, ``the vault's rule`` or ``packaged program``."""


SERVER_LOGIN: Final = Flag(
    "cloud.server_login",
    "Sign-in by the server's own route",
    "Lets an admin choose, for one server, that the password goes to the server instead of the identity service.",
    True,
    "cloud",
    date(2027, 9, 30),
)
DEVELOPER_ROUTES: Final = Flag(
    "developer.routes",
    "Server's test routes",
    "Lets the connection to a server be tried by its test routes, without a token and without data of anyone.",
    False,
    "cloud",
    date(2027, 9, 30),
    is_for_developers=True,
)
FLAGS: Final = (SERVER_LOGIN, DEVELOPER_ROUTES)
"""All flags. Each is also a setting, which an admin changes and whose change is an entry of the audit."""

for _flag in FLAGS:
    declare(
        SettingSpec(
            _flag.setting,
            _SECTION,
            _flag.title,
            f"{_flag.help} Decided by {_flag.expires.isoformat()}.",
            Kind.SWITCH,
            _flag.default,
            right=Right.SET_POLICY,
            security=True,
            dangerous=not _flag.default,
            unavailable="Not part of the packaged program" if _flag.is_for_developers and is_packaged() else "",
            words=("flag", "trial", "experiment"),
        )
    )


def expired(flags: Iterable[Flag], today: date) -> list[Flag]:
    """Flags whose day has passed."""
    return [one for one in flags if one.expires < today]


class FlagServices(PreferenceServices):
    """Part of ``Services``."""

    @open_to_all
    def flags(self) -> tuple[FlagState, ...]:
        """Every flag as it stands here; with a locked vault its rules are not known, and settings count."""
        return tuple(self._flag_state(one) for one in FLAGS)

    @open_to_all
    def flag(self, name: str) -> bool:
        """Whether a feature is on; raises :class:`NotFoundError` (``flags.unknown``)."""
        return self._flag_state(_flag_of(name)).is_on

    @needs(Right.SET_POLICY)
    def switch_flag_off_everywhere(self, name: str, *, off: bool = True) -> None:
        """Switch a feature off for every workstation that opens this vault, or leave it to each again.

        There is no way to switch something on for others. The rule's change is an entry of the audit.
        """
        self.vault.rules.set(_flag_of(name).setting, 0 if off else 1)
        self._announce(Change.SETTINGS)

    def _require_flag(self, flag: Flag) -> None:
        """Raise :class:`NotPermittedError` (``flags.off``) while a feature is off."""
        state = self._flag_state(flag)
        if not state.is_on:
            raise NotPermittedError(
                "flags.off",
                f"{flag.title} is switched off here.",
                remedy="An admin can switch it on in the settings, under features on trial.",
                detail=state.because,
            )

    def _flag_state(self, flag: Flag) -> FlagState:
        if flag.is_for_developers and is_packaged():
            return FlagState(flag, False, "packaged program")
        vault = self._vault
        if vault is not None and vault.rules.get(flag.setting) == 0:
            return FlagState(flag, False, "the vault's rule")
        chosen = self.settings.get(SETTINGS[flag.setting].id)
        if not isinstance(chosen, bool):
            return FlagState(flag, flag.default, "default")
        return FlagState(flag, chosen, "this workstation")


def _flag_of(name: str) -> Flag:
    found = next((one for one in FLAGS if one.name == name), None)
    if found is None:
        raise NotFoundError(
            "flags.unknown", "There is no such feature to switch.", remedy="Look on the diagnostics page for the names."
        )
    return found
