"""The part of the services by which an erasure reaches other devices, and wins over reading and restore."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.app.sync_conflicts import SyncConflictServices
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.exchange import RECORDS_KIND, ExchangeRecord, RecordClass, Stamp, new_version
from clarity_desktop.domain.sync import SyncReason
from clarity_desktop.domain.time import Span

if TYPE_CHECKING:
    from clarity_desktop.cloud.api import CloudApi
    from clarity_desktop.cloud.sync.pull import RemoteIndex

__all__ = ["ERASED_ELSEWHERE", "SyncErasedServices"]

ERASED_ELSEWHERE: Final = "erased_elsewhere"
"""Notice: another device has erased somebody who is here; two people decide here, as with every erasure."""
_KEPT: Final = "sync_erased"
_TO_TELL: Final = "erasures-to-tell"
_NOTICES: Final = uuid.UUID("0d6f7f0a-5a2f-4a2c-9a43-8a0c9f6a1b55")


class SyncErasedServices(SyncConflictServices):
    """Part of ``Services``; calls that ask a server wait, so make them from a worker."""

    def _erased(self, key: str) -> frozenset[str]:
        """Numbers of people who were erased, also where an older copy of the vault was restored that knew them."""
        kept = dict(self.settings.get(_KEPT) or {}).get(f"{self._vault_mark()}/{key}", [])
        return self.vault.exchange.erased(key).union(map(str, kept))

    def _note_erased(self, key: str, numbers: Collection[str]) -> None:
        if not self._erased(key).issuperset(numbers):
            kept = dict(self.settings.get(_KEPT) or {})
            name = f"{self._vault_mark()}/{key}"
            self.settings.set(_KEPT, kept | {name: sorted({*kept.get(name, []), *numbers})})
        self.vault.exchange.note_erased(key, numbers)

    def _erased_there(self, key: str, index: RemoteIndex) -> frozenset[str]:
        """All of whom nothing is read: erased here, or by another device as the server's notices tell."""
        told = {one.person for one in index.pieces.values() if one.erases}
        if told:
            self._note_erased(key, told)
        return self._erased(key)

    def _stop_erased(self, key: str) -> None:
        """Nothing more goes of somebody whom another device has erased; a person is told."""
        erased, outbox = self._erased(key), self.vault.outbox
        for number, patient_id in self.vault.exchange.people(key).items():
            if number in erased:
                if patient_id in outbox.enabled(key):
                    outbox.disable(patient_id, key, SyncReason.ERASED)
                outbox.tell(key, ERASED_ELSEWHERE, {}, patient_id)

    def _erase_elsewhere(self, patient_id: str) -> None:
        """Before an erasure here: the servers delete what they hold, and the other devices are told by number."""
        numbers = self.vault.exchange.numbers_of(patient_id)
        for key, ids in numbers.items():
            self._note_erased(key, ids)
        super()._erase_elsewhere(patient_id)
        pending: dict[str, Any] = self.vault.outbox.recall(_TO_TELL, {})
        for key, ids in numbers.items():
            pending[key] = sorted({*pending.get(key, []), *ids})
        if numbers:
            self.vault.outbox.remember(_TO_TELL, pending)
        proofs = self.server_erasures().get(patient_id, {})
        for key in numbers:
            if proofs.get(key, {}).get("open"):
                # The server did not answer; the next cycle asks again, and tells then.
                continue
            try:
                self._tell_erasures(key)
            except ClarityError as error:
                # Erasure here waits for nobody; it is told at the next cycle.
                self.vault.audit.append("cloud.erase", patient_id=patient_id, outcome="refused", detail=error.code)

    def _finish_erasures(self, key: str) -> None:
        super()._finish_erasures(key)
        self._tell_erasures(key)

    def _tell_erasures(self, key: str) -> None:
        """Tell the other devices whom to erase, and let the server delete what those have sent of them."""
        from clarity_desktop.cloud.sync.pull import read_index
        from clarity_desktop.cloud.sync.removal import erase_uploads

        pending: dict[str, Any] = self.vault.outbox.recall(_TO_TELL, {})
        numbers = [str(one) for one in pending.get(key, [])]
        if not numbers:
            return
        self._require_sending()
        api = self._cloud_api(next((one for one in self._accounts() if one.key == key), None) or self._account(key))
        index = self._net.run(read_index(api))
        theirs = [one for one in index.pieces.values() if one.person in numbers]
        held = sorted({name for one in theirs if not one.erases for name in one.processing_ids})
        if held:
            self._net.run(erase_uploads(api, held))
        told = {one.person for one in theirs if one.erases}
        for number in numbers:
            if number not in told:
                self._send_notice(api, number)
        self.vault.outbox.remember(_TO_TELL, {**pending, key: []})
        self.vault.audit.append("cloud.erase", detail=f"{len(numbers)} told to other devices, {len(held)} of theirs")

    def _send_notice(self, api: CloudApi, number: str) -> None:
        """One upload that names a number and says that it was erased; the same id at each try."""
        from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
        from clarity_desktop.cloud.sync.reading import records_channel
        from clarity_desktop.cloud.sync.records import records_text

        version = new_version(Stamp(1, self._replica()), {})
        text = records_text([ExchangeRecord(RecordClass.ERASURE, "", (version,))])
        carrier = self._carriers(self._account_key_of(api))[RECORDS_KIND]
        ((metric, _),) = packed_metrics(carrier, [records_channel(number, text)], Span(-1, 0))
        name = str(uuid.uuid5(_NOTICES, number))
        body = request_body(api.user_id, [{"metric_id": name, **metric}], name, time.time())
        self._net.run(api.upload_metrics(body, correlation=name))

    def _account_key_of(self, api: CloudApi) -> str:
        return next((one.key for one in self._accounts() if one.user_id == api.user_id), self._account_key())
