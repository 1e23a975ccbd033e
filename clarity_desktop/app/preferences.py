"""The services that read and change settings: declared ones only, by those who may, with an entry in the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.settings_registry import SETTINGS, Kind, SettingSpec, SettingValue
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.app.settings import Settings

__all__ = ["PreferenceServices"]

_ACTION: Final = "settings.change"


class PreferenceServices(AccessServices):
    """Settings of the workstation. Part of ``Services``."""

    settings: Settings

    @open_to_all
    def setting(self, setting_id: str) -> SettingValue:
        """The value in force: the stored one where it is valid and within its cap, else the default.

        Raises
        ------
        NotFoundError
            ``settings.unknown``.
        """
        spec = SETTINGS[setting_id]
        stored = self._rule(spec) if spec.rule else self.settings.get(spec.id)
        try:
            value = spec.default if stored is None else spec.checked(stored)
        except ClarityError:
            value = spec.default
        if spec.capped_by and isinstance(value, int):
            return min(value, int(self.setting(spec.capped_by)))
        return value

    @needs(Right.OWN_ACCESS)
    def may_change(self, setting_id: str) -> bool:
        """Whether the user's roles let them change a setting."""
        return SETTINGS[setting_id].right in self.user().rights

    @needs(Right.OWN_ACCESS)
    def change_setting(self, setting_id: str, value: SettingValue) -> SettingValue:
        """Change a setting; answers the value before, for undo.

        Raises
        ------
        NotPermittedError
            ``rights.missing`` unless the user has the right that the setting names.
        InputError
            ``settings.value``, ``time.unknown_zone``.
        """
        spec = SETTINGS[setting_id]
        self.require(spec.right, f"change_setting {spec.id}")
        wanted = spec.checked(value)
        before = self.setting(spec.id)
        if spec.capped_by and isinstance(wanted, int):
            wanted = min(wanted, int(self.setting(spec.capped_by)))
        if wanted == before:
            return before
        if spec.rule:
            # The rule's own entry tells of it, in the same transaction.
            self.vault.rules.set(spec.rule, int(wanted))
        else:
            if spec.security:
                self.vault.audit.append(_ACTION, detail=f"{spec.id}: {_told(spec, before)} to {_told(spec, wanted)}")
            self.settings.set(spec.id, wanted)
        self._announce(Change.SETTINGS)
        return before

    @needs(Right.OWN_ACCESS)
    def write_settings(self, path: Path) -> Path:
        """Write all declared settings to a JSON file; there are no secrets among them (U-69)."""
        document = {spec.id: self.setting(spec.id) for spec in SETTINGS}
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
        return path

    def _rule(self, spec: SettingSpec) -> SettingValue | None:
        vault = self._vault
        found = None if vault is None else vault.rules.get(spec.rule)
        return found if found is None or spec.kind is Kind.NUMBER else bool(found)


def _told(spec: SettingSpec, value: SettingValue) -> str:
    # A folder's name may name a person or a place, so the audit says only whether one was chosen.
    return ("chosen" if value else "default") if spec.kind.value == "folder" else str(value)
