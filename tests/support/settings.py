"""Settings that are complete, and what is said of those that are not."""

from pathlib import Path

import pytest

from app.config import load_settings
from app.errors import SettingsError

IDENTITY = {
    "AZURE_TENANT_ID": "contoso.com",
    "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666",
    "AZURE_CLIENT_SECRET": "invented~Value",
}


def problems(environ: dict[str, str], dotenv: Path | None = None) -> list[str]:
    """The sentences that a wrong environment, beside a complete identity, is refused with."""
    with pytest.raises(SettingsError) as raised:
        load_settings({**IDENTITY, **environ}, dotenv)
    return str(raised.value).splitlines()


def port(environ: dict[str, str], dotenv: Path | None) -> int:
    """The port that is read, as one setting that is easy to see."""
    return load_settings({**IDENTITY, **environ}, dotenv).port
