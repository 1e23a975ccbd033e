"""Settings of this workstation: small JSON values in the program's home, never health data."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

__all__ = ["HOME_VARIABLE", "Settings", "default_home"]

HOME_VARIABLE: Final = "CLARITY_DESKTOP_HOME"
_log = logging.getLogger(__name__)


def default_home() -> Path:
    """The root of settings, state, logs and the default vault: the environment's choice, else the platform's place."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("clarity-desktop", appauthor=False))


class Settings:
    """A JSON object in ``settings.json``, written atomically at each change.

    A file that cannot be read is set aside under another name, and defaults are used; :attr:`set_aside` says where.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "settings.json"
        self._lock = threading.Lock()
        self.set_aside: Path | None = None
        self._values: dict[str, Any] = self._load()

    def _load(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            values = None
        if isinstance(values, dict):
            return values
        self.set_aside = self._path.with_suffix(".unreadable.json")
        self._path.replace(self.set_aside)
        _log.info("settings could not be read and were set aside")
        return {}

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default``."""
        with self._lock:
            return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep a JSON value under a key. The file on disk is replaced as a whole."""
        with self._lock:
            if self._values.get(key) == value:
                return
            self._values[key] = value
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".settings-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(self._values, stream, indent=1, sort_keys=True)
            Path(name).replace(self._path)
