"""One run of a command: its global options, the services it opens, and how the vault is unlocked."""

from __future__ import annotations

import getpass
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from clarity_desktop.cli.output import Output
from clarity_desktop.domain.errors import LockedError, NotFoundError, UsageError
from clarity_desktop.domain.work import CancelToken, CancelWay

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["Options", "RecoveryCode", "Session", "session_of"]

RecoveryCode = Annotated[
    Path | None,
    typer.Option(help="File with your recovery code, which stands in for a second person where you work alone."),
]
"""The option of commands that take two people."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options that stand before the noun."""

    home: Path | None = None
    vault: Path | None = None
    passphrase_file: Path | None = None
    passphrase_stdin: bool = False
    person: str | None = None
    as_document: bool = False


class Session:
    """Opens services when a command asks for them and closes them at its end."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.output = Output(as_document=options.as_document)
        self._services: Services | None = None
        self._used: str | None = None

    @property
    def services(self) -> Services:
        """The services, with the vault still locked; logging begins with them."""
        if self._services is None:
            from clarity_desktop.app import open_services
            from clarity_desktop.logs import start_logging

            self._services = open_services(self.options.home, self.options.vault, origin="CLI")
            start_logging(self._services.home)
        return self._services

    def unlocked(self) -> Services:
        """The services with the vault open.

        Raises
        ------
        NotFoundError
            ``vault.missing`` when there is no vault at the place.
        LockedError
            When there is no passphrase to be had, or it does not open the vault.
        """
        from clarity_desktop.logs import hidden

        services = self.services
        if services.unlocked:
            return services
        if not services.vault_exists():
            raise NotFoundError(
                "vault.missing",
                "There is no vault at this place yet.",
                remedy="Make one with: clarity-desktop vault create",
            )
        given = self.options.passphrase_file is not None or self.options.passphrase_stdin
        if not given and services.unlock_with_keychain(person=self.options.person):
            return services
        person = self._who(services)
        passphrase = self.passphrase("Passphrase: ")
        with hidden(passphrase):
            services.unlock(passphrase, person=person)
        self._used = passphrase
        return services

    def _who(self, services: Services) -> str | None:
        """The person that ``--person`` names, or who says so at the terminal where several have a passphrase."""
        names = services.unlock_names()
        if self.options.person is not None or len(names) == 1 or not sys.stdin.isatty():
            return self.options.person
        sys.stderr.write("Who are you (" + ", ".join(names) + ")? ")
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def present_passphrase(self) -> str:
        """The passphrase that opened the vault in this run, or asked for again where the keychain did."""
        return self._used if self._used is not None else self.passphrase("Present passphrase: ")

    def new_passphrase(self, file: Path | None) -> str:
        """A new passphrase: from a file, from the next line of stdin, or typed twice; raises as :meth:`passphrase`."""
        if file is not None:
            return self._from_file(file)
        if self.options.passphrase_stdin:
            return _one_line(sys.stdin.readline())
        if not sys.stdin.isatty():
            raise LockedError(
                "vault.no_passphrase",
                "This needs a new passphrase.",
                remedy="Give it with --new-passphrase-file FILE, or as the next line after --passphrase-stdin.",
            )
        return self._typed_twice("New passphrase: ")

    def first_line(self, file: Path) -> str:
        """The first line of a file; raises :class:`NotFoundError` when it cannot be read."""
        return self._from_file(file)

    def recovery_code(self, file: Path | None) -> str | None:
        """One's recovery code from a file; ``None`` without one. Never from arguments."""
        return None if file is None else self._from_file(file).strip()

    def line(self, prompt: str) -> str:
        """One line that is no secret by itself, asked for on the terminal or read from stdin."""
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def passphrase(self, prompt: str, *, twice: bool = False) -> str:
        """The passphrase from the file, from stdin, or typed; never from arguments or the environment.

        Raises
        ------
        LockedError
            ``vault.no_passphrase`` when no file or stdin is named and nobody sits at a terminal.
        """
        options = self.options
        if options.passphrase_file is not None:
            return self._from_file(options.passphrase_file)
        if options.passphrase_stdin:
            return _one_line(sys.stdin.readline())
        if not sys.stdin.isatty():
            raise LockedError(
                "vault.no_passphrase",
                "The vault needs its passphrase.",
                remedy="Give it with --passphrase-file FILE or --passphrase-stdin before the command.",
            )
        return self._typed_twice(prompt) if twice else getpass.getpass(prompt, sys.stderr)

    def _typed_twice(self, prompt: str) -> str:
        typed = getpass.getpass(prompt, sys.stderr)
        if getpass.getpass("Once more: ", sys.stderr) != typed:
            raise UsageError(
                "vault.passphrase_differs", "The two passphrases differ.", remedy="Type the same one twice."
            )
        return typed

    def _from_file(self, path: Path) -> str:
        try:
            text = path.read_text(encoding="utf-8")
            mode = path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise NotFoundError(
                "vault.passphrase_file",
                "The file with the passphrase cannot be read.",
                remedy="Check the name after --passphrase-file; the file holds one line of text in UTF-8.",
                detail=type(error).__name__,
            ) from error
        if sys.platform != "win32" and mode & (stat.S_IRGRP | stat.S_IROTH):
            self.output.note("Other accounts on this computer can read the passphrase file. Remedy: chmod 600 FILE")
        return _one_line(text)

    @contextmanager
    def cancellable(self, way: CancelWay = CancelWay.DISCARD) -> Iterator[CancelToken]:
        """A token that Ctrl-C raises, so that work ends at a whole step; a second Ctrl-C stops at once."""
        token = CancelToken(way)

        def stop(number: int, frame: FrameType | None) -> None:
            del number, frame
            if token.cancelled:
                raise KeyboardInterrupt
            token.cancel()
            self.output.note("Stopping at the next whole step. Press Ctrl-C again to stop at once.")

        try:
            before = signal.signal(signal.SIGINT, stop)
        except ValueError:
            # Only the main thread may listen for Ctrl-C; elsewhere the caller cancels by other means.
            yield token
            return
        try:
            yield token
        finally:
            signal.signal(signal.SIGINT, before)

    def close(self) -> None:
        """Lock the vault and release everything."""
        self.output.progress.close()
        services, self._services, self._used = self._services, None, None
        if services is not None:
            services.close()


def _one_line(text: str) -> str:
    line = text.split("\n", 1)[0].rstrip("\r")
    if not line:
        raise LockedError(
            "vault.no_passphrase", "The passphrase is empty.", remedy="Put the passphrase on the first line."
        )
    return line


def session_of(context: typer.Context) -> Session:
    """The session that the main callback made for this run."""
    session = context.find_root().obj
    if not isinstance(session, Session):
        raise TypeError("the command was run without the main callback")
    return session
