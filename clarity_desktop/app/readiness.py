"""The part of the services that says whether the program is ready, with a locked vault or an open one (L-48, L-49)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from clarity_desktop.app.diagnostics import DiagnosticsServices
from clarity_desktop.app.identity import program_identity
from clarity_desktop.app.machine import disk_space, home_folder, keychain, model_files, models
from clarity_desktop.app.permissions import open_to_all
from clarity_desktop.domain.conditions import CloudCondition
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.program import ProgramIdentity, Readiness
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

__all__ = ["ReadinessServices"]

_LOCKED: Final = "Not looked at: the vault is locked"
_UNLOCK: Final = "Give the passphrase with --passphrase-file FILE before the command"


class ReadinessServices(DiagnosticsServices):
    """Part of ``Services``."""

    home: Path

    @open_to_all
    def identity(self) -> ProgramIdentity:
        """What build this is: version, schema, contract, models, source (L-50)."""
        return program_identity(self.home)

    @open_to_all
    def check_vault_at_rest(self) -> None:
        """Look whether the vault's files can be read as a vault, without a key; raises as ``check_at_rest``."""
        from clarity_desktop.vault.at_rest import check_at_rest

        check_at_rest(self.vault_directory)

    @open_to_all
    def readiness(self, cancel: CancelToken | None = None, *, asks: bool = True) -> tuple[Readiness, ...]:
        """Each thing that work needs, as ok, warn or fail.

        With a locked vault its schema and servers are not looked at, and say so.

        Parameters
        ----------
        asks:
            Whether servers are asked now, where sending is on and the user may; else the last answers are told.
        """
        home, disk, chain = home_folder(self.home), disk_space(self.home), keychain()
        return (
            self._vault_line(),
            self._schema_line(),
            Readiness("home", "ok" if home.ok else "fail", home.detail, "" if home.ok else home.remedy),
            Readiness(
                "disk",
                "ok" if disk.ok else "fail" if disk.required else "warn",
                disk.detail,
                "" if disk.ok else disk.remedy,
            ),
            self._models_line(),
            Readiness("keychain", "ok" if chain.ok else "warn", chain.detail, "" if chain.ok else chain.remedy),
            self._servers_line(cancel, asks=asks),
        )

    def _vault_line(self) -> Readiness:
        try:
            self.check_vault_at_rest()
        except ClarityError as error:
            return Readiness("vault", "fail", f"{error.message} ({error.code})", error.remedy)
        return Readiness("vault", "ok", "Open" if self._vault is not None else "Its files can be read; it is locked")

    def _schema_line(self) -> Readiness:
        from clarity_desktop.vault.store.schema import REVISION

        if self._vault is None:
            return Readiness("schema", "warn", f"{_LOCKED}; this program writes {REVISION}", _UNLOCK)
        held = self.vault.info().schema
        if held == REVISION:
            return Readiness("schema", "ok", held)
        return Readiness("schema", "fail", f"{held}, while this program writes {REVISION}", "Open the vault once")

    def _models_line(self) -> Readiness:
        found = models(self.home)
        check = model_files(self.home, found)
        if not found:
            return Readiness("models", "warn", check.detail, check.remedy)
        words = "; ".join(f"{one.id} {one.stored_sha256[:16]}, {one.problem or 'verified'}" for one in found)
        return Readiness("models", "ok" if check.ok else "fail", words, "" if check.ok else check.remedy)

    def _servers_line(self, cancel: CancelToken | None, *, asks: bool) -> Readiness:
        if self._vault is None:
            return Readiness("servers", "warn", f"{_LOCKED}, and servers are named in it", _UNLOCK)
        if not self.cloud_servers():
            return Readiness("servers", "ok", "None is set, and none is needed for work here")
        if self.setting("external.sending") is not True:
            return Readiness("servers", "ok", "Sending is switched off, so none is asked")
        may = bool(self.user().rights & {Right.SEND_INSIGHT, Right.SET_POLICY})
        found = self.probe_services(cancel) if asks and may else self.cloud_conditions()
        words = "; ".join(_reached(one) for one in found)
        reached = all(any(probe.outcome == "answers" for probe in one.probes) for one in found)
        remedy = "" if reached else "Check the network; work here goes on, and what waits is kept"
        return Readiness("servers", "ok" if reached else "warn", words, remedy)


def _reached(one: CloudCondition) -> str:
    if not one.probes:
        return f"{one.host}: not asked yet"
    answering = sum(probe.outcome == "answers" for probe in one.probes)
    if answering:
        return f"{one.host}: {answering} of {len(one.probes)} parts answer"
    return f"{one.host}: {next((probe.code for probe in one.probes if probe.code), 'no part answers')}"
