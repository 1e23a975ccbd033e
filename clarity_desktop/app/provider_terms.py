"""What people are told of a provider before they consent: where data goes, and what it is used for, with a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["TERMS", "ProviderTerms"]


@dataclass(frozen=True, slots=True)
class ProviderTerms:
    """The text beside a consent (I-67)."""

    version: str
    """Kept with each consent."""
    date: str
    """When the points were written down; a workplace checks them against its own contract."""
    consent: str
    points: tuple[tuple[str, str], ...]


TERMS: Final[Mapping[str, ProviderTerms]] = {
    "rules": ProviderTerms("1", "2026-11-21", "Rules work on this computer.", (("What leaves", "Nothing."),)),
    "gemini": ProviderTerms(
        "1",
        "2026-11-21",
        "A table of measured values is sent to the language model so that it can put them into sentences. The table "
        "holds no name, date, place, free text or raw recording; “What would be sent” shows it byte by byte.",
        (
            ("Data region", "The provider chooses where a request is worked on, which can be outside this country."),
            (
                "Training",
                "Depends on the contract behind the key; check the contract of this workplace before you consent.",
            ),
            ("Keeping", "The provider can keep requests for a time to look for misuse."),
        ),
    ),
    "cloud": ProviderTerms(
        "2",
        "2026-11-21",
        "Six values are sent to the CLARITY cloud, which has a language model write about them: sleep efficiency, "
        "total sleep time, wake after sleep onset, sleep onset latency, interdaily stability, and the research score "
        "of a head that was trained in this vault, which the cloud names a depression risk score. No name, date or "
        "free text is sent.",
        (
            ("Keeping", "The cloud stores the text that it writes in its own database."),
            ("Data region", "Where the operator of the cloud runs it."),
            ("Checked", "Its text is free prose, which this program cannot check against the facts."),
        ),
    ),
}
"""Terms by provider."""
