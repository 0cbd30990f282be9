"""The kinds of values that settings have: a type, and the check that makes one of an operator's text."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from app.config import forms
from app.config.keys import ApiKey, parse_api_keys
from app.config.scope import ScopeSetting, parse_scope


def _inside(check: Callable[[str], str]) -> AfterValidator:
    def apply(secret: SecretStr) -> SecretStr:
        return SecretStr(check(secret.get_secret_value()))

    return AfterValidator(apply)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _keys(value: Any) -> Any:
    return parse_api_keys(value) if isinstance(value, str) else value


def _scope(value: Any) -> Any:
    return parse_scope(value) if isinstance(value, str) else value


def _networks(value: Any) -> Any:
    return forms.networks(value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    return forms.moment(value) if isinstance(value, str) else value


AnyCase = BeforeValidator(_lower)
File = Annotated[Path, AfterValidator(forms.readable_file)]
ClientSecret = Annotated[SecretStr, _inside(forms.client_secret)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Password = Annotated[SecretStr, _inside(forms.unblank)]
RootUrl = Annotated[str, AfterValidator(forms.root_url)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False, description="a number of seconds above 0")]
SecondsOrNone = Annotated[
    float, Field(ge=0, allow_inf_nan=False, description="a number of seconds, 0 or more")
]
ApiKeys = Annotated[tuple[ApiKey, ...], BeforeValidator(_keys)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)]
ScopeList = Annotated[ScopeSetting, BeforeValidator(_scope)]
