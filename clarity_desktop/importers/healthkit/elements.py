"""Elements that are kept whole: workouts, correlations, activity summaries, the person, documents."""

from __future__ import annotations

from clarity_desktop.domain.importing import Element
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.time import Instant
from clarity_desktop.importers.healthkit.dates import parse_date
from clarity_desktop.importers.healthkit.markup import Node
from clarity_desktop.importers.healthkit.records import (
    Rejected,
    canonical_json,
    first_text,
    metadata_of,
    number_of,
    source_of,
)

__all__ = ["KEPT", "element_of", "person_of", "route_paths"]

_ENTERED = frozenset(("StateOfMind", "MedicationDoseEvent"))
"""Elements that the person enters. No public export holds one: named as the others are, by HealthKit's class."""
KEPT = _ENTERED | frozenset(
    ("Workout", "Correlation", "ActivitySummary", "ClinicalRecord", "Audiogram", "VisionPrescription", "Me")
)
"""Names of top-level elements that are kept whole."""

_SEX = {
    "HKBiologicalSexFemale": Sex.FEMALE,
    "HKBiologicalSexMale": Sex.MALE,
    "HKBiologicalSexOther": Sex.OTHER,
}
_Q = "HKQuantityTypeIdentifier"
_DISTANCES = (_Q + "DistanceWalkingRunning", _Q + "DistanceCycling", _Q + "DistanceSwimming")


def element_of(node: Node) -> Element | Rejected:
    """The element to keep, with everything the file says about it as canonical JSON."""
    attributes = node.attributes
    if node.name == "Me":
        return Element("Me", "Me", None, None, "", canonical_json({"attributes": attributes}))
    source = source_of(attributes)
    if node.name == "ActivitySummary":
        day = attributes.get("dateComponents", "")
        if not day:
            return Rejected(node.name, "date.missing")
        return Element(node.name, day, None, None, source, canonical_json({"attributes": attributes}))
    if node.name in ("ClinicalRecord", "VisionPrescription"):
        when = parse_date(attributes.get("receivedDate") or attributes.get("dateIssued") or "")
        start = None if when is None else when.instant
        identity = attributes.get("identifier") or attributes.get("resourceFilePath") or canonical_json(_document(node))
        key = "|".join((attributes.get("type", ""), source, str(start), identity))
        return Element(node.name, key, start, start, source, canonical_json(_document(node)))
    span = _span(attributes)
    if isinstance(span, str):
        return Rejected(node.name, span)
    start, stop = span
    kind = attributes.get("workoutActivityType") or attributes.get("type", "")
    document = _workout(node) if node.name == "Workout" else _document(node)
    key = "|".join((kind, source, str(start), str(stop)))
    if node.name in _ENTERED:
        # Two medications are taken at the same time: what the element says tells them apart.
        key += "|" + canonical_json(document)
    return Element(node.name, key, start, stop, source, canonical_json(document))


def _span(attributes: dict[str, str]) -> tuple[Instant, Instant] | str:
    start_text = attributes.get("startDate", "")
    end_text = attributes.get("endDate") or start_text
    if not start_text:
        return "date.missing"
    start, stop = parse_date(start_text), parse_date(end_text)
    if start is None or stop is None:
        return "date.impossible"
    if stop.instant < start.instant:
        return "date.reversed"
    return start.instant, stop.instant


def _document(node: Node) -> dict[str, object]:
    """Attributes, metadata and children, the latter under the plural of what they are."""
    document: dict[str, object] = {"attributes": node.attributes}
    metadata = metadata_of(node)
    if metadata:
        document["metadata"] = metadata
    children: dict[str, list[object]] = {}
    for child in node.children:
        if child.name != "MetadataEntry":
            children.setdefault(child.name, []).append(_document(child) if child.children else child.attributes)
    if children:
        document["children"] = children
    return document


def _workout(node: Node) -> dict[str, object]:
    document = _document(node)
    document["totals"] = _totals(node)
    return document


def _totals(node: Node) -> dict[str, object]:
    """Totals in the units of the file: from the statistics, else from the attributes.

    ``duration`` is the phone's own active time, which leaves pauses out; the end minus the start does not.
    """
    attributes = node.attributes
    totals: dict[str, object] = {}
    statistics = {child.attributes.get("type", ""): child.attributes for child in node.children}
    energy = statistics.get(_Q + "ActiveEnergyBurned", {})
    _put(totals, "energy", energy.get("sum"), energy.get("unit"))
    if "energy" not in totals:
        _put(totals, "energy", attributes.get("totalEnergyBurned"), attributes.get("totalEnergyBurnedUnit"))
    for name in _DISTANCES:
        if "distance" not in totals and name in statistics:
            _put(totals, "distance", statistics[name].get("sum"), statistics[name].get("unit"))
    if "distance" not in totals:
        _put(totals, "distance", attributes.get("totalDistance"), attributes.get("totalDistanceUnit"))
    heart = statistics.get(_Q + "HeartRate", {})
    for key, name in (("hr_avg", "average"), ("hr_min", "minimum"), ("hr_max", "maximum")):
        _put(totals, key, heart.get(name), None)
    _put(totals, "duration", attributes.get("duration"), attributes.get("durationUnit"))
    zone = first_text(metadata_of(node).get("HKTimeZone"))
    if zone:
        totals["zone"] = zone
    return totals


def _put(totals: dict[str, object], key: str, text: str | None, unit: str | None) -> None:
    number = number_of(text) if text is not None else None
    if number is not None:
        totals[key] = number[0]
        if unit:
            totals[f"{key}_unit"] = unit


def person_of(node: Node) -> dict[str, str]:
    """What the export says of the person: ``date_of_birth`` (ISO date) and ``sex``, where stated."""
    prefix = "HKCharacteristicTypeIdentifier"
    person: dict[str, str] = {}
    born = node.attributes.get(prefix + "DateOfBirth", "")
    if born:
        person["date_of_birth"] = born
    sex = _SEX.get(node.attributes.get(prefix + "BiologicalSex", ""))
    if sex is not None:
        person["sex"] = str(sex)
    blood = node.attributes.get(prefix + "BloodType", "").removeprefix("HKBloodType")
    if blood not in ("", "NotSet"):
        person["blood_type"] = blood
    return person


def route_paths(node: Node) -> list[str]:
    """Paths of route files that a workout names, without a leading slash."""
    paths: list[str] = []
    waiting = list(node.children)
    while waiting:
        child = waiting.pop()
        waiting.extend(child.children)
        if child.name == "FileReference" and child.attributes.get("path"):
            paths.append(child.attributes["path"].lstrip("/"))
    return paths
