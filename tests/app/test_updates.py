"""Notices of new versions: only those of the makers are believed, nothing is installed, an admin switches it off."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.app import updates
from clarity_desktop.app.updates import UpdateServices, checked_notice, package_is_genuine
from clarity_desktop.domain.errors import ClarityError, InputError, IntegrityError, NotPermittedError
from clarity_desktop.domain.users import Role
from tests.app.team import make_team, session

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SIGNER.public_key().public_bytes_raw()
PACKAGE = b"a package"
SAID: dict[str, Any] = {
    "format": 1,
    "program": "clarity-desktop",
    "version": "9.1.0",
    "released": "2026-12-01",
    "packages": {"linux": hashlib.sha256(PACKAGE).hexdigest()},
}


def signed(said: dict[str, Any] = SAID, signer: Ed25519PrivateKey = SIGNER) -> bytes:
    inner = json.dumps(said).encode()
    parts = {"notice": inner, "signature": signer.sign(inner)}
    return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode()


def test_v78_a_genuine_notice_is_read(tmp_path: Path) -> None:
    notice = checked_notice(signed(), KEY, present="1.2.3")
    assert (notice.version, notice.released, notice.is_newer) == ("9.1.0", "2026-12-01", True)
    fetched = tmp_path / "package"
    fetched.write_bytes(PACKAGE)
    assert package_is_genuine(fetched, notice)
    fetched.write_bytes(PACKAGE + b"!")
    assert not package_is_genuine(fetched, notice)


@pytest.mark.parametrize(
    ("present", "newer"), [("9.1.0", False), ("9.2.0", False), ("10.0.0", False), ("9.0.99", True)]
)
def test_v78_an_earlier_version_is_never_offered(present: str, newer: bool) -> None:
    assert checked_notice(signed(), KEY, present=present).is_newer is newer


def test_v78_what_somebody_else_signed_is_refused() -> None:
    for other in (signed(signer=Ed25519PrivateKey.generate()), signed()[:-4] + b'A"}'):
        with pytest.raises(ClarityError) as caught:
            checked_notice(other, KEY)
        assert caught.value.code in ("update.signature", "update.shape")


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_v78_no_flipped_bit_is_believed(at: int, bit: int) -> None:
    document = bytearray(signed())
    document[at % len(document)] ^= 1 << bit
    try:
        notice = checked_notice(bytes(document), KEY, present="1.0.0")
    except (InputError, IntegrityError):
        return
    # Base64 and JSON have more than one spelling of the same bytes; what is believed is what was signed.
    assert notice.version == "9.1.0"


@given(st.binary(max_size=300))
def test_v78_any_bytes_are_refused_in_words(document: bytes) -> None:
    with pytest.raises(InputError):
        checked_notice(document, KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"program": "another"},
        {"version": "next"},
        {"packages": {"linux": "00"}},
        {"packages": 7},
        {"released": None, "version": None},
    ],
)
def test_v78_a_signed_notice_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        checked_notice(signed({**SAID, **change}), KEY)


def test_v78_nothing_fetches_or_installs() -> None:
    offered = {name for name in vars(UpdateServices) if not name.startswith("_")}
    assert offered == {"check_update"}
    source = Path(updates.__file__).read_text("utf-8")
    for word in ("subprocess", "urllib", "httpx", "socket", "exec(", "os.system", "importlib"):
        assert word not in source


def test_v78_an_admin_switches_it_off_and_each_check_is_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_team(tmp_path, Anna=Role.CLINICIAN)
    notice = tmp_path / "notice.json"
    notice.write_bytes(signed())
    with session(tmp_path) as owner, session(tmp_path, "Anna") as anna:
        with pytest.raises(ClarityError) as caught:
            anna.check_update(notice)
        # This build has no key of its makers yet.
        assert caught.value.code == "update.no_key"
        key = tmp_path / "release-key.pub"
        key.write_text(base64.b64encode(KEY).decode())
        monkeypatch.setattr(updates, "_KEY", key)
        assert anna.check_update(notice).is_newer
        with pytest.raises(NotPermittedError):
            anna.change_setting("update.check", False)
        owner.change_setting("update.check", False)
        with pytest.raises(NotPermittedError) as off:
            owner.check_update(notice)
        assert off.value.code == "update.off"
        said = [(one.outcome, one.detail) for one in owner.vault.audit.entries(None) if one.action == "update.check"]
        assert said == [("refused", "switched off"), ("ok", "version 9.1.0"), ("refused", "update.no_key")]
