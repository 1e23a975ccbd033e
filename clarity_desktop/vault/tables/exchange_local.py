"""What of a patient travels beside samples, as fields: read from where it is kept, and written back to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from clarity_desktop.domain.annotations import Annotation
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.exchange import RecordClass
from clarity_desktop.domain.people import Patient, PatientId, Sex
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import DAY_S, Span, day_of_date, zone_of_name
from clarity_desktop.vault.consent.records import METHODS, Consent, Consents
from clarity_desktop.vault.tables.diary import ANNOTATION, AREAS, DAY, NIGHT, WEEK, Diary
from clarity_desktop.vault.tables.diary_entries import Draft
from clarity_desktop.vault.tables.exchange_records import RecordKey
from clarity_desktop.vault.tables.patients import Patients
from clarity_desktop.vault.tables.source_orders import SourceOrders

__all__ = ["PLACEHOLDER", "LocalRecords"]

PLACEHOLDER: Final = "of the server"
"""Ends the name of a patient who was made for a remote person and whose name nobody has given yet."""
_ORDER: Final = "source_order/"
_ELSEWHERE: Final = "recorded on another device"
_ALWAYS: Final = Span(0, 2**60)


class LocalRecords:
    """A vault's entries, demographics, consents and shared settings, by class and name."""

    def __init__(self, patients: Patients, diary: Diary, consents: Consents, orders: SourceOrders) -> None:
        self._patients, self._diary, self._consents, self._orders = patients, diary, consents, orders

    def read(self, patient_id: PatientId, *, only_consents: bool = False) -> dict[RecordKey, dict[str, Any]]:
        """Everything that stands now."""
        found = {(RecordClass.CONSENT, one): fields for one, fields in self._held(patient_id).items()}
        if only_consents:
            return found
        for area in AREAS:
            for entry in self._diary.entries.list(patient_id, area):
                found[RecordClass.NOTE, f"{area}/{entry.key}"] = entry.payload
        for name, value in _demographics(self._patients.get(patient_id)).items():
            found[RecordClass.DEMOGRAPHICS, name] = {"value": value}
        for kind, order in self._orders.get(patient_id).items():
            found[RecordClass.SETTING, f"{_ORDER}{kind}"] = {"order": list(order)}
        return found

    def write(self, patient_id: PatientId, key: RecordKey, fields: Mapping[str, Any] | None) -> None:
        """Let one record stand as another device or a person says.

        Raises
        ------
        IntegrityError
            ``sync.records`` for fields that say nothing that could stand here.
        """
        record_class, entity = key
        try:
            if record_class is RecordClass.NOTE:
                self._write_entry(patient_id, entity, fields)
            elif record_class is RecordClass.DEMOGRAPHICS and fields is not None:
                self._patients.update(_with(self._patients.get(patient_id), entity, str(fields["value"])))
            elif record_class is RecordClass.SETTING and entity.startswith(_ORDER):
                order = [] if fields is None else [str(one) for one in fields["order"]]
                self._orders.put(patient_id, entity.removeprefix(_ORDER), order)
            elif record_class is RecordClass.CONSENT and fields is not None:
                self._write_consent(patient_id, entity, fields)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(
                "sync.records",
                "What another device sent beside samples could not be read.",
                remedy="Bring both devices to the same version of this program, and sync again.",
                detail=f"{record_class.value}: {type(error).__name__}",
            ) from error

    # -- entries ------------------------------------------------------------------------------------------------

    def _write_entry(self, patient_id: PatientId, entity: str, fields: Mapping[str, Any] | None) -> None:
        area, _, key = entity.partition("/")
        if area not in AREAS:
            raise ValueError(area)
        entries = self._diary.entries
        if fields is None:
            if any(entry.key == key for entry in entries.list(patient_id, area)):
                entries.remove(patient_id, area, key)
            return
        entries.write(patient_id, area, [Draft(key, dict(fields), _span(area, key, fields))], "import")

    # -- consents -----------------------------------------------------------------------------------------------

    def _held(self, patient_id: PatientId) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for one in self._consents.list(patient_id):
            before = found.get(one.purpose)
            if before is not None and before["held"] and one.withdrawn is not None:
                continue
            found[one.purpose] = {
                "held": one.withdrawn is None,
                "expires": None if one.expires is None else one.expires.isoformat(),
                "text_version": one.text_version,
                "language": one.language,
                "method": one.method,
                "dated": one.dated.isoformat(),
            }
        return found

    def _write_consent(self, patient_id: PatientId, purpose: str, fields: Mapping[str, Any]) -> None:
        standing = [one for one in self._consents.list(patient_id) if _stands(one, purpose)]
        ends = None if fields.get("expires") is None else date.fromisoformat(str(fields["expires"]))
        if fields["held"] and any(one.expires == ends for one in standing):
            return
        for one in standing:
            self._consents.withdraw(one.id, withdrawn_by=_ELSEWHERE)
        if fields["held"]:
            method = str(fields["method"])
            self._consents.give(
                patient_id,
                purpose=purpose,
                text_version=str(fields["text_version"]),
                language=str(fields["language"]),
                given_by=_ELSEWHERE,
                method=method if method in METHODS else METHODS[0],
                dated=date.fromisoformat(str(fields["dated"])),
                expires=ends,
            )


def _stands(consent: Consent, purpose: str) -> bool:
    return consent.purpose == purpose and consent.withdrawn is None


def _span(area: str, key: str, fields: Mapping[str, Any]) -> Span:
    """When an entry speaks of; raises where its fields are none of its area."""
    if area == ANNOTATION:
        uuid.UUID(key)
        return Annotation.from_payload(fields, id=key, revision=0, author="", at=0).span
    if area == WEEK:
        if not all(0 <= int(one) < 7 for one in fields["weekdays"]):
            raise ValueError("weekdays")
        return _ALWAYS
    day = date.fromisoformat(key)
    if area == NIGHT:
        DiaryNight.from_payload(dict(fields), day=day, revision=0, author="", at=0)
    elif area == DAY:
        bool(fields["free"])
    start = day_of_date(day) * DAY_S
    return Span(start, start + DAY_S)


def _demographics(patient: Patient) -> dict[str, str]:
    """What somebody has stated; a name that stands in for one is none."""
    found = {} if patient.name.endswith(PLACEHOLDER) or patient.name == patient.code else {"name": patient.name}
    if patient.birth_date is not None:
        found["birth_date"] = patient.birth_date.isoformat()
    if patient.sex is not Sex.NOT_STATED:
        found["sex"] = patient.sex.value
    if patient.home_zone is not None:
        found["home_zone"] = patient.home_zone
    return found


def _with(patient: Patient, name: str, value: str) -> Patient:
    if name == "name":
        return replace(patient, name=value)
    if name == "birth_date":
        return replace(patient, birth_date=date.fromisoformat(value))
    if name == "sex":
        return replace(patient, sex=Sex(value))
    if name == "home_zone":
        zone_of_name(value)
        return replace(patient, home_zone=value)
    raise ValueError(name)
