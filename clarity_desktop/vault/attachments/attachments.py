"""The documents of a vault: added from a stream, opened as one, never in plain on the disk (V-36)."""

from __future__ import annotations

import base64
import builtins
import hashlib
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import Connection, delete, insert, select

from clarity_desktop.domain.errors import InputError, NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.attachments.stream import SEGMENT_BYTES, SegmentCipher, damaged, segments_of
from clarity_desktop.vault.intake.stage import ImportLock, clear_stage
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.transactions import Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Attachment", "AttachmentReader", "Attachments", "remove_attachments"]

_TABLE, _SEGMENTS = schema.attachments, schema.attachment_segments
_AT_ONCE: Final = 16
"""Segments written in one short transaction (1 MiB)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One document."""

    id: str
    patient_id: PatientId
    name: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str
    added: Instant


class Attachments:
    """The documents of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, patient_id: PatientId, stream: BinaryIO, *, name: str, media_type: str) -> Attachment:
        """Store a document read from a stream. Memory stays bounded; a kill leaves nothing of it.

        Raises
        ------
        InputError
            ``attachment.no_name``.
        IntegrityError
            ``vault.patient_key``.
        """
        if not name.strip():
            raise InputError("attachment.no_name", "A document needs a name.", remedy="Type one.")
        seal = self._store.seal_of(patient_id)
        with file_failures():
            attachment_id, lock = ImportLock.new(self._store.layout)
        try:
            cipher = SegmentCipher.new(json.dumps([patient_id, attachment_id]).encode())
            size, sha256 = self._write(attachment_id, cipher, stream)
            facts = {
                "name": name.strip(),
                "media_type": media_type,
                "sha256": sha256,
                "key": base64.b64encode(cipher.key).decode("ascii"),
                "prefix": base64.b64encode(cipher.prefix).decode("ascii"),
            }
            added = int(time.time())
            row = {
                "id": attachment_id,
                "patient_id": patient_id,
                "added": added,
                "size": size,
                "segments": segments_of(size),
                "sealed": seal.seal(json.dumps(facts).encode(), _TABLE.name, attachment_id, size),
            }
            with self._store.writing("document.add", patient_id) as write:
                write.connection.execute(insert(_TABLE).values(row))
                write.detail = f"document {attachment_id}, {size} bytes"
        except BaseException:
            with self._store.staging() as connection:
                clear_stage(connection, attachment_id)
            raise
        finally:
            lock.release()
        return Attachment(attachment_id, patient_id, name.strip(), media_type, size, sha256, added)

    def list(self, patient_id: PatientId) -> builtins.list[Attachment]:
        """A patient's documents, oldest first."""
        query = select(_TABLE.c.id).where(_TABLE.c.patient_id == patient_id).order_by(_TABLE.c.added, _TABLE.c.id)
        with self._store.reading() as connection:
            ids = connection.execute(query).scalars().all()
        return [self.get(attachment_id) for attachment_id in ids]

    def get(self, attachment_id: str) -> Attachment:
        """What is known of a document; raises :class:`NotFoundError` (``attachment.unknown``)."""
        return self._found(attachment_id)[0]

    def open(self, attachment_id: str) -> AttachmentReader:
        """A document as a seekable file that decrypts what is read of it. The opening is an audit entry."""
        attachment, cipher = self._found(attachment_id)
        with self._store.noting("document.open", attachment.patient_id) as write:
            write.detail = f"document {attachment_id}"
        return AttachmentReader(self._store, attachment, cipher)

    def remove(self, attachment_id: str) -> None:
        """Remove a document; raises :class:`NotFoundError` (``attachment.unknown``)."""
        attachment = self.get(attachment_id)
        with self._store.writing("document.remove", attachment.patient_id) as write:
            remove_attachments(write.connection, [attachment_id])
            write.detail = f"document {attachment_id}"

    def _write(self, attachment_id: str, cipher: SegmentCipher, stream: BinaryIO) -> tuple[int, str]:
        digest, size, number = hashlib.sha256(), 0, 0
        waiting: builtins.list[dict[str, object]] = []
        segment = _exactly(stream)
        while True:
            # One segment ahead, so that the last one is known as such.
            following = _exactly(stream) if len(segment) == SEGMENT_BYTES else b""
            digest.update(segment)
            size += len(segment)
            data = cipher.seal(number, segment, last=not following)
            waiting.append({"attachment_id": attachment_id, "number": number, "data": data})
            if len(waiting) == _AT_ONCE or not following:
                with self._store.staging() as connection:
                    connection.execute(insert(_SEGMENTS), waiting)
                waiting = []
            if not following:
                return size, digest.hexdigest()
            segment, number = following, number + 1

    def _found(self, attachment_id: str) -> tuple[Attachment, SegmentCipher]:
        with self._store.reading() as connection:
            row = connection.execute(select(_TABLE).where(_TABLE.c.id == attachment_id)).first()
        if row is None:
            raise NotFoundError(
                "attachment.unknown", "The vault has no such document.", remedy="List the documents of the person."
            )
        seal: PatientSeal = self._store.seal_of(row.patient_id)
        facts = json.loads(seal.open(row.sealed, _TABLE.name, row.id, row.size))
        bound = json.dumps([row.patient_id, row.id]).encode()
        cipher = SegmentCipher(base64.b64decode(facts["key"]), base64.b64decode(facts["prefix"]), bound)
        found = Attachment(
            row.id, row.patient_id, facts["name"], facts["media_type"], row.size, facts["sha256"], row.added
        )
        return found, cipher


class AttachmentReader(io.RawIOBase):
    """A document as a file open for reading. Only the segments that are asked for are read and decrypted."""

    def __init__(self, store: Store, attachment: Attachment, cipher: SegmentCipher) -> None:
        super().__init__()
        self.attachment = attachment
        self._store = store
        self._cipher = cipher
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte; raises ``ValueError`` for one before the beginning."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.attachment.size}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; raises :class:`IntegrityError` (``attachment.damaged``) where the bytes are not genuine."""
        target = memoryview(buffer).cast("B")
        if self._at >= self.attachment.size:
            if self.attachment.size == 0:
                self._segment(0)
            return 0
        number, within = divmod(self._at, SEGMENT_BYTES)
        part = self._segment(number)[within : within + len(target)]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _segment(self, number: int) -> bytes:
        if self._held[0] == number:
            return self._held[1]
        last = number == segments_of(self.attachment.size) - 1
        query = select(_SEGMENTS.c.data).where(
            _SEGMENTS.c.attachment_id == self.attachment.id, _SEGMENTS.c.number == number
        )
        with self._store.reading() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            raise damaged(f"segment {number} is missing")
        plain = self._cipher.open(number, sealed, last=last)
        expected = self.attachment.size - number * SEGMENT_BYTES if last else SEGMENT_BYTES
        if len(plain) != expected:
            raise damaged(f"segment {number} has another length")
        self._held = (number, plain)
        return plain


def remove_attachments(connection: Connection, ids: Sequence[str]) -> None:
    """Remove documents within a write transaction."""
    for attachment_id in ids:
        connection.execute(delete(_SEGMENTS).where(_SEGMENTS.c.attachment_id == attachment_id))
        connection.execute(delete(_TABLE).where(_TABLE.c.id == attachment_id))


def _exactly(stream: BinaryIO) -> bytes:
    """The next segment's bytes: as many as a segment holds unless the stream ends."""
    parts: builtins.list[bytes] = []
    missing = SEGMENT_BYTES
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
