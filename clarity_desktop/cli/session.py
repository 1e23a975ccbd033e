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
from typing import TYPE_CHECKING

import typer

from clarity_desktop.cli.output import Output
from clarity_desktop.domain.errors import LockedError, NotFoundError, UsageError
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["Options", "Session", "session_of"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options that stand before the noun."""

    home: Path | None = None
    vault: Path | None = None
    passphrase_file: Path | None = None
    passphrase_stdin: bool = False
    as_document: bool = False


class Session:
    """Opens services when a command asks for them and closes them at its end."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.output = Output(as_document=options.as_document)
        self._services: Services | None = None

    @property
    def services(self) -> Services:
        """The services, with the vault still locked; logging begins with them."""
        if self._services is None:
            from clarity_desktop.app import open_services
            from clarity_desktop.logs import start_logging

            self._services = open_services(self.options.home, self.options.vault)
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
        if not given and services.unlock_with_keychain():
            return services
        passphrase = self.passphrase("Passphrase: ")
        with hidden(passphrase):
            services.unlock(passphrase)
        return services

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
        typed = getpass.getpass(prompt, sys.stderr)
        if twice and getpass.getpass("Once more: ", sys.stderr) != typed:
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
    def cancellable(self) -> Iterator[CancelToken]:
        """A token that Ctrl-C raises, so that work ends at a whole step; a second Ctrl-C stops at once."""
        token = CancelToken()

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
        services, self._services = self._services, None
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
