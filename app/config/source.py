"""Where the settings came from, so that they can be read again while the service runs."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from app.config.load import load_settings
from app.config.settings import FROM_FILE, Settings, variable_of
from app.config.sources import MAX_BYTES, read_dotenv
from app.errors import SettingsError
from app.files import read_regular

DOTENV = ".env"
"""The name of the settings file itself, whatever it is called, among the files that are read."""

CREDENTIALS = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET_NEXT",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
)
"""What the service signs in with: taken into use while it runs."""

API_KEYS = "PRESENCE_API_KEYS"
"""Who may ask: taken into use while the service runs, too."""

LIVE = frozenset({*CREDENTIALS, API_KEYS, "PRESENCE_SECRET_EXPIRES", "PRESENCE_PASSWORD_EXPIRES"})
"""Every setting that counts as soon as it has changed."""

_CERTIFICATE = "AZURE_CLIENT_CERTIFICATE_PATH"
_NAMES_A_FILE = (*(f"{name}_FILE" for name in FROM_FILE), _CERTIFICATE)

Fingerprint = dict[str, bytes | None]


class SettingsSource:
    """The process environment as it was at the start, `.env`, and the files that either of them names.

    What the process environment says later is never looked at. Paths count from the working directory.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, dotenv: Path | None = Path(".env")) -> None:
        self._environ = dict(environ)
        self._dotenv = dotenv
        self._had_dotenv = dotenv is not None and dotenv.exists()
        self.seen: Fingerprint = {}

    def load(self) -> Settings:
        """Read and check everything anew. Raises SettingsError, also for a `.env` that has disappeared.

        `seen` is then what the files held just before, to be compared with `fingerprint()`.
        """
        self.seen = self.fingerprint()
        if self._dotenv and self._had_dotenv and not self._dotenv.exists():
            raise SettingsError(f"{self._dotenv} does not exist any more.")
        settings = load_settings(self._environ, self._dotenv)
        self._had_dotenv = self._dotenv is not None and self._dotenv.exists()
        return settings

    def files(self) -> dict[str, Path]:
        """Every file that values are read from now, by the name that leads to it."""
        found = {DOTENV: self._dotenv} if self._dotenv else {}
        named = {**self._lines(), **{name: value for name, value in self._environ.items() if value}}
        return found | {name: Path(named[name]) for name in _NAMES_A_FILE if name in named}

    def fingerprint(self) -> Fingerprint:
        """A hash of each file's content by its name; None for what is no file, or cannot be read."""
        return {name: _hash_of(path) for name, path in self.files().items()}

    def _lines(self) -> dict[str, str]:
        """What `.env` sets; nothing if it cannot be understood, which `load` tells."""
        try:
            return read_dotenv(self._dotenv) if self._dotenv else {}
        except SettingsError:
            return {}


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """The settings whose values differ, by the names that an operator writes."""
    fields = (field for field in Settings.model_fields if field != "warnings")
    return tuple(variable_of(one) for one in fields if getattr(before, one) != getattr(after, one))


def _hash_of(path: Path) -> bytes | None:
    try:
        return hashlib.sha256(read_regular(path, limit=MAX_BYTES)).digest()
    except (OSError, ValueError):
        return None
