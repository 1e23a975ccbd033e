"""A scripted session whose words are canaries: none of them reaches a byte of the logs (L-46)."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from clarity_desktop import logs
from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.cli.main import run
from clarity_desktop.cloud.auth import TokenSet
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.logs import MOST_LOG_BYTES, log_files, start_logging, stop_logging
from clarity_desktop.vault import KdfParameters, Vault
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

WORDS = "seven quiet herons"
USER = "11111111-2222-4333-8444-555555555555"
NAME, NOTE, FILE = "Zuleika Quantock", "wept about Barnabas", "Quantock-holter"
SECRETS = (NAME, "Quantock", "Zuleika", NOTE, "Barnabas", FILE, WORDS, "zq@clinic.example", "kept-refresh-secret")


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def services(tmp_path: Path, replica: Replica, keychain: object) -> Iterator[Services]:
    del keychain
    found = open_services(tmp_path / "home")
    found._adopt(Vault.create(tmp_path / "home" / "vault", WORDS, kdf=KdfParameters.for_tests()))
    start_logging(tmp_path / "home", level=logging.DEBUG)
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url)
    now = time.time()
    tokens = TokenSet(stub_token(USER), "", SECRETS[-1], USER, SECRETS[-2], "", now, now + 3600)
    account = CloudAccount(replica.url, USER, SECRETS[-2], "openapi")
    found._tokens_kept().keep(account.key, SECRETS[-1])
    found.vault.outbox.remember(ACCOUNTS, [asdict(account)])
    found._go_live(found.cloud_servers()[0], account, tokens)
    yield found
    found.close()
    stop_logging()


def one_round(services: Services, folder: Path, table: Path, number: int) -> None:
    """What somebody does in some minutes, with everything that can go wrong."""
    (folder / f"{FILE}-{number}.csv").write_bytes(table.read_bytes())
    patient = services.add_patient(f"{NAME} {number}", birth_date=date(1971, 3, 9), tags=(NOTE,))
    services.open_patient(patient.id)
    services.import_file(folder / f"{FILE}-{number}.csv", patient_id=patient.id, zone="Europe/Berlin")
    services.save_annotation(
        patient.id, Annotation(AnnotationKind.OTHER, 1_715_000_000, title=NOTE, reason=f"said by {NAME}")
    )
    services.save_diary_night(
        patient.id, DiaryNight(date(2024, 5, 7) + timedelta(days=number % 5), 1380, 1390, 420, 430, comments=NOTE)
    )
    services.panel(patient.id)
    services.insight(patient.id)
    for wrong in (
        lambda: services.import_file(folder / f"{FILE}-absent.csv", patient_id=patient.id),
        lambda: services.patient(f"{NAME} nobody"),
        lambda: services.report_pdf(patient.id, folder / "absent" / f"{NAME}.pdf"),
        lambda: services._net.run(services._cloud_api(services._account(None)).processing_status(f"{NAME} {NOTE}")),
        lambda: services.cloud_steps(patient.id, date(2024, 5, 7)),
        lambda: services.check_cloud(f"http://{FILE}.invalid"),
        lambda: services.add_patient(" "),
    ):
        with suppress(ClarityError):
            wrong()
    home = services.home
    run(["--home", str(home), "patient", "show", f"{NAME} {number}"])
    run(["--home", str(home), "import", str(folder / f"{FILE}-gone.csv"), "--patient", NAME])
    # Each command line ends the logging that it began.
    start_logging(home, level=logging.DEBUG)
    try:
        raise ValueError(f"{NAME} {NOTE}")
    except ValueError:
        logging.getLogger("clarity_desktop.session").info("a worker ended", exc_info=True)


def canaries_in(home: Path) -> list[str]:
    held = b"".join(path.read_bytes() for path in log_files(home)).decode("utf-8", errors="replace")
    assert held
    return [word for word in SECRETS if word.casefold() in held.casefold()]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Nine days of counts per minute."""
    path = tmp_path / "counts.csv"
    lines = ["timestamp,counts"]
    for minute in range(9 * 1440):
        day, rest = divmod(minute, 1440)
        counts = (minute % 13 == 0) * 9 if rest < 420 else 120 + (minute * 7919) % 211
        lines.append(f"2024-05-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00+02:00,{counts}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_l46_no_canary_of_a_round_reaches_the_log(services: Services, table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    one_round(services, folder, table, 0)
    assert canaries_in(services.home) == []


@pytest.mark.slow
def test_l46_no_canary_of_half_an_hour_reaches_the_log(services: Services, table: Path, tmp_path: Path) -> None:
    """The actions of half an hour, one after the other without the pauses between them."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(15):
        one_round(services, folder, table, number)
    assert canaries_in(services.home) == []


def test_l46_logs_stay_below_their_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert logs._BYTES_A_FILE * (logs._FILES_KEPT + 1) == MOST_LOG_BYTES
    monkeypatch.setattr(logs, "_BYTES_A_FILE", 20_000)
    start_logging(tmp_path)
    log = logging.getLogger("clarity_desktop.session")
    word = uuid.uuid4().hex
    for _ in range(60):
        log.info("%s", f"{word} " * 300)
    stop_logging()
    files = log_files(tmp_path)
    assert len(files) == logs._FILES_KEPT + 1
    assert sum(path.stat().st_size for path in files) <= 120_000
    assert files[0].name == "clarity-desktop.log"
