"""Reads a typed question: what it is about, or why it is not answered. The question itself is never sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clarity_desktop.domain.insights import Topic
from clarity_desktop.insights.facts.topics import TOPIC_METRICS
from clarity_desktop.insights.grounding.lexicon import catalogue

__all__ = ["QuestionReading", "QuestionRefusal", "read_question"]


class QuestionRefusal(StrEnum):
    """Why a question is not answered."""

    EMERGENCY = "emergency"
    """The workplace's own protocol text is shown instead."""
    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    INSTRUCTION = "instruction"
    """It asks the program to do something else than to answer."""
    UNKNOWN = "unknown"
    """Nothing in it names something that is measured."""

    @property
    def sentence(self) -> str:
        """The reason for a clinician."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    QuestionRefusal.EMERGENCY: "This reads like an emergency. The program gives no advice; this is the protocol here:",
    QuestionRefusal.DIAGNOSIS: "Whether somebody has a condition is not answered here. Ask for what was measured.",
    QuestionRefusal.MEDICATION: "Medication, doses and treatment are not answered here. Ask for what was measured.",
    QuestionRefusal.INSTRUCTION: "Only questions about measured facts are answered here.",
    QuestionRefusal.UNKNOWN: "Nothing that is measured was found in the question. Name a measure, such as time asleep.",
}


@dataclass(frozen=True, slots=True)
class QuestionReading:
    """What a question is about."""

    refusal: QuestionRefusal | None
    topic: Topic = Topic.OVERVIEW
    metrics: tuple[str, ...] = ()
    """Measures that it names; empty for the whole topic."""


_REFUSALS: Final = (
    (
        QuestionRefusal.EMERGENCY,
        (
            r"suicid\w*|kill (?:him|her|them|my)sel\w+|self[- ]harm\w*|overdos\w*|emergenc\w*|unconscious|"
            r"not breathing|chest pain|seizure|stroke|collapsed?|danger to (?:self|others)|wants? to die|ambulance|"
            r"suizid\w*|selbstmord\w*|umbringen|selbstverletz\w*|überdos\w*|notfall\w*|notarzt|bewusstlos|atmet nicht|"
            r"brustschmerz\w*|krampfanfall|schlaganfall|will sterben|lebensgefahr"
        ),
    ),
    (
        QuestionRefusal.MEDICATION,
        (
            r"medicat\w*|medicin\w*|drugs?|dos(?:e|es|age|ing)|pills?|tablets?|prescri\w*|mg|milligrams?|treat\w*|therap\w*|"
            r"melatonin|zolpidem|lithium|quetiapine|trazodone|benzodiazepin\w*|antidepress\w*|ssri|sedativ\w*|"
            r"sleeping aids?|taper\w*|medikament\w*|arznei\w*|dosis|dosier\w*|tabletten?|verschreib\w*|behandel\w*|"
            r"schlafmittel|absetzen"
        ),
    ),
    (
        QuestionRefusal.DIAGNOSIS,
        (
            r"diagnos\w*|depress\w*|bipolar|mani[ac]\w*|hypomani\w*|insomni\w*|ap(?:n|h)o?ea|narcolep\w*|adhd|adhs|disorder\w*|"
            r"disease\w*|syndrome?\w*|psycho\w*|schizo\w*|dementia|anxi\w*|ptsd|parkinson\w*|ill(?:ness)?|sick|suffer\w*|"
            r"relaps\w*|prognos\w*|normal|abnormal|healthy|pathologic\w*|risk|"
            r"depression\w*|störung\w*|krank\w*|erkrankung\w*|schlafapnoe|schlaflos\w*|angst\w*|demenz|gesund|rückfall\w*|"
            r"risiko\w*|pathologisch"
        ),
    ),
    (
        QuestionRefusal.INSTRUCTION,
        (
            r"ignore\s\w+|system prompt|instructions?|password|other patients?|execute|delete|api key|consent on|"
            r"ignorier\w*|anweisung\w*|passwort|andere patient\w*|lösche?n?"
        ),
    ),
)
_COMPILED: Final = tuple((code, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for code, words in _REFUSALS)

_WORDS: Final[Mapping[str, str]] = {
    "tst": r"(?:total )?sleep (?:time|duration|length)|time asleep|hours? (?:of sleep|asleep)|"
    r"how (?:long|much)\b.*\bslee?p\w*|"
    r"schlafdauer|gesamtschlafzeit|wie (?:lange|viel)\b.*\b(?:schlaf|geschlafen|schläft)\w*",
    "se": r"sleep efficiency|efficiency|schlafeffizienz|effizienz",
    "waso": r"waso|awake (?:after|at night|during)|wake (?:after|time)|wachzeit|wach (?:nach|in der nacht)",
    "sol": r"(?:sleep (?:onset )?)?latency|fall(?:ing)? asleep|einschlaf(?:latenz|en|dauer)|latenz",
    "awakenings": r"awakenings?|wak(?:e|es|ing) up|woke up|wachphasen|aufwachen|aufgewacht",
    "tib": r"time in bed|zeit im bett",
    "midsleep": r"mid-?sleep|midpoint|schlafmitte|(?:sleep )?timing|when\b.*\bslee?p\w*|wann\b.*\bschläf\w*",
    "midsleep_sd": r"(?:variability|spread) of (?:mid-?sleep|timing)|streuung",
    "onset": r"(?:sleep )?onset|bed ?time|einschlafzeit",
    "offset": r"(?:final awakening|wake[- ]?up|rise) time|aufwachzeit",
    "deep": r"deep sleep|slow[- ]wave|tiefschlaf",
    "rem": r"rem(?: sleep|-schlaf)?",
    "core": r"(?:core|light) sleep|kernschlaf",
    "debt": r"sleep debt|schlafdefizit",
    "sri": r"sri|regularity(?: index)?|regular|regularitätsindex|regelmäßig\w*|schlafregularität\w*",
    "sjl": r"social jet ?lag|sozialer? jetlag|jetlag",
    "cpd": r"composite phase deviation|cpd|phasenabweichung",
    "is": r"interdaily stability|stabilität zwischen",
    "iv": r"intradaily variability|fragmentation of activity|variabilität innerhalb",
    "ra": r"relative amplitude|rhythm strength|relative[nr]? amplitude",
    "l5_onset": r"l5(?: onset|-beginn)?|least active",
    "m10_onset": r"m10(?: onset|-beginn)?|most active",
    "period": r"period length|dominant period|circadian period|periode",
    "steps": r"steps?|walk\w*|schritt\w*",
    "mesor": r"mesor|mean activity|mittlere aktivität",
    "acrophase": r"acrophase|peak (?:time|of activity)|akrophase",
    "light": r"bright light|light exposure|time in (?:bright )?light|licht\w*",
    "rhr": r"resting (?:heart rate|pulse)|heart rate|pulse|ruhe(?:herzfrequenz|puls)|herzfrequenz|puls",
    "hr_dip": r"(?:nocturnal )?dip|herzfrequenzabfall",
    "rmssd": r"hrv|rmssd|heart rate variability|herzfrequenzvariabilität",
    "coverage": r"coverage|complete(?:ness)?|abdeckung|vollständig\w*",
    "wear": r"worn|wear(?:ing)?(?: time)?|tragezeit|getragen",
    "nonwear": r"not worn|non-?wear|taken off|nicht getragen|abgelegt",
    "valid_days": r"valid days|gültige[nr]? tage?|how many days|wie viele tage",
    "pat": r"pat|research score|forschungswert",
}
_METRICS: Final = tuple((name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for name, words in _WORDS.items())
_TOPICS: Final = tuple(
    (topic, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for topic, words in (
        (Topic.SLEEP, r"slee?p\w*|slept|nights?|schlaf\w*|schläft|geschlafen|nächte?|nacht"),
        (Topic.HEART, r"heart\w*|herz\w*"),
        (Topic.REGULARITY, r"rhythms?|routine|rhythmus|rhythmen"),
        (Topic.ACTIVITY, r"activity|active|movement|aktivität\w*|aktiv|bewegung\w*"),
        (Topic.DATA_QUALITY, r"data(?: quality)?|missing|recording\w*|daten\w*|lücken?|fehlen\w*|aufzeichnung\w*"),
        (Topic.OVERVIEW, r"overview|summary|changed?|überblick|zusammenfassung|geändert|änderung\w*"),
    )
)


def read_question(text: str) -> QuestionReading:
    """What a question in English or German is about, or why it is not answered; the firmest refusal first."""
    plain = " ".join(text.split())
    for refusal, pattern in _COMPILED:
        if pattern.search(plain):
            return QuestionReading(refusal)
    named = [name for name, pattern in _METRICS if pattern.search(plain)]
    lowered = plain.casefold()
    named += [
        name
        for name, entry in catalogue().items()
        if name not in named and any(label.casefold() in lowered for label in entry.labels.values() if len(label) > 4)
    ]
    if named:
        counts = {topic: sum(name in metrics for name in named) for topic, metrics in TOPIC_METRICS.items()}
        counts.pop(Topic.EVENT)
        best = max(counts, key=lambda topic: counts[topic])
        if counts[best]:
            return QuestionReading(None, best, tuple(name for name in named if name in TOPIC_METRICS[best]))
    topic = next((topic for topic, pattern in _TOPICS if pattern.search(plain)), None)
    return QuestionReading(QuestionRefusal.UNKNOWN) if topic is None else QuestionReading(None, topic)
