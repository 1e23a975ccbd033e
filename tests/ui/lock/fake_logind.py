"""A small logind, UPower and screen saver on a private bus, for tests: it answers, emits, and hands out a delay."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

__all__ = ["FakeSession", "PrivateBus"]

_LOGIN = DBusAddress("/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.login1.Manager")
SESSION_PATH = "/org/freedesktop/login1/session/_31"
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>"""


class PrivateBus:
    """A dbus-daemon of its own. ``None`` from :meth:`start` where the program is not installed."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self._process = process
        self.address = address

    @classmethod
    def start(cls, folder: Path) -> PrivateBus | None:
        """Start the daemon and wait until it has told its address."""
        program = shutil.which("dbus-daemon")
        if program is None:
            return None
        config = folder / "bus.conf"
        config.write_text(_CONFIG.format(folder=folder), "utf-8")
        process = subprocess.Popen(
            [program, f"--config-file={config}", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return cls(process, process.stdout.readline().strip())

    def stop(self) -> None:
        """End the daemon."""
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


class FakeSession:
    """Owns the names that a Linux session has, and emits what it would emit."""

    def __init__(self, address: str) -> None:
        self._connection: DBusConnection = open_dbus_connection(address, enable_fds=True)
        self._lock = threading.Lock()
        for name in ("org.freedesktop.login1", "org.freedesktop.UPower", "org.freedesktop.ScreenSaver"):
            self._connection.send_and_get_reply(message_bus.RequestName(name))
        self.inhibitors: list[int] = []
        """Our ends of the pipes; the other end was handed out."""
        self._thread = threading.Thread(target=self._serve, name="fake-logind", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except (OSError, EOFError, ConnectionError):
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            if member == "GetSession":
                reply = new_method_return(message, "o", (SESSION_PATH,))
            elif member == "Inhibit":
                ours, theirs = os.pipe()
                self.inhibitors.append(ours)
                reply = new_method_return(message, "h", (theirs,))
            else:
                reply = new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
            with self._lock:
                self._connection.send(reply)
            if member == "Inhibit":
                os.close(theirs)

    def emit(self, path: str, interface: str, name: str, signature: str, *values: Any) -> None:
        """Emit a signal."""
        with self._lock:
            self._connection.send(new_signal(DBusAddress(path, interface=interface), name, signature, values))

    def sleep(self, begins: bool) -> None:
        """Before sleep, or after it."""
        self.emit(_LOGIN.object_path, "org.freedesktop.login1.Manager", "PrepareForSleep", "b", begins)

    def lock(self) -> None:
        """The session is to be locked."""
        self.emit(SESSION_PATH, "org.freedesktop.login1.Session", "Lock", "")

    def session_property(self, name: str, value: bool) -> None:
        """A property of the session changed."""
        self._changed(SESSION_PATH, "org.freedesktop.login1.Session", name, value)

    def lid(self, closed: bool) -> None:
        """The lid was moved."""
        self._changed("/org/freedesktop/UPower", "org.freedesktop.UPower", "LidIsClosed", closed)

    def saver(self, active: bool) -> None:
        """The screen saver, which locks the screen, began or ended."""
        self.emit("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver", "ActiveChanged", "b", active)

    def _changed(self, path: str, interface: str, name: str, value: bool) -> None:
        values = (interface, {name: ("b", value)}, [])
        self.emit(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", *values)

    def close(self) -> None:
        """Leave the bus."""
        self._connection.close()
