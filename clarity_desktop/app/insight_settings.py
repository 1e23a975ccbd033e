"""Settings of insights: who speaks, with which model, at which price, and within which limits."""

from __future__ import annotations

from typing import Final

from clarity_desktop.app.settings_registry import Kind, SettingSpec, declare
from clarity_desktop.domain.users import Right

__all__ = [
    "ADDRESS",
    "CLOUD_SCORE",
    "CLOUD_TEXT",
    "EMERGENCY",
    "LIMIT_DAY",
    "LIMIT_MONTH",
    "MODEL",
    "PRICE_DATE",
    "PRICE_IN",
    "PRICE_OUT",
    "PROVIDER",
]

_SECTION: Final = "Insights"

PROVIDER: Final = declare(
    SettingSpec(
        "insights.provider",
        _SECTION,
        "Who puts facts into words",
        "Rules work on this computer and send nothing; a model elsewhere sees the facts table and nothing else.",
        Kind.CHOICE,
        "rules",
        right=Right.SET_POLICY,
        choices=(("rules", "Rules, on this computer"), ("gemini", "Gemini"), ("cloud", "The CLARITY cloud")),
        security=True,
        dangerous=True,
        words=("model", "text", "language"),
    )
)
MODEL: Final = declare(
    SettingSpec(
        "insights.gemini_model",
        _SECTION,
        "Model of Gemini",
        "Name of the model as its provider writes it.",
        Kind.TEXT,
        "gemini-2.5-flash",
        right=Right.SET_POLICY,
        security=True,
    )
)
ADDRESS: Final = declare(
    SettingSpec(
        "insights.gemini_address",
        _SECTION,
        "Address for Gemini",
        "Another address than the provider's own, such as that of a gateway; a change asks for consent again.",
        Kind.TEXT,
        "",
        right=Right.SET_POLICY,
        security=True,
    )
)
PRICE_IN: Final = declare(
    SettingSpec(
        "insights.price_in",
        _SECTION,
        "Price of a million tokens sent",
        "In hundredths of the currency of the contract; the meter estimates cost from it.",
        Kind.NUMBER,
        30,
        right=Right.SET_POLICY,
        unit="hundredths",
    )
)
PRICE_OUT: Final = declare(
    SettingSpec(
        "insights.price_out",
        _SECTION,
        "Price of a million tokens received",
        "In hundredths of the currency of the contract.",
        Kind.NUMBER,
        250,
        right=Right.SET_POLICY,
        unit="hundredths",
    )
)
PRICE_DATE: Final = declare(
    SettingSpec(
        "insights.price_date",
        _SECTION,
        "Date of the prices",
        "When the prices above were looked up; the meter shows it.",
        Kind.TEXT,
        "2026-11",
        right=Right.SET_POLICY,
    )
)
LIMIT_DAY: Final = declare(
    SettingSpec(
        "insights.limit_day",
        _SECTION,
        "Most a day",
        "Estimated cost in hundredths at which sending stops until the next day (UTC).",
        Kind.NUMBER,
        100,
        right=Right.SET_POLICY,
        unit="hundredths",
    )
)
LIMIT_MONTH: Final = declare(
    SettingSpec(
        "insights.limit_month",
        _SECTION,
        "Most a month",
        "Estimated cost in hundredths at which sending stops until the next month (UTC).",
        Kind.NUMBER,
        1000,
        right=Right.SET_POLICY,
        unit="hundredths",
    )
)
EMERGENCY: Final = declare(
    SettingSpec(
        "insights.emergency_text",
        _SECTION,
        "What to do in an emergency",
        "The workplace's own protocol text; shown when a question reads like an emergency, never written by a model.",
        Kind.TEXT,
        "",
        right=Right.SET_POLICY,
        words=("protocol", "crisis"),
    )
)
CLOUD_SCORE: Final = declare(
    SettingSpec(
        "insights.cloud_score_label",
        _SECTION,
        "Label whose score the cloud may read",
        "The cloud reads six values, one of which it names a depression risk score. Nothing here computes one; the "
        "calibrated score of a head that was trained in this vault on this label of yours can stand there. Empty: "
        "none does, and nothing is sent to the cloud.",
        Kind.TEXT,
        "",
        right=Right.SET_POLICY,
        security=True,
        dangerous=True,
        words=("depression", "head", "research score"),
    )
)
CLOUD_TEXT: Final = declare(
    SettingSpec(
        "insights.cloud_text",
        _SECTION,
        "Show the cloud's own text",
        "Free prose of the cloud's language model; it cannot be checked against the facts and is marked so.",
        Kind.SWITCH,
        False,
        right=Right.SET_POLICY,
        security=True,
        dangerous=True,
    )
)
