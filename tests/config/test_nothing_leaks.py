"""Neither settings nor an error about them show a value."""

import traceback
from pathlib import Path

import pytest

from app.config import load_settings
from app.config.names import VARIABLES
from app.errors import SettingsError

IDENTITY = {"AZURE_TENANT_ID": "contoso.com", "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666"}
USER = {**IDENTITY, "AZURE_CLIENT_SECRET": "invented~Value", "AZURE_USERNAME": "svc@contoso.com"}


def test_nothing_shown_of_settings_holds_a_secret() -> None:
    environ = {
        **USER,
        "AZURE_PASSWORD": "Canary-Password",
        "AZURE_CLIENT_SECRET": "Canary~Secret",
        "PRESENCE_API_KEYS": f"acd:{'ab' * 32}",
    }
    settings = load_settings(environ, dotenv=None)
    shown = f"{settings!r} {settings} {settings.model_dump()}"
    assert "Canary" not in shown
    assert "ab" * 32 not in repr(settings)
    assert repr(bytes.fromhex("ab" * 32)) not in repr(settings)
    assert "Canary" not in settings.model_dump_json(exclude={"api_keys"})


CANARY = "CanaryValue"
SECRETS = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET_NEXT",
    "AZURE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
)
OPEN = tuple(name for name in VARIABLES if name not in SECRETS)
REFUSED = ("PRESENCE_REDIS_URL", "PRESENCE_MISSPELT")
WRONG = {
    **dict.fromkeys(SECRETS, f" {CANARY} \x07"),
    **dict.fromkeys((*OPEN, *REFUSED), f"://{CANARY}?"),
}


def everything_shown(error: BaseException) -> str:
    chain = "".join(repr(link) for link in (error.__cause__, error.__context__))
    return f"{error!r} {error} {chain} {''.join(traceback.format_exception(error))}"


@pytest.mark.parametrize("name", sorted(WRONG))
def test_no_error_shows_a_value(name: str) -> None:
    """Neither its text nor anything chained to it, whichever setting is wrong."""
    with pytest.raises(SettingsError, match=name) as raised:
        load_settings({**IDENTITY, "AZURE_CLIENT_SECRET": "s", name: WRONG[name]}, dotenv=None)
    assert CANARY not in everything_shown(raised.value)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_no_error_shows_the_name_of_a_mounted_file(name: str) -> None:
    """An operator may have put the secret itself where the path belongs."""
    with pytest.raises(SettingsError) as raised:
        load_settings({**IDENTITY, f"{name}_FILE": CANARY}, dotenv=None)
    assert CANARY not in everything_shown(raised.value)


@pytest.mark.parametrize(
    "line",
    [
        f"AZURE_PASSWORD='{CANARY}",
        f"AZURE_PASSWORD='{CANARY}'{CANARY}",
        CANARY,
        f"{CANARY} {CANARY}",
        f"AZURE_PASSWORD={CANARY}\nAZURE_PASSWORD={CANARY}2",
        f"AZURE_PASSWORD={CANARY} #{CANARY}",
        f"AZURE_PASSWORD='{CANARY}\n{CANARY}'",
        f"AZURE_PASSWORD={CANARY}\udcdf",
    ],
)
def test_no_error_about_dotenv_shows_a_value(tmp_path: Path, line: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(f"{line}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError) as raised:
        load_settings(USER, dotenv)
    assert CANARY not in everything_shown(raised.value)
