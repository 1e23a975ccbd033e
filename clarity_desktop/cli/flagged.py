"""Groups of commands that leave out the verbs of features that are switched off (L-56)."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from clarity_desktop.cli.session import Session

__all__ = ["FLAGGED", "FlaggedGroup", "flagged"]

FLAGGED: dict[str, str] = {}
"""Flag by the name of its verb, such as ``test-routes``."""


def flagged(verb: str, flag: str) -> str:
    """Say that a verb belongs to a flag; answers the verb, for the decorator that declares it."""
    FLAGGED[verb] = flag
    return verb


class FlaggedGroup(TyperGroup):
    """Knows a flagged verb only while its flag is on here; without a vault that is what the settings say."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Verbs in order of declaration."""
        return [name for name in super().list_commands(ctx) if self._is_offered(ctx, name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb, or ``None`` where there is none."""
        return super().get_command(ctx, cmd_name) if self._is_offered(ctx, cmd_name) else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb; what is off is not suggested for a word that is near it either."""
        whole = self.commands
        self.commands = {name: one for name, one in whole.items() if self._is_offered(ctx, name)}
        try:
            return super().resolve_command(ctx, args)
        finally:
            self.commands = whole

    @staticmethod
    def _is_offered(ctx: Any, name: str) -> bool:
        flag = FLAGGED.get(name)
        if flag is None:
            return True
        session = ctx.find_root().obj
        return isinstance(session, Session) and session.services.flag(flag)
