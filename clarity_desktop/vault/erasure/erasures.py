"""Erasing patients: begun by two people, journalled, carried through whatever happens, and certified (V-62 to V-66)."""

from __future__ import annotations

import builtins
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select, update

from clarity_desktop.domain.errors import ConflictError, NotFoundError, UsageError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.erasure.certificate import CertificateOfErasure, CopyState, ErasedCopy
from clarity_desktop.vault.erasure.copies import BackupPlace, clear_copies
from clarity_desktop.vault.erasure.holds import require_no_hold
from clarity_desktop.vault.erasure.ledger import ErasureLedger, LedgerEntry
from clarity_desktop.vault.erasure.rows import delete_patient, patients_in
from clarity_desktop.vault.intake.stage import remove_stale_stages
from clarity_desktop.vault.seal.keyring import read_wrapped
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Erasures"]

_TABLE = schema.erasures
_Plan = dict[str, Any]


class Erasures:
    """The erasures of a vault.

    The journal row is the point of no return: from its commit on, an erasure is taken up at every opening until it is
    done. Each step may be repeated.
    """

    def __init__(self, store: Store, data_key: Callable[[], bytes]) -> None:
        self._store = store
        self._data_key = data_key
        self._steps: Final = (self._enter, self._clear_copies, self._destroy_key, self._delete, self._rewrite)

    def erase(
        self,
        patient_id: PatientId,
        *,
        requested_by: str,
        confirmed_by: str,
        content_sha256: str = "",
        places: Sequence[BackupPlace] = (),
    ) -> CertificateOfErasure:
        """Erase a patient for good.

        Parameters
        ----------
        requested_by, confirmed_by:
            Two people (V-47).
        content_sha256:
            Hash of what is held, for the certificate.
        places:
            Folders of backups; those that are not there are named in the certificate.

        Raises
        ------
        UsageError
            ``erase.two_people``.
        NotFoundError
            ``patient.unknown``.
        ConflictError
            ``patient.on_hold``; ``erase.import_running``; ``vault.in_use`` when somebody else reads the vault: the
            data is deleted then, and its pages are rewritten at the next opening.
        """
        first, second = requested_by.strip(), confirmed_by.strip()
        if not first or not second or first.casefold() == second.casefold():
            raise UsageError(
                "erase.two_people",
                "An erasure needs two people: one who asks for it and another one who confirms it.",
                remedy="Let a second authorised person confirm it. Who works alone confirms with the recovery code.",
            )
        self._require_no_import()
        wrapped = read_wrapped(self._store.layout.patient_keys).get(patient_id)
        plan: _Plan = {
            "content_sha256": content_sha256,
            "key_sha256": "" if wrapped is None else hashlib.sha256(wrapped).hexdigest(),
            "places": [[str(place.folder), place.expires] for place in places],
            "again": False,
        }
        with self._store.writing("patient.erase.begin", patient_id) as write:
            if patient_id not in patients_in(write.connection):
                raise NotFoundError(
                    "patient.unknown", "The vault has no such patient.", remedy="List the patients and choose one."
                )
            require_no_hold(write.connection, patient_id)
            row = {"patient_id": patient_id, "begun": int(time.time()), "requested_by": first, "confirmed_by": second}
            write.connection.execute(insert(_TABLE).values(**row, plan=json.dumps(plan), certificate=""))
        return self._carry_through(patient_id)

    def settle(self, ledger: Path | None = None) -> tuple[PatientId, ...]:
        """Carry through what was begun, and erase again whom an older copy has brought back.

        Parameters
        ----------
        ledger:
            A further ledger to follow, such as that of a backup; its genuine entries are kept in the vault's own.

        Returns
        -------
        The patients erased now.
        """
        own = ErasureLedger(self._store.layout.erased, self._data_key())
        if ledger is not None:
            own.add(*ErasureLedger(ledger, self._data_key()).entries())
        with self._store.reading() as connection:
            rows = connection.execute(select(_TABLE.c.patient_id, _TABLE.c.begun, _TABLE.c.done)).all()
            present = patients_in(connection)
        own.add(*(LedgerEntry(row.patient_id, row.begun) for row in rows))
        undone = {row.patient_id for row in rows if row.done is None}
        returned = [entry for entry in own.entries() if entry.patient_id in present - undone]
        for entry in returned:
            self._begin_again(entry)
        settled = (*sorted(undone), *(entry.patient_id for entry in returned))
        for patient_id in settled:
            try:
                self._carry_through(patient_id)
            except ConflictError as error:
                # The rows are deleted by then; the pages wait until nobody else reads the vault.
                if error.code != "vault.in_use":
                    raise
        return settled

    def list(self) -> builtins.list[CertificateOfErasure]:
        """The certificates of all erasures that are done, oldest first."""
        query = select(_TABLE.c.certificate).where(_TABLE.c.done.is_not(None)).order_by(_TABLE.c.begun)
        with self._store.reading() as connection:
            return [CertificateOfErasure.from_json(text) for text in connection.execute(query).scalars()]

    def certificate(self, patient_id: PatientId) -> CertificateOfErasure:
        """The certificate of one erasure; raises :class:`NotFoundError` (``erase.unknown``)."""
        for certificate in self.list():
            if certificate.pseudonym == patient_id:
                return certificate
        raise NotFoundError("erase.unknown", "There is no such erasure.", remedy="List the erasures first.")

    def _begin_again(self, entry: LedgerEntry) -> None:
        wrapped = read_wrapped(self._store.layout.patient_keys).get(entry.patient_id)
        plan: _Plan = {
            "content_sha256": "",
            "key_sha256": "" if wrapped is None else hashlib.sha256(wrapped).hexdigest(),
            "places": [],
            "again": True,
        }
        row = {"begun": int(time.time()), "plan": json.dumps(plan), "done": None, "certificate": ""}
        with self._store.writing("patient.erase.again", entry.patient_id) as write:
            done = write.connection.execute(update(_TABLE).where(_TABLE.c.patient_id == entry.patient_id).values(row))
            if done.rowcount == 0:
                who = {"patient_id": entry.patient_id, "requested_by": "", "confirmed_by": ""}
                write.connection.execute(insert(_TABLE).values(**who, **row))

    def _carry_through(self, patient_id: PatientId) -> CertificateOfErasure:
        with self._store.reading() as connection:
            row = connection.execute(select(_TABLE).where(_TABLE.c.patient_id == patient_id)).one()
        if row.done is not None:
            return CertificateOfErasure.from_json(row.certificate)
        plan: _Plan = json.loads(row.plan)
        entry = LedgerEntry(patient_id, row.begun)
        for step in self._steps:
            step(entry, plan)
        certificate = CertificateOfErasure(
            patient_id,
            row.requested_by,
            row.confirmed_by,
            row.begun,
            max(row.begun, int(time.time())),
            plan["content_sha256"],
            plan["key_sha256"],
            plan.get("rows", {}),
            plan["pages"],
            tuple(ErasedCopy(copy["place"], CopyState(copy["state"]), copy["until"]) for copy in plan["copies"]),
            plan["again"],
        )
        with self._store.writing("patient.erase.done", patient_id) as write:
            values = {"done": certificate.done, "certificate": certificate.as_json(), "plan": ""}
            write.connection.execute(update(_TABLE).where(_TABLE.c.patient_id == patient_id).values(values))
            write.detail = f"{sum(certificate.rows.values())} rows, {len(certificate.copies)} copies"
        return certificate

    def _enter(self, entry: LedgerEntry, plan: _Plan) -> None:
        del plan
        ErasureLedger(self._store.layout.erased, self._data_key()).add(entry)

    def _clear_copies(self, entry: LedgerEntry, plan: _Plan) -> None:
        places = [BackupPlace(Path(folder), expires) for folder, expires in plan["places"]]
        copies = clear_copies(self._store.layout, self._data_key(), entry, places)
        # Doing it a second time finds less; what the first time found is what happened.
        before = {copy["place"]: copy for copy in plan.get("copies", ())}
        now = {copy.place: asdict(copy) for copy in copies}
        kept = {place: copy for place, copy in before.items() if _more(copy, now.get(place))}
        plan["copies"] = list({**now, **kept}.values())
        self._note(entry, plan)

    def _destroy_key(self, entry: LedgerEntry, plan: _Plan) -> None:
        del plan
        with self._store.staging():
            self._store.keys.destroy(entry.patient_id)

    def _delete(self, entry: LedgerEntry, plan: _Plan) -> None:
        with self._store.writing("patient.erase", entry.patient_id) as write:
            deleted = delete_patient(write.connection, entry.patient_id)
            if deleted:
                plan["rows"] = deleted
            values = {"plan": json.dumps(plan)}
            write.connection.execute(update(_TABLE).where(_TABLE.c.patient_id == entry.patient_id).values(values))
            write.detail = f"{sum(deleted.values())} rows"

    def _rewrite(self, entry: LedgerEntry, plan: _Plan) -> None:
        del entry
        plan["pages"] = self._store.rewrite_pages()

    def _note(self, entry: LedgerEntry, plan: _Plan) -> None:
        with self._store.staging() as connection:
            values = {"plan": json.dumps(plan)}
            connection.execute(update(_TABLE).where(_TABLE.c.patient_id == entry.patient_id).values(values))

    def _require_no_import(self) -> None:
        remove_stale_stages(self._store, everything=True)
        if any(self._store.layout.directory.glob("import-*.lock")):
            raise ConflictError(
                "erase.import_running",
                "An import is running, so nobody is erased now.",
                remedy="Wait until the import has ended, or stop it, and do it again.",
            )


def _more(before: dict[str, Any], now: dict[str, Any] | None) -> bool:
    return now is None or (
        now["state"] == CopyState.HOLDS_NOTHING and before["state"] in (CopyState.KEY_REMOVED, CopyState.ROWS_REMOVED)
    )
