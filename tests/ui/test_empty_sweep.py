"""An empty vault and no network: no page shows a number that nobody measured (L-70)."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.ui.qt import QLabel, QLineEdit, QPainter, QPixmap
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "seven quiet herons"
ALLOWED = (
    # Of this machine, this vault and this moment.
    r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?( UTC([+−]\d+(:\d\d)?)?)?",
    r"\d{2}:\d{2}(:\d{2})?",
    r"AES-256|SHA-256|SHA-512|SQLCipher [\d.]+|Python [\d.]+|x86_64|Apache-2\.0|Argon2id?",
    r"[0-9a-f]{12,64}",
    r"v?\d+\.\d+\.\d+\S*",
    r"pages of \d+ bytes|schema \d{4}|^\d{4}$",
    r"\d+(\.\d+)? (GB|MB|kB|bytes)( free)?",
    r"P-[0-9A-Z]{4,}",
    r"^no\. \d+ · [a-z.]+ · .*",
    # How much there is of it: nothing, or what the program itself wrote.
    r"[\d\u202f]+ days",
    r"\b0\b( of \d+)?",
    r"\d+ (entry|entries|commands?|exceptions?|person|people|users?|slots?|ways?|file|rules?|settings?|backups?)\b",
    r"\d+ × \w+|\b1 ×|Entry \d+|^\d{1,3}$",
    # Bounds, keys and words of the program that are the same for everybody.
    r"Ctrl\+?\s?\S+|F\d+|Alt \S+|Level \d|24 h|60 s|72 hours",
    r"\d+ (min|minutes|hours|h|weeks|months|years|letters)\b",
    r"at most \S+|at least \S+|\d+ to \d+|last \d+|Last \d+|\d+/\d+ ?[hH]|\d+ a (minute|hour)",
    r"^\d:\d{2}$|1 lowest, 5 highest",
    r"^Default: .* may change it$",
    r"gemini-[\d.]+-\w+|\d+ hundredths|^(Default: )?\d{4}-\d{2}\b",
)
"""Numbers that are not measurements, by what they are."""


def texts_of(window: Window, painted: list[str]) -> Iterator[str]:
    """All words in sight: of labels and fields, and those that are painted."""
    painted.clear()
    space = window.workspace
    page = space.current()
    assert page is not None
    home = str(window.services.home)
    for part in (page, space.toolbar, space.footer):
        picture = QPixmap(part.size())
        part.render(picture)
        for kind in (QLabel, QLineEdit):
            for one in part.findChildren(kind):
                if one.isVisible():
                    yield one.text().replace(home, "")
    # A path that is cut by its room is a path still.
    yield from (one.replace(home, "") for one in painted if not (one.startswith("/") and one.endswith("…")))


def unexplained(text: str) -> str:
    """What is left of a text's numbers when those that are no measurement are taken out."""
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    return text


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Words that Python code paints."""
    found: list[str] = []
    real = QPainter.drawText

    def draw(self: QPainter, *arguments: Any) -> Any:
        found.extend(one for one in arguments if isinstance(one, str))
        return real(self, *arguments)

    monkeypatch.setattr(QPainter, "drawText", draw)
    return found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Addresses that somebody tried to reach; none is let through."""
    found: list[object] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            found.append(address)
            raise OSError("there is no network")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


@pytest.fixture
def empty(tmp_path: Path, keychain: object) -> Iterator[Services]:
    """An open vault with nobody in it."""
    del keychain
    opened = open_services(tmp_path / "home")
    opened._adopt(Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=KdfParameters.for_tests()))
    opened.settings.set("theme", "light")
    yield opened
    opened.close()


@pytest.mark.slow
def test_l70_an_empty_vault_shows_no_number(
    empty: Services,
    open_window: Callable[[Services], Window],
    rest: Callable[[], None],
    painted: list[str],
    calls: list[object],
) -> None:
    window = open_window(empty)
    rest()
    found: list[str] = []
    for page in PAGES:
        if page.needs_patient:
            continue
        window.open_page(page.id)
        rest()
        told = list(texts_of(window, painted))
        assert any(text.strip() for text in told), f"{page.id} shows no word at all"
        found += [f"{page.id}: {text}" for text in told if re.search(r"\d", unexplained(text))]
    assert not found, "\n".join(found)
    assert calls == []


@pytest.mark.slow
def test_l70_somebody_without_data_has_no_number(
    empty: Services,
    open_window: Callable[[Services], Window],
    rest: Callable[[], None],
    painted: list[str],
    calls: list[object],
) -> None:
    patient = empty.add_patient("Zuleika Quantock")
    window = open_window(empty)
    rest()
    found: list[str] = []
    for page in PAGES:
        if not page.needs_patient:
            continue
        window.open_patient(patient.id, page.id)
        rest()
        told = [text.replace(patient.code, "") for text in texts_of(window, painted)]
        assert any(text.strip() for text in told), f"{page.id} shows no word at all"
        found += [f"{page.id}: {text}" for text in told if re.search(r"\d", unexplained(text))]
    assert not found, "\n".join(found)
    assert calls == []


def test_l70_a_number_is_found_where_there_is_one(
    services: Services, window: Window, rest: Callable[[], None], painted: list[str]
) -> None:
    window.open_patient(services.patients()[0].id, "overview")
    rest()
    numbers = [text for text in texts_of(window, painted) if re.search(r"\d", unexplained(text))]
    assert len(numbers) > 5
