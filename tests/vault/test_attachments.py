"""Documents are streams of authenticated segments, never in plain on the disk (V-36, V-62)."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import IntegrityError, NotFoundError
from clarity_desktop.vault import Vault
from clarity_desktop.vault.attachments.stream import SEGMENT_BYTES, SegmentCipher, segments_of


def document(size: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as pipes do."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(min(size, 4999))


@pytest.mark.parametrize(
    "size", [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, 40 * SEGMENT_BYTES + 77]
)
def test_a_document_comes_back_as_it_was(vault: Vault, size: int) -> None:
    patient, content = vault.patients.add("Ada"), document(size)
    added = vault.attachments.add(
        patient.id,
        Dribble(content),  # type: ignore[arg-type]
        name="letter.pdf",
        media_type="application/pdf",
    )
    assert (added.size, added.name) == (size, "letter.pdf")
    assert vault.attachments.list(patient.id) == [added]
    with vault.attachments.open(added.id) as reader:
        assert io.BufferedReader(reader).read() == content
    assert [entry.action for entry in vault.audit.entries(2)] == ["document.open", "document.add"]
    assert not list(vault.directory.glob("import-*"))


def test_ranges_are_read_without_the_rest(vault: Vault) -> None:
    patient, content = vault.patients.add("Ada"), document(10 * SEGMENT_BYTES + 5)
    added = vault.attachments.add(patient.id, io.BytesIO(content), name="a", media_type="b")
    with vault._store.staging() as connection:
        connection.exec_driver_sql("DELETE FROM attachment_segments WHERE number = 2")
    reader = io.BufferedReader(vault.attachments.open(added.id), 1)
    for start, length in (
        (0, 10),
        (SEGMENT_BYTES - 3, 6),
        (5 * SEGMENT_BYTES - 1, 3 * SEGMENT_BYTES),
        (len(content) - 4, 99),
    ):
        reader.seek(start)
        assert reader.read(length) == content[start : start + length]
    reader.seek(-5, io.SEEK_END)
    assert reader.read(5) == content[-5:]
    reader.seek(2 * SEGMENT_BYTES)
    with pytest.raises(IntegrityError) as caught:
        reader.read(1)
    assert caught.value.code == "attachment.damaged"
    with pytest.raises(ValueError, match="negative"):
        reader.seek(-1)


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM attachment_segments WHERE number = 3",
        "UPDATE attachment_segments SET data = zeroblob(65552) WHERE number = 1",
        "UPDATE attachment_segments SET number = 13 - number WHERE number IN (1, 2)",
        "UPDATE attachment_segments AS s SET data = (SELECT data FROM attachment_segments WHERE number = 1)",
        "UPDATE attachments SET size = size - 65536, segments = segments - 1",
        "UPDATE attachments SET size = size - 1",
    ],
)
def test_truncation_reordering_and_change_are_found(vault: Vault, harm: str) -> None:
    patient = vault.patients.add("Ada")
    added = vault.attachments.add(patient.id, io.BytesIO(document(3 * SEGMENT_BYTES + 9)), name="a", media_type="b")
    with vault._store.staging() as connection:
        connection.exec_driver_sql(harm)
        connection.exec_driver_sql("UPDATE attachment_segments SET number = number - 10 WHERE number > 10")
    with pytest.raises(IntegrityError), vault.attachments.open(added.id) as reader:
        io.BufferedReader(reader).read()


@given(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.booleans(), st.binary(max_size=40))
def test_a_segment_opens_only_in_its_own_place(at: int, other: int, last: bool, other_last: bool, plain: bytes) -> None:
    cipher = SegmentCipher.new(b"one")
    sealed = cipher.seal(at, plain, last=last)
    if (at, last) == (other, other_last):
        assert cipher.open(other, sealed, last=other_last) == plain
    else:
        with pytest.raises(IntegrityError):
            cipher.open(other, sealed, last=other_last)
    with pytest.raises(IntegrityError):
        SegmentCipher(cipher.key, cipher.prefix, b"two").open(at, sealed, last=last)
    assert segments_of(at * SEGMENT_BYTES + 1) == at + 1


def test_v36_no_plain_byte_is_on_the_disk_while_a_document_is_added(vault: Vault) -> None:
    patient, mark = vault.patients.add("Ada"), b"canary-of-the-document"
    found: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.002):
            for path in vault.directory.parent.rglob("*"):
                if path.is_file() and mark in path.read_bytes():
                    found.append(path.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        added = vault.attachments.add(patient.id, io.BytesIO(mark * 100_000), name="canary name", media_type="x")
        with vault.attachments.open(added.id) as reader:
            assert io.BufferedReader(reader).read().count(mark) == 100_000
    finally:
        stop.set()
        watcher.join()
    assert found == []
    with vault._store.reading() as connection:
        held = [bytes(row[0]) for row in connection.exec_driver_sql("SELECT sealed FROM attachments")]
        held += [row[0] for row in connection.exec_driver_sql("SELECT data FROM attachment_segments")]
    assert not any(mark in one or b"canary name" in one for one in held)


_KILLED = textwrap.dedent(
    """
    import io, os, sys
    from pathlib import Path
    from clarity_desktop.vault import Vault

    key, directory, patient = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1]), sys.argv[2]
    vault = Vault.open_with_key(directory, key)
    class Dying(io.BytesIO):
        def read(self, size=-1):
            return super().read(size) or os._exit(9)
    vault.attachments.add(patient, Dying(bytes(3_000_000)), name="a", media_type="b")
    """
)


def test_v36_a_killed_addition_leaves_nothing(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    kept = vault.attachments.add(patient.id, io.BytesIO(b"kept"), name="kept", media_type="text/plain")
    key, directory = vault.job_key(), vault.directory
    vault.close()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(directory), patient.id],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9, killed.stderr
    with Vault.open_with_key(directory, key) as again:
        assert again.attachments.list(patient.id) == [kept]
        with again._store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM attachment_segments").scalar_one() == 1
        again.attachments.remove(kept.id)
        with pytest.raises(NotFoundError):
            again.attachments.open(kept.id)


def test_v62_documents_go_with_their_patient(vault: Vault, tmp_path: Path) -> None:
    patient, other = vault.patients.add("Ada"), vault.patients.add("Bob")
    for one in (patient, other):
        vault.attachments.add(one.id, io.BytesIO(document(200_000)), name="a", media_type="b")
    certificate = vault.erase(patient.id, requested_by="A", confirmed_by="B")
    assert certificate.rows["attachments"] == 1
    assert certificate.rows["attachment_segments"] == 4
    assert len(vault.attachments.list(other.id)) == 1
