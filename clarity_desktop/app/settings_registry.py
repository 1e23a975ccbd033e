"""The settings of the workstation, each declared once: what it is for, what it may be, and who may change it.

To add one, declare a :class:`SettingSpec` with :func:`declare` in the module that reads it, or in the list below; the
settings page, its search and its reset follow from that. Read it with ``services.setting(id)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import InputError, NotFoundError
from clarity_desktop.domain.time import zone_of_name
from clarity_desktop.domain.users import Right

__all__ = ["SETTINGS", "Kind", "SettingSpec", "SettingValue", "SettingsRegistry", "declare"]

SettingValue = bool | int | str


class Kind(StrEnum):
    """What a setting's value is, and so which control shows it."""

    SWITCH = "switch"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    ZONE = "zone"
    """Name of a time zone; empty takes the computer's."""
    FOLDER = "folder"
    """Place on the disk; empty takes the program's own."""


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting."""

    id: str
    """Key in the settings file: ``lock.idle_minutes``."""
    section: str
    title: str
    help: str
    """One sentence."""
    kind: Kind
    default: SettingValue
    right: Right = Right.OWN_ACCESS
    """Who may change it."""
    choices: tuple[tuple[str, str], ...] = ()
    """Pairs of value and words, for :attr:`Kind.CHOICE`."""
    least: int = 0
    most: int = 1_000_000
    unit: str = ""
    capped_by: str = ""
    """Id of a number that this one cannot exceed."""
    rule: str = ""
    """Name of the rule in the vault that holds it, for what an admin sets for every workstation; empty keeps it in the
    settings file of this one."""
    security: bool = False
    """Whether a change is an entry of the audit (V-28)."""
    dangerous: bool = False
    """Whether a change away from the default is asked about before."""
    unavailable: str = ""
    """Why it has no effect on this machine; empty where it has."""
    words: tuple[str, ...] = ()
    """Other words people search it by."""

    def checked(self, value: object) -> SettingValue:
        """The value, if it is one that this setting may have; raises :class:`InputError` (``settings.value``)."""
        if self.kind is Kind.SWITCH and isinstance(value, bool):
            return value
        if self.kind is Kind.NUMBER and isinstance(value, int) and not isinstance(value, bool):
            if self.least <= value <= self.most:
                return value
            raise self._refused(f"Between {self.least} and {self.most} {self.unit}".rstrip())
        if not isinstance(value, str) or self.kind in (Kind.SWITCH, Kind.NUMBER):
            raise self._refused("A switch is on or off; a number is a whole number")
        if self.kind is Kind.CHOICE and value not in {one for one, _ in self.choices}:
            raise self._refused("One of: " + ", ".join(words for _, words in self.choices))
        if self.kind is Kind.ZONE and value:
            zone_of_name(value)
        if self.kind is Kind.FOLDER and value and not Path(value).is_dir():
            raise self._refused("A folder that exists")
        return value

    def _refused(self, accepted: str) -> InputError:
        return InputError("settings.value", f"{self.title}: {accepted}.", remedy="Choose another value.")

    def in_words(self, value: SettingValue) -> str:
        """A value as people read it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if self.kind is Kind.CHOICE:
            return next((words for one, words in self.choices if one == value), str(value))
        if isinstance(value, int):
            return f"{value} {self.unit}".rstrip()
        if not value:
            return "as the computer" if self.kind is Kind.ZONE else "beside the vault"
        return value


class SettingsRegistry:
    """All settings in order of declaration."""

    def __init__(self) -> None:
        self._specs: dict[str, SettingSpec] = {}

    def declare(self, spec: SettingSpec) -> SettingSpec:
        """Add a setting; raises ``ValueError`` when its id is taken."""
        if spec.id in self._specs:
            raise ValueError(f"setting {spec.id} is declared twice")
        self._specs[spec.id] = spec
        return spec

    def __iter__(self) -> Iterator[SettingSpec]:
        return iter(self._specs.values())

    def __getitem__(self, setting_id: str) -> SettingSpec:
        try:
            return self._specs[setting_id]
        except KeyError:
            raise NotFoundError(
                "settings.unknown", "There is no such setting.", remedy="Look for it on the settings page."
            ) from None

    def sections(self) -> dict[str, list[SettingSpec]]:
        """Settings by section, both in order of declaration."""
        grouped: dict[str, list[SettingSpec]] = {}
        for spec in self:
            grouped.setdefault(spec.section, []).append(spec)
        return grouped


SETTINGS: Final = SettingsRegistry()
"""The one registry."""


def declare(spec: SettingSpec) -> SettingSpec:
    """Add a setting to the one registry."""
    return SETTINGS.declare(spec)


_LOCK, _LOOK, _TIME, _BACKUP, _SENDING = "Locking", "Appearance", "Time and units", "Backups", "What leaves"

declare(
    SettingSpec(
        "theme",
        _LOOK,
        "Theme",
        "Colours of the window; as the system follows the desktop between light and dark.",
        Kind.CHOICE,
        "system",
        choices=(("light", "Light"), ("dark", "Dark"), ("high_contrast", "High contrast"), ("system", "As the system")),
        words=("colours", "dark mode"),
    )
)
declare(
    SettingSpec(
        "lock.after_min",
        _LOCK,
        "Lock after",
        "Minutes without mouse or keys after which the vault locks; running jobs do not count as use.",
        Kind.NUMBER,
        10,
        least=1,
        most=60,
        unit="min",
        capped_by="lock.after_min_most",
        security=True,
        words=("idle", "timeout", "automatic"),
    )
)
declare(
    SettingSpec(
        "lock.after_min_most",
        _LOCK,
        "Longest time before locking",
        "No workstation that opens this vault waits longer than this, whatever is chosen above.",
        Kind.NUMBER,
        60,
        right=Right.SET_POLICY,
        least=1,
        most=60,
        unit="min",
        rule="lock.after_min",
        words=("maximum", "idle"),
    )
)
declare(
    SettingSpec(
        "lock.jobs",
        _LOCK,
        "Running jobs when the vault locks",
        "An import ends the file that it reads, or everything stops at its next step.",
        Kind.CHOICE,
        "finish",
        choices=(("finish", "End the file, then wait"), ("stop", "Stop")),
        security=True,
        words=("import", "background"),
    )
)
declare(
    SettingSpec(
        "zone.home",
        _TIME,
        "Home zone of new patients",
        "The zone a new person lives in; it is assumed where a recording states none.",
        Kind.ZONE,
        "",
        words=("time zone", "clock"),
    )
)
declare(
    SettingSpec(
        "backup.automatic",
        _BACKUP,
        "Back up every day",
        "A verified backup is made when a day has passed since the last one, while the vault is open.",
        Kind.SWITCH,
        True,
        right=Right.RESTORE,
        security=True,
        dangerous=True,
        words=("schedule", "daily"),
    )
)
declare(
    SettingSpec(
        "backup.folder",
        _BACKUP,
        "Folder for backups",
        "Where backups are kept from the next opening on; another disk survives the loss of this one.",
        Kind.FOLDER,
        "",
        right=Right.RESTORE,
        security=True,
        words=("place", "disk"),
    )
)
declare(
    SettingSpec(
        "external.sending",
        _SENDING,
        "Sending to outside services",
        "Whether anything may be sent to an outside service; each person's consent is asked for besides.",
        Kind.SWITCH,
        False,
        right=Right.SET_POLICY,
        rule="external.sending",
        dangerous=True,
        words=("insight", "cloud", "model", "network"),
    )
)
