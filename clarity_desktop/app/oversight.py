"""The services for those who look after the vault: its state, emergencies, last seen, the audit as a file."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.app.safekeeping import Notice, SafekeepingServices
from clarity_desktop.domain.errors import InputError, IntegrityError, NotFoundError
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.reports.disclosure.access import AccessReport as AccessReport
    from clarity_desktop.vault import AuditEntry as AuditEntry
    from clarity_desktop.vault import AuditVerdict as AuditVerdict
    from clarity_desktop.vault import Manifest as Manifest
    from clarity_desktop.vault import Restored as Restored
    from clarity_desktop.vault import Slot as Slot
    from clarity_desktop.vault.consent.records import Consent as Consent
    from clarity_desktop.vault.consent.retention import Due as Due
    from clarity_desktop.vault.consent.retention import Policy as Policy
    from clarity_desktop.vault.erasure.certificate import CertificateOfErasure as CertificateOfErasure
    from clarity_desktop.vault.erasure.holds import Hold as Hold

__all__ = ["LEFT_MACHINE", "EmergencyUse", "OversightServices", "SecurityState"]

LEFT_MACHINE: Final = ("report", "export", "insight", "sync", "print", "table", "audit.export", "clipboard")
"""First words of the actions by which something leaves this machine."""
_REVIEW: Final = "emergency.review"
_OPENED: Final = "emergency.open"
_REVIEWED = re.compile(r"entry (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class EmergencyUse:
    """One time that the sealed emergency code opened the vault (V-14)."""

    seq: int
    """Of its entry in the audit."""
    at: Instant
    reason: str
    actions: int
    """Entries of that opening, the opening itself included."""
    patients: int
    """Patients that those entries name."""
    reviewed_by: str = ""
    reviewed: Instant | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SecurityState:
    """What the security page says (V-83)."""

    cipher: str
    page_size: int
    """Bytes."""
    schema: str
    slots: Mapping[str, int]
    """Ways in by kind: one's own, for admins those of everybody."""
    last_verified: Manifest | None
    """The latest backup that was found whole."""
    backups: int
    external_sending: bool
    exceptions: tuple[Notice, ...]
    """What deserves somebody's attention; empty when nothing does."""


class OversightServices(SafekeepingServices, PreferenceServices):
    """State, review and export. Part of ``Services``."""

    @needs(Right.OWN_ACCESS)
    def security_state(self) -> SecurityState:
        """Encryption, ways in, backups, sending and open exceptions; the audit's chain is checked apart."""
        info = self.vault.info()
        me = self.user()
        slots = self.vault.people.slots(None if Right.MANAGE_PEOPLE in me.rights else me.id)
        return SecurityState(
            info.cipher,
            info.page_size,
            info.schema,
            Counter(slot.kind for slot in slots),
            self.vault.backups.last_verified(),
            len(self.vault.backups.list()),
            self.setting("external.sending") is True,
            (*self.notices(), *self._exceptions({slot.kind for slot in slots if slot.user == me.id})),
        )

    def _exceptions(self, mine: set[str]) -> list[Notice]:
        found = []
        if "recovery" not in mine and not self.user().emergency:
            found.append(
                Notice(
                    "recovery.none",
                    "You have no recovery code. A forgotten passphrase could not be replaced by yourself.",
                    "Print one on the key slots page.",
                )
            )
        if self.setting("backup.automatic") is False:
            found.append(Notice("backup.manual", "Daily backups are switched off.", "Switch them on in the settings."))
        if self.setting("external.sending") is True:
            found.append(
                Notice(
                    "external.on",
                    "Sending to outside services is switched on.",
                    "Switch it off in the settings when nothing is to be sent.",
                )
            )
        if Right.READ_ALL_AUDIT in self.user().rights:
            waiting = sum(use.reviewed is None for use in self.emergency_uses())
            if waiting:
                found.append(
                    Notice(
                        "emergency.unreviewed",
                        f"{waiting} emergency {'use waits' if waiting == 1 else 'uses wait'} for review.",
                        "Review it on the audit page.",
                    )
                )
        return found

    @needs(Right.MANAGE_PEOPLE)
    def last_seen(self) -> dict[str, Instant]:
        """When each user last opened the vault, by name, UTC seconds; who never did is left out."""
        from clarity_desktop.vault import AuditQuery

        found = {}
        for user in self.vault.people.everybody():
            entries = self.vault.audit.find(AuditQuery(action="vault.open", who=user.name, limit=1))
            if entries:
                found[user.name] = entries[0].at
        return found

    @needs(Right.READ_OWN_AUDIT, Right.READ_ALL_AUDIT)
    def search_audit(
        self,
        *,
        who: str | None = None,
        action: str | None = None,
        patient_id: str | None = None,
        outcome: str | None = None,
        span: Span | None = None,
        left_machine: bool = False,
        limit: int | None = 500,
    ) -> list[AuditEntry]:
        """The latest entries that meet all conditions, newest first; one's own, for admins everybody's.

        Parameters
        ----------
        action:
            An action, or the first words of several.
        span:
            Between two instants, UTC seconds.
        left_machine:
            Only actions by which something leaves this machine (:data:`LEFT_MACHINE`).
        """
        from clarity_desktop.vault import AuditQuery

        actions = LEFT_MACHINE if left_machine else (action or None,)
        found: dict[int, AuditEntry] = {}
        for one in actions:
            query = AuditQuery(patient_id=patient_id, action=one, who=who, outcome=outcome, span=span, limit=limit)
            found.update((entry.seq, entry) for entry in self.find_audit(query))
        newest = sorted(found.values(), key=lambda entry: entry.seq, reverse=True)
        return newest if limit is None else newest[:limit]

    @needs(Right.READ_OWN_AUDIT, Right.READ_ALL_AUDIT)
    def export_audit(self, path: Path, entries: list[AuditEntry]) -> str:
        """Write entries to a file that anybody can read, signed against changes; answers its SHA-256.

        The export is an entry itself. With the entries go their hashes in the chain, and what its check came to.
        """
        from clarity_desktop.app.audit_export import write_export
        from clarity_desktop.vault.store.chain import audit_key

        audit = self.vault.audit
        audit.append("audit.export", detail=f"{len(entries)} entries")
        verdict = audit.verify()
        (head,) = audit.entries(limit=1)
        digests = audit.digests({head.seq, *(one.seq for one in entries)})
        chain = {
            "entries": verdict.entries,
            "whole": verdict.chain_ok,
            "first_that_differs": verdict.first_bad,
            "head": {"seq": head.seq, "hash": digests[head.seq]},
        }
        key = audit_key(self.vault.data_key())
        made, by = int(time.time()), self.user().name
        return write_export(path, entries, key, made=made, by=by, chain=chain, digests=digests)

    @needs(Right.READ_ALL_AUDIT)
    def check_audit_export(self, path: Path) -> int:
        """How many entries an exported file holds, if it is as this vault wrote it and they hang in its chain still.

        Entries that expired meanwhile are not asked for.

        Raises
        ------
        InputError
            ``audit.not_an_export``.
        IntegrityError
            ``audit.export_altered``; ``audit.export_differs`` when the vault holds other entries under these numbers.
        """
        from clarity_desktop.app.audit_export import check_export
        from clarity_desktop.vault.store.chain import audit_key

        held = check_export(path, audit_key(self.vault.data_key()))
        now = self.vault.audit.digests(held)
        if any(held[seq] is not None and held[seq] != digest for seq, digest in now.items()):
            raise IntegrityError(
                "audit.export_differs",
                "The vault holds other entries than this export.",
                remedy="Keep both as they are and ask the person who looks after security.",
            )
        return len(held)

    # -- emergencies ----------------------------------------------------------------------------------------

    @needs(Right.READ_ALL_AUDIT)
    def emergency_uses(self) -> list[EmergencyUse]:
        """Each use of the sealed emergency code, newest first, with its review."""
        from clarity_desktop.vault import AuditQuery

        audit = self.vault.audit
        opened = audit.find(AuditQuery(action=_OPENED, limit=None))[::-1]
        reviews = {}
        for entry in audit.find(AuditQuery(action=_REVIEW, limit=None)):
            told = _REVIEWED.fullmatch(entry.detail)
            if told is not None:
                reviews[int(told[1])] = (entry, told[2])
        names = {entry.who for entry in opened}
        acts = [one for name in names for one in audit.find(AuditQuery(who=name, limit=None))]
        uses = []
        for place, entry in enumerate(opened):
            until = opened[place + 1].seq if place + 1 < len(opened) else None
            mine = [one for one in acts if one.seq >= entry.seq and (until is None or one.seq < until)]
            patients = {one.patient_id for one in mine if one.patient_id}
            review, note = reviews.get(entry.seq, (None, ""))
            uses.append(
                EmergencyUse(
                    entry.seq,
                    entry.at,
                    entry.detail,
                    len(mine),
                    len(patients),
                    "" if review is None else review.who,
                    None if review is None else review.at,
                    note,
                )
            )
        return uses[::-1]

    @needs(Right.READ_ALL_AUDIT)
    def review_emergency(self, seq: int, note: str) -> None:
        """Record that an emergency use was looked into; the note stays in the audit.

        Raises
        ------
        NotFoundError
            ``emergency.unknown``.
        InputError
            ``emergency.no_note``.
        """
        if seq not in {use.seq for use in self.emergency_uses()}:
            raise NotFoundError(
                "emergency.unknown", "There was no such emergency use.", remedy="Choose one from the list."
            )
        text = " ".join(note.split())
        if not text:
            raise InputError("emergency.no_note", "A review needs a note.", remedy="Say in a few words what was found.")
        self.vault.audit.append(_REVIEW, detail=f"entry {seq}: {text}")
