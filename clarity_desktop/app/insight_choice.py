"""The part of the services that says who puts facts into words: choice, key, and what it has cost."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from clarity_desktop.app import insight_settings as wanted
from clarity_desktop.app.insights import InsightServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.users import Right

__all__ = ["InsightChoiceServices", "InsightMeter", "KeyHint"]

_GEMINI: Final = "gemini"
_PURPOSE: Final = "insight-gemini"
_WARN_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class InsightMeter:
    """Tokens and estimated cost, in millionths of the currency of the settings."""

    today_tokens: int
    today_micros: int
    month_tokens: int
    month_micros: int
    limit_day_micros: int
    limit_month_micros: int
    price_date: str

    @property
    def warns(self) -> bool:
        """Whether a limit is nearly reached."""
        return (
            self.today_micros >= _WARN_SHARE * self.limit_day_micros
            or self.month_micros >= _WARN_SHARE * self.limit_month_micros
        )

    @property
    def within_limits(self) -> bool:
        """Whether more may be sent."""
        return self.today_micros < self.limit_day_micros and self.month_micros < self.limit_month_micros


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key in the keychain, by its last letters."""

    provider: str
    last_four: str


class InsightChoiceServices(PreferenceServices, InsightServices):
    """Who speaks about whom. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def insight_provider(self, patient_id: str) -> str:
        """Who speaks about a person: the clinic's choice, or the person's own where that sends less (I-62)."""
        clinic = str(self.setting(wanted.PROVIDER.id))
        own = self.vault.insights.choice(patient_id)
        return "rules" if own == "rules" else clinic

    @needs(Right.CHANGE_DATA)
    def choose_insight_provider(self, patient_id: str, provider: str | None) -> None:
        """Let only rules speak about a person (``rules``), or follow the clinic again (``None``).

        Raises
        ------
        UsageError
            ``insights.only_downward`` for anything that would send more than the clinic chose.
        """
        if provider not in (None, "rules"):
            raise UsageError(
                "insights.only_downward",
                "A person can be taken out of sending, not into it.",
                remedy="An admin chooses for the whole workplace in the settings.",
            )
        self.vault.insights.choose(patient_id, provider)

    @needs(Right.SET_POLICY)
    def set_insight_key(self, provider: str, key: str) -> KeyHint:
        """Test a key with a request that holds no content, then keep it in the keychain (I-63).

        Raises
        ------
        ProviderError
            When the provider does not take the key.
        LockedError
            ``keychain.unavailable``.
        """
        self._known(provider)
        self._require_library()
        self._provider_with(key.strip()).test_key()
        self.vault.secrets.keep(_PURPOSE, key.strip())
        self.vault.audit.append("insight.key", detail=f"{provider}: key set")
        return KeyHint(provider, key.strip()[-4:])

    @needs(Right.SET_POLICY)
    def forget_insight_key(self, provider: str) -> None:
        """Remove a key from the keychain."""
        self._known(provider)
        self.vault.secrets.forget(_PURPOSE)
        self.vault.audit.append("insight.key", detail=f"{provider}: key removed")

    @needs(Right.OWN_ACCESS)
    def insight_key(self, provider: str = _GEMINI) -> KeyHint | None:
        """The last four letters of the key, or ``None`` without one."""
        found = self.vault.secrets.find(_PURPOSE)
        return None if found is None else KeyHint(provider, found[-4:])

    @needs(Right.OWN_ACCESS)
    def insight_meter(self) -> InsightMeter:
        """Tokens and cost of today and this month (UTC), all people together."""
        today = datetime.now(UTC).date()
        month = _instant(today.replace(day=1))
        sends = self.vault.insights.sends(since=month)
        of_today = [one for one in sends if one.at >= _instant(today)]
        return InsightMeter(
            sum(one.tokens_in + one.tokens_out for one in of_today),
            sum(one.cost_micros for one in of_today),
            sum(one.tokens_in + one.tokens_out for one in sends),
            sum(one.cost_micros for one in sends),
            int(self.setting(wanted.LIMIT_DAY.id)) * 10_000,
            int(self.setting(wanted.LIMIT_MONTH.id)) * 10_000,
            str(self.setting(wanted.PRICE_DATE.id)),
        )

    def _known(self, provider: str) -> None:
        if provider != _GEMINI:
            raise UsageError(
                "insights.provider", "This provider sends nothing of its own.", remedy="Choose the provider gemini."
            )

    @staticmethod
    def _has_library() -> bool:
        """Whether the provider's library is installed; it is not imported for that."""
        try:
            return importlib.util.find_spec("google.genai") is not None
        except ModuleNotFoundError:
            return False

    def _require_library(self) -> None:
        from clarity_desktop.insights.gate import GateReason

        if not self._has_library():
            reason = GateReason.NO_LIBRARY
            raise ConflictError("insights.no_library", reason.sentence, remedy=reason.remedy)

    def _key(self) -> str | None:
        return self.vault.secrets.find(_PURPOSE)

    def _provider_with(self, key: str) -> Any:
        from clarity_desktop.cloud.client.addresses import checked_address
        from clarity_desktop.insights.providers.gemini import GeminiProvider

        address = str(self.setting(wanted.ADDRESS.id)).strip()
        url = checked_address(address) if address else None
        return GeminiProvider(key or "none", str(self.setting(wanted.MODEL.id)), base_url=url)


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
