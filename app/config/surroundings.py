"""What the process environment says about whoever reads our output, and where secrets lie."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.config.settings import FROM_FILE, Settings
from app.config.sources import read_dotenv

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


def locale_language(environ: Mapping[str, str] = os.environ) -> str:
    """The language of messages, as two letters (POSIX, *Internationalization Variables*); empty if none."""
    chosen = next((environ[name] for name in _LOCALE if environ.get(name)), "")
    return chosen[:2].lower()


def colours_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a terminal may be coloured (no-color.org): not with NO_COLOR, nor on a dumb one."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def secret_files(
    settings: Settings, *, environ: Mapping[str, str] = os.environ, dotenv: Path | None = Path(".env")
) -> Iterator[Path]:
    """Every file that holds a secret of ours: `.env`, mounted ones, private keys."""
    lines = read_dotenv(dotenv) if dotenv else {}
    if dotenv and any(lines.get(name) for name in FROM_FILE):
        yield dotenv
    named = {**lines, **{name: value for name, value in environ.items() if value}}
    yield from (Path(named[f"{name}_FILE"]) for name in FROM_FILE if named.get(f"{name}_FILE"))
    yield from filter(None, (settings.azure_client_certificate_path, settings.tls_key_path))
