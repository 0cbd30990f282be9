"""What the environment says about whoever reads the output, and where secrets lie."""

from pathlib import Path

import pytest

from app.config import colours_wanted, load_settings, locale_language, secret_files
from tests.support.settings import IDENTITY


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, ""),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_CH"}, "fr"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_CH", "LC_ALL": "en_GB"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ({"LANG": "C.UTF-8"}, "c."),
    ],
)
def test_the_locale_is_read_in_the_order_of_posix(environ: dict[str, str], language: str) -> None:
    """An empty variable is an unset one."""
    assert locale_language(environ) == language


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"TERM": "xterm"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_can_be_switched_off(environ: dict[str, str], *, wanted: bool) -> None:
    """By NO_COLOR, and by a terminal that has none."""
    assert colours_wanted(environ) is wanted


def test_every_file_that_holds_a_secret_is_named(tmp_path: Path) -> None:
    """`.env` only if a secret stands in it; mounted files wherever they are named."""
    secret, dotenv = tmp_path / "secret", tmp_path / ".env"
    secret.write_text("invented~Value")
    dotenv.write_text(f"AZURE_CLIENT_SECRET_FILE={secret}\n")
    environ = {name: value for name, value in IDENTITY.items() if name != "AZURE_CLIENT_SECRET"}
    settings = load_settings(environ, dotenv)
    assert list(secret_files(settings, environ=environ, dotenv=dotenv)) == [secret]
    dotenv.write_text("AZURE_CLIENT_SECRET=invented~Value\n")
    settings = load_settings(environ, dotenv)
    assert list(secret_files(settings, environ=environ, dotenv=dotenv)) == [dotenv]
