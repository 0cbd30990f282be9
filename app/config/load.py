"""From names and files to `Settings`, or to the list of everything that is wrong with them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.config import names
from app.config.choices import SignIn
from app.config.settings import Settings, Unreadable, variable_of
from app.config.sources import read_dotenv, resolve
from app.errors import SettingsError


def load_settings(environ: Mapping[str, str] = os.environ, dotenv: Path | None = Path(".env")) -> Settings:
    """Read and check every setting; the environment beats `.env`, and empty is unset in both.

    Raises SettingsError with one sentence a line. It carries no cause: pydantic's would quote the values.
    """
    lines = read_dotenv(dotenv) if dotenv else {}
    own = {name: value for name, value in environ.items() if value and not names.is_injected(name, value)}
    injected = any(value and names.is_injected(name, value) for name, value in environ.items())
    merged = {**lines, **own}
    settings, problems = _validated(resolve(merged))
    problems = [*names.misplaced(lines), *names.unknown(merged), *problems]
    if settings is None or problems:
        raise SettingsError("\n".join(problems))
    return settings.model_copy(update={"warnings": tuple(_warnings(settings, injected=injected))})


def _validated(values: Mapping[str, str | Unreadable]) -> tuple[Settings | None, list[str]]:
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    return None, [sentence for detail in details for sentence in _sentences(detail)]


def _sentences(detail: ErrorDetails) -> Iterator[str]:
    name = _variable(str(detail["loc"][0]))
    description = _DESCRIPTIONS.get(name)
    if detail["type"] == "value_error":
        yield from (f"{name} {reason}." for reason in str(detail["ctx"]["error"]).splitlines())
    elif detail["type"] == "missing":
        yield f"{name} is missing: enter {description}."
    else:
        yield f"{name} must be {description}."


_DESCRIPTIONS = {variable_of(field): info.description for field, info in Settings.model_fields.items()}


def _variable(location: str) -> str:
    """Where pydantic saw the mistake: it calls a default by its attribute, not by its variable."""
    return variable_of(location) if location in Settings.model_fields else location


def _warnings(settings: Settings, *, injected: bool) -> Iterator[str]:
    if injected:
        yield "PRESENCE_SERVICE_* and PRESENCE_PORT* as Kubernetes sets them for a Service are ignored."
    if (
        settings.azure_client_secret_next
        and settings.azure_client_secret_next == settings.azure_client_secret
    ):
        yield (
            "AZURE_CLIENT_SECRET_NEXT is the same as AZURE_CLIENT_SECRET and adds nothing: put the newer "
            "secret there, or remove it."
        )
    if settings.azure_username and settings.sign_in is SignIn.APP:
        yield (
            "AZURE_USERNAME and AZURE_PASSWORD are set but not used: the service signs in as itself. "
            "Remove them, or set PRESENCE_SIGN_IN=delegated."
        )
    if settings.secret_expires and not settings.azure_client_secret:
        yield "PRESENCE_SECRET_EXPIRES is set but not used: the certificate tells its own end. Remove it."
    if settings.password_expires and settings.sign_in is SignIn.APP:
        yield "PRESENCE_PASSWORD_EXPIRES is set but not used: no user signs in. Remove it."
    if settings.unencrypted:
        yield (
            "Keys and answers travel unencrypted beyond this machine: set PRESENCE_TLS_CERT_PATH and "
            "PRESENCE_TLS_KEY_PATH, or put a proxy that speaks TLS in front."
        )
