"""The part of the services that says how services stand: probes, breakers, limits, times, and what was learned."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from clarity_desktop.app.cloud_accounts import CloudAccountServices
from clarity_desktop.app.cloud_calls import figures_of_document
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.flags import DEVELOPER_ROUTES
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.sync import SyncServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.conditions import BreakerCondition, CloudCondition, HealthProbe, LearnedAbility, LimitUse
from clarity_desktop.domain.errors import ClarityError, NotFoundError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_sessions import CloudAccount
    from clarity_desktop.cloud.api import CloudApi
    from clarity_desktop.cloud.client import CloudClient
    from clarity_desktop.cloud.sync.cycle import CycleReport
    from clarity_desktop.domain.work import CancelToken

__all__ = ["LEARN_EVERY_S", "DiagnosticsServices"]

_log = logging.getLogger(__name__)
LEARN_EVERY_S: Final = 7 * 86_400
"""How long what was learned of a server is believed (L-84)."""
_HEALTH, _LEARNED, _FIGURES = "health", "learned", "calls"


class DiagnosticsServices(CloudAccountServices, SyncServices):
    """Part of ``Services``; what asks a server waits, so call it from a worker."""

    @open_to_all
    def lock(self) -> None:
        """Close the vault, after the figures of this run are kept for the next look."""
        try:
            self._keep_figures()
        except ClarityError as error:
            # Figures are worth less than a lock that closes.
            _log.info("figures of calls were not kept: %s", error.code)
        finally:
            super().lock()

    # -- how it stands ------------------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def cloud_conditions(self) -> tuple[CloudCondition, ...]:
        """How each service stands: one for each account, and one for each server without an account; asks no server."""
        accounts = self._accounts()
        servers = {one.url: one for one in self.cloud_servers()}
        found = [
            self._condition(servers.get(one.server, CloudServer(one.server, profile=one.profile)), one)
            for one in accounts
        ]
        taken = {one.server for one in accounts}
        return (*found, *(self._condition(one, None) for one in servers.values() if one.url not in taken))

    @needs(Right.OWN_ACCESS)
    def cloud_features_off(self) -> dict[str, str]:
        """Why features are off at the current account's server, by capability; from its description, asking nobody.

        Empty without an account, and before its server was ever asked.
        """
        from clarity_desktop.cloud.contract.features import features_off

        account = self.cloud_account()
        server = next((one for one in self.cloud_servers() if account is not None and one.url == account.server), None)
        if server is None or not server.detected:
            return {}
        return {one.capability: one.reason for one in features_off(server.detection())}

    def _condition(self, server: CloudServer, account: CloudAccount | None) -> CloudCondition:
        from clarity_desktop.cloud.contract.features import features_off

        key = server.url if account is None else account.key
        live = None if account is None else self._cloud_live.get(account.key)
        outbox = self.vault.outbox
        probes = tuple(HealthProbe(**one) for one in outbox.recall(f"{_HEALTH}/{key}", []))
        figures = self._cloud_calls.figures(server.url)
        kept = outbox.recall(_FIGURES, {}).get(server.url)
        if figures is None and kept is not None:
            figures = figures_of_document(kept)
        learned_at = int(outbox.recall(f"{_LEARNED}/{key}", {}).get("at", 0))
        return CloudCondition(
            key,
            urlsplit(server.url).netloc,
            server.profile,
            live is not None,
            probes,
            _breaker(None if live is None else live.client),
            self._limits(server, account),
            figures,
            self._learned(server, key),
            learned_at,
            time.time() - learned_at >= LEARN_EVERY_S,
            features_off(server.detection()) if server.detected else (),
        )

    def _limits(self, server: CloudServer, account: CloudAccount | None) -> tuple[LimitUse, ...]:
        from clarity_desktop.cloud.client.buckets import LIMITS

        clients = {
            False: self._client_of(server, user_id="" if account is None else account.user_id),
            # Signing in and registering are counted before it is known who it is.
            True: self._client_of(server),
        }
        found = []
        for name, (most, window_s) in LIMITS.items():
            bucket = clients[name in ("login", "register")].buckets[name]
            found.append(LimitUse(name, bucket.used(), most, int(window_s), round(bucket.wait_s(), 1)))
        return tuple(found)

    def _learned(self, server: CloudServer, key: str) -> tuple[LearnedAbility, ...]:
        from clarity_desktop.cloud.contract.features import FEATURES

        outbox = self.vault.outbox
        detection, at = server.detection(), server.detected
        routes = [
            LearnedAbility(
                f"route:{one}", ("yes" if detection.offers(one) else "no") if at else "unknown", at, title=title
            )
            for one, title in FEATURES.items()
        ]
        probe: dict[str, Any] = outbox.recall(f"probe/{key}") or {"at": 0, "types": {}}
        kinds = {"accepted": "yes", "refused": "no", "crashes": "no"}
        types = [
            LearnedAbility(f"type:{name}", kinds.get(one["outcome"], "unknown"), int(probe["at"]), one["outcome"])
            for name, one in sorted(probe["types"].items())
        ]
        ability = str(outbox.recall(f"ability/{key}", "unknown"))
        read_back = LearnedAbility(
            "read_back",
            {"full": "yes", "status": "no", "none": "no"}.get(ability, "unknown"),
            int(probe["at"]),
            "" if ability == "unknown" else ability,
        )
        reading = outbox.recall(f"{_LEARNED}/{key}", {}).get("abilities", [])
        unknown = [{"name": name, "found": "unknown", "at": 0, "detail": ""} for name in ("cursor", "etag")]
        return (*routes, *types, read_back, *(LearnedAbility(**one) for one in reading or unknown))

    # -- asking -------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def probe_services(self, cancel: CancelToken | None = None) -> tuple[CloudCondition, ...]:
        """Ask every known server how it is and what it can do; nothing is sent or changed there.

        What a server takes is learned by :meth:`probe_server`, which sends a sentinel and removes it.

        Raises
        ------
        NotPermittedError
            ``cloud.sending_off`` while an admin has switched sending off.
        CancelledError
            When cancelled; what was asked by then is kept.
        """
        self._require_sending()
        accounts = self._accounts()
        for account in accounts:
            self._probe(self._server(account.server), account, cancel)
        for server in self.cloud_servers():
            if server.url not in {one.server for one in accounts}:
                self._probe(server, None, cancel)
        self._announce(Change.SETTINGS)
        return self.cloud_conditions()

    def _probe(self, server: CloudServer, account: CloudAccount | None, cancel: CancelToken | None) -> None:
        from clarity_desktop.cloud.api.probing import PARTS, learn_reading, probe_health

        key, now = server.url if account is None else account.key, int(time.time())
        outbox = self.vault.outbox
        try:
            api, signed_in, own = self._probing_api(server, account)
        except ClarityError as error:
            nobody = [asdict(HealthProbe(part, "no_answer", now, error.code)) for part, _ in PARTS]
            outbox.remember(f"{_HEALTH}/{key}", nobody)
            return
        try:
            probes = self._net.run(probe_health(api, signed_in=signed_in), cancel)
            outbox.remember(f"{_HEALTH}/{key}", [asdict(one) for one in probes])
            if signed_in and any(one.outcome == "answers" for one in probes):
                try:
                    abilities = self._net.run(learn_reading(api, now), cancel)
                except ClarityError as error:
                    if error.exit_code != 7:
                        raise
                    # The list could not be read; what was learned before stays, with its time.
                    return
                outbox.remember(f"{_LEARNED}/{key}", {"at": now, "abilities": [asdict(one) for one in abilities]})
        finally:
            if own is not None:
                self._net.run(own.close())

    def _probing_api(
        self, server: CloudServer, account: CloudAccount | None
    ) -> tuple[CloudApi, bool, CloudClient | None]:
        """What to ask by, whether it is signed in, and the client to close afterwards. Its description is read anew."""
        from clarity_desktop.cloud.api import CloudApi

        if account is not None and self._tokens_kept().find(account.key) is not None:
            api = self._cloud_api(account)
            api.detection = self._detected(server, api.client, again=True).detection()
            return api, True, None
        client = self._client_of(server)
        try:
            found = self._detected(server, client, again=True)
        except ClarityError:
            self._net.run(client.close())
            raise
        return CloudApi(client, found.detection()), False, client

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def reset_breaker(self, service: str) -> None:
        """Let calls to a service pass again at once; an entry of the audit (L-26).

        Parameters
        ----------
        service:
            As :attr:`CloudCondition.service` names it.

        Raises
        ------
        NotFoundError
            ``cloud.service`` for a service that nobody here knows.
        """
        known = next((one for one in self.cloud_conditions() if one.service == service), None)
        if known is None:
            raise NotFoundError(
                "cloud.service", "This vault knows no such service.", remedy="Run: clarity-desktop diag, for the names."
            )
        live = self._cloud_live.get(service)
        if live is not None:
            self._net.run(live.client.reset_breakers())
        self.vault.audit.append("cloud.breaker_reset", detail=f"{known.host}: was {known.breaker.state}")
        self._announce(Change.SETTINGS)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def try_test_routes(self, url: str) -> tuple[HealthProbe, ...]:
        """Try the connection to a server by its test routes, without a token; only with the developer flag (L-75).

        Raises
        ------
        NotPermittedError
            ``flags.off`` without the flag, and always in the packaged program; ``cloud.sending_off``.
        """
        from clarity_desktop.cloud.api import CloudApi
        from clarity_desktop.cloud.api.probing import try_test_routes

        self._require_flag(DEVELOPER_ROUTES)
        self._require_sending()
        server = self._server(url)
        client = self._client_of(server)
        try:
            api = CloudApi(client, self._detected(server, client).detection())
            return self._net.run(try_test_routes(api))
        finally:
            self._net.run(client.close())

    # -- by itself ----------------------------------------------------------------------------------------------

    def _cycle(self, key: str, cancel: CancelToken, open_patient: str | None) -> CycleReport:
        report = super()._cycle(key, cancel, open_patient)
        learned = int(self.vault.outbox.recall(f"{_LEARNED}/{key}", {}).get("at", 0))
        if not report.stopped and time.time() - learned >= LEARN_EVERY_S:
            account = self._account(key)
            self._probe(self._server(account.server), account, cancel)
        return report

    def _keep_figures(self) -> None:
        if self._vault is None or self.vault.is_read_only:
            return
        new = self._cloud_calls.documents()
        held = self.vault.outbox.recall(_FIGURES, {})
        if new and {**held, **new} != held:
            self.vault.outbox.remember(_FIGURES, {**held, **new})


def _breaker(client: CloudClient | None) -> BreakerCondition:
    if client is None:
        return BreakerCondition("closed", 0)
    breaker = client.breaker
    wait = breaker.wait_s()
    until = int(client.clock.now() + wait) if breaker.opened_at is not None else None
    return BreakerCondition(breaker.state.value, breaker.failures, until, client.paused_capabilities())
