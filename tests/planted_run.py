"""A day with the program over planted identifiers: services, window and what they leave. Run in a process of its own.

Arguments: the home of the program, a folder with the inputs, a folder for what is exported on purpose.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import date
from pathlib import Path

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Sex
from clarity_desktop.logs import start_logging
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.jobs import shut_down
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.page_list import PAGES


def with_services(services: Services, inputs: Path, exports: Path, canaries: dict[str, str]) -> str:
    person = services.add_patient(
        canaries["name"],
        birth_date=date.fromisoformat(canaries["born"]),
        sex=Sex.FEMALE,
        home_zone="Europe/Berlin",
        tags=(canaries["tag"],),
    )
    services.import_file(inputs / canaries["csv"], patient_id=person.id)
    services.import_in_process(inputs / canaries["xml"], patient_id=person.id)
    for broken in (inputs / canaries["broken"], inputs / "not-there-at-all.xml"):
        try:
            services.import_file(broken, patient_id=person.id)
        except ClarityError:
            continue
    with (inputs / canaries["document"]).open("rb") as stream:
        document = services.add_document(person.id, stream, name=canaries["document"], media_type="text/plain")
    with services.open_document(document.id) as opened:
        opened.read()
    consent = services.give_consent(
        person.id,
        purpose="research:S1",
        text_version="1",
        language="de",
        given_by=canaries["given_by"],
        witnessed_by=canaries["witness"],
    )
    services.withdraw_consent(consent.id, withdrawn_by=canaries["withdrawn_by"])
    services.place_hold(person.id, canaries["reason"])
    services.release_hold(person.id)
    services.restrict_patient(person.id)
    services.lift_restriction(person.id)
    with contextlib.suppress(ClarityError):
        services.patient(canaries["search"])
    services.export_person(person.id, exports / "person.zip")
    services.report_pdf(person.id, exports / "report.pdf")
    services.keep_own_setting("note", canaries["own"])
    services.back_up()
    services.drill()
    gone = services.add_patient(canaries["second"])
    services.vault.erase(gone.id, requested_by="A", confirmed_by="B")
    return person.id


def in_window(services: Services, patient_id: str, canaries: dict[str, str]) -> None:
    application = make_application(services)
    window = make_window(services)
    window.resize(1200, 800)
    window.show()
    window.start_at(None, None)
    settle(application)
    for page in PAGES:
        if page.needs_patient:
            window.open_patient(patient_id, page.id)
        else:
            window.open_page(page.id)
        settle(application)
    # What nobody catches goes to the hook of the program, with a text that quotes what was read.
    try:
        raise ValueError(f"could not convert {canaries['crash']!r}")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    settle(application)
    window.close()
    shut_down()


def main() -> None:
    home, inputs, exports = (Path(one) for one in sys.argv[1:4])
    canaries = json.loads(sys.stdin.readline())
    start_logging(home)
    services = open_services(home, origin="UI")
    services.create_vault(canaries["passphrase"], person=canaries["user"])
    patient_id = with_services(services, inputs, exports, canaries)
    in_window(services, patient_id, canaries)
    print(patient_id, flush=True)
    if canaries.get("kill"):
        sink = services.vault.begin_import(patient_id, file=canaries["csv"], format="csv", sha256="0")
        del sink
        os.kill(os.getpid(), 9)
    services.close()


if __name__ == "__main__":
    main()
