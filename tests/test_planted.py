"""Every byte that the program leaves on the disk is searched for forty planted identifiers."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_NAMED = {
    "name": "Canaria Plantagenet",
    "second": "Secunda Plantagenet",
    "born": "1931-07-19",
    "tag": "canary-tag-4711",
    "csv": "Canaria Plantagenet export.csv",
    "xml": "Canaria Plantagenet watch.xml",
    "broken": "Canaria Plantagenet broken.xml",
    "document": "Letter of Plantagenet.txt",
    "given_by": "Guardian Kestrelwood",
    "witness": "Witness Ottersham",
    "withdrawn_by": "Advocate Finchley-Moor",
    "reason": "Case 1187 Plantagenet v. Clinic",
    "search": "Somebody Quillfeather",
    "own": "note about Plantagenet",
    "crash": "canary-crash 72 bpm",
    "passphrase": "nine canary herons at dusk",
    "user": "Doctor Marlowe-Vane",
}
_IN_FILES = (
    "Canaria's Watch", "canary device serial 99X", "MRN-CANARY-0042", "canary-workout-key", "canary metadata 31",
    "canary.person@example.org", "+49 176 5550123", "canary street 12", "canary diagnosis F51", "canary insurer 77",
    "canary letter text 01", "canary letter text 02", "canary letter text 03", "canary letter text 04",
    "canary letter text 05", "canary letter text 06", "canary csv column", "canary broken text", "canary source app",
    "canary hardware Watch6,7", "canary firmware 10.1", "canary clinic ward 3", "canary referring doctor",
)  # fmt: skip
CANARIES = (*(text for word, text in _NAMED.items() if word != "user"), *_IN_FILES)
"""All but the name of the user, which the lock screen offers and the key file names."""


def make_inputs(folder: Path) -> None:
    folder.mkdir()
    rows = "".join(
        f"2024-05-{6 + minute // 1440:02d}T{minute % 1440 // 60:02d}:{minute % 60:02d}:00+02:00,{minute % 211}\n"
        for minute in range(3 * 1440)
    )
    (folder / _NAMED["csv"]).write_text("timestamp,counts\n" + rows)
    who = '<Me HKCharacteristicTypeIdentifierDateOfBirth="1931-07-19"/>'
    device = "&lt;&lt;HKDevice&gt;, name:canary device serial 99X, hardware:canary hardware Watch6,7&gt;"
    records = "".join(
        f'<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Canaria\'s Watch" unit="count/min" '
        f'device="{device}" sourceVersion="canary firmware 10.1" creationDate="2024-05-06 10:{minute:02d}:00 +0200" '
        f'startDate="2024-05-06 10:{minute:02d}:00 +0200" endDate="2024-05-06 10:{minute:02d}:00 +0200" value="61">'
        f'<MetadataEntry key="note" value="canary metadata 31 MRN-CANARY-0042"/></Record>'
        for minute in range(50)
    )
    workout = (
        '<Workout workoutActivityType="canary-workout-key" sourceName="canary source app" duration="9" '
        'startDate="2024-05-06 10:00:00 +0200" endDate="2024-05-06 10:09:00 +0200"/>'
    )
    (folder / _NAMED["xml"]).write_text(f'<HealthData locale="de_DE">{who}{records}{workout}</HealthData>')
    (folder / _NAMED["broken"]).write_text("<HealthData><Record canary broken text=")
    (folder / _NAMED["document"]).write_text("\n".join(_IN_FILES))


def needles() -> Iterator[tuple[str, bytes]]:
    for text in CANARIES:
        for code in ("utf-8", "utf-16-le", "utf-16-be"):
            yield text, text.encode(code)
        yield text, base64.b64encode(text.encode())[:-4]
        yield text, text.replace(" ", "%20").encode()


def found_in(root: Path) -> list[tuple[str, str]]:
    wanted, seen = list(needles()), []
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        content = name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"")
        seen += [(name, text) for text, needle in wanted if needle in content]
    return seen


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="folders of a home are set by POSIX variables")
@pytest.mark.parametrize("killed", [False, True])
def test_v1_v36_v37_no_planted_identifier_is_in_anything_that_is_left(tmp_path: Path, killed: bool) -> None:
    assert len(CANARIES) >= 39
    left, inputs, exports = tmp_path / "left", tmp_path / "inputs", tmp_path / "exports"
    make_inputs(inputs)
    exports.mkdir()
    places = {"HOME": "user", "TMPDIR": "tmp", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache",
              "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "runtime"}  # fmt: skip
    for name in places.values():
        (left / name).mkdir(parents=True, mode=0o700)
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LD_LIBRARY_PATH")}
    environment |= {key: str(left / name) for key, name in places.items()}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "PYTHONFAULTHANDLER": "1"}
    home = left / "home"

    def run(arguments: list[str], line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            input=line + "\n",
            text=True,
            capture_output=True,
            cwd=left / "tmp",
            env=environment,
            timeout=500,
            check=False,
        )

    script = [str(ROOT / "tests" / "planted_run.py"), str(home), str(inputs), str(exports)]
    ran = run(script, json.dumps({**_NAMED, "kill": killed}))
    assert ran.returncode == (-9 if killed else 0), ran.stderr[-2000:]
    patient_id = ran.stdout.split()[-1]
    cli = ["-m", "clarity_desktop", "--home", str(home), "--passphrase-stdin"]
    for command in (
        ["patient", "show", patient_id],
        ["series", "list", patient_id],
        ["analyze", "--patient", patient_id],
        ["audit", "list", "--limit", "5"],
        ["import", str(inputs / _NAMED["broken"]), "--patient", patient_id],
        ["vault", "verify"],
        ["vault", "backup"],
        ["doctor"],
    ):
        answer = run([*cli, *command], _NAMED["passphrase"])
        assert "Traceback" not in answer.stderr, (command, answer.stderr[-2000:])
        if command[0] not in ("import", "doctor", "analyze", "series"):
            assert answer.returncode == 0, (command, answer.stderr[-2000:])
    names = {path.name for path in left.rglob("*")}
    assert {"vault.db", "settings.json", "manifest.json"} <= names
    assert any(name.endswith(".log") for name in names)
    assert (exports / "person.zip").exists()
    assert found_in(left) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """What the search is for would be found: in a name, in plain bytes, in wide letters, in base64."""
    (tmp_path / "a").write_bytes(b"\0\1" + "Canaria Plantagenet".encode("utf-16-le"))
    (tmp_path / "b").write_text(base64.b64encode(b"x: Canaria Plantagenet")[4:].decode())
    (tmp_path / "Letter of Plantagenet.txt").touch()
    assert {name for name, _ in found_in(tmp_path)} >= {"a", "Letter of Plantagenet.txt"}
