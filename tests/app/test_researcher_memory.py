"""A researcher's process never holds the names of patients, not even for a moment of a batch (V-42)."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.domain.users import Role
from tests.app.team import OWNER, make_team, session, words_of

pytestmark = pytest.mark.slow

NAMES = ("Zephyrine Quillfeather", "Oswaldine Thistlewhite", "Barnabine Crookshanks")
BORN = date(1913, 8, 27)

_BATCH = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clarity_desktop.app import open_services
    from clarity_desktop.domain.errors import ClarityError
    from clarity_desktop.vault import KdfParameters, Vault

    home, name, passphrase = Path(sys.argv[1]), sys.argv[2], sys.stdin.readline().rstrip("\\n")
    services = open_services(home)
    services._adopt(
        Vault.open(home / "vault", passphrase, person=name, kdf_floor=KdfParameters.for_tests())
    )
    shown = []
    for patient in services.patients():
        shown.append(patient.name)
        services.open_patient(patient.id)
        services.summary(patient.id)
        services.imports(patient.id)
        services.elements(patient.id)
        services.zone_timeline(patient.id)
        for series in services.series(patient.id):
            services.samples(series.id)
        try:
            services.report_pdf(patient.id, home / f"{patient.code}.pdf")
        except ClarityError:
            continue
    print(len(shown), flush=True)
    sys.stdin.readline()
    """
)


def memory_of(process: int) -> bytes:
    """Everything that a process may write to, and so holds of its own."""
    found = []
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if span is None or "[vvar]" in line or "[vsyscall]" in line:
                continue
            start, stop = int(span[1], 16), int(span[2], 16)
            try:
                memory.seek(start)
                found.append(memory.read(stop - start))
            except (OSError, ValueError, OverflowError):
                continue
    return b"\0".join(found)


def names_in_memory(home: Path, name: str, passphrase: str) -> set[str]:
    command = [sys.executable, "-c", _BATCH, str(home), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(passphrase + "\n")
        child.stdin.flush()
        assert child.stdout.readline().strip() == str(len(NAMES))
        try:
            memory = memory_of(child.pid)
        except PermissionError:
            pytest.skip("this system does not let a parent look into the memory of its child")
        finally:
            child.stdin.write("\n")
            child.stdin.flush()
    assert len(memory) > 10_000_000
    wanted = (*NAMES, BORN.isoformat())
    return {text for text in wanted for code in ("utf-8", "utf-16-le", "utf-32-le") if text.encode(code) in memory}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the memory of a process is a file on Linux alone")
def test_v42_no_name_is_in_the_memory_of_a_researchers_batch(tmp_path: Path, table: Path) -> None:
    make_team(tmp_path, Rita=Role.RESEARCHER, Anna=Role.CLINICIAN)
    with session(tmp_path) as owner:
        for name in NAMES:
            person = owner.add_patient(name, birth_date=BORN)
            owner.import_file(table, patient_id=person.id)
        # An earlier name is a name too.
        owner.vault.patients.update(replace(person, name="Another Name"))
        owner.vault.patients.update(person)
    assert names_in_memory(tmp_path, "Rita", words_of("Rita")) == set()
    # The same batch of somebody who sees names holds them: the search would find what is there.
    assert set(NAMES) <= names_in_memory(tmp_path, "Owner", OWNER)
