"""What an operator can set, its defaults, and which settings must agree with each other."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.config import forms
from app.config.choices import LogFormat, LogLevel, SignIn, WhenBlind
from app.config.kinds import (
    AnyCase,
    ApiKeys,
    ClientSecret,
    File,
    Moment,
    Networks,
    Password,
    RootUrl,
    ScopeList,
    Seconds,
    SecondsOrNone,
)
from app.config.scope import ScopeSetting

FROM_FILE = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET_NEXT",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "PRESENCE_API_KEYS",
)
"""The settings that can also be mounted as a file, named by `…_FILE`."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The hosts on which the service may listen without any key."""


class Unreadable:
    """Stands in for a value that could not be had, so that its reason is told and nothing else is blamed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


_KEEP_BLANKS = frozenset(
    {
        "azure_client_secret",
        "azure_client_secret_next",
        "azure_client_certificate_password",
        "azure_password",
    }
)


def variable_of(field: str) -> str:
    """The environment variable behind an attribute: Azure's own names stay, ours get their prefix."""
    return field.upper() if field.startswith("azure_") else f"PRESENCE_{field.upper()}"


class Settings(BaseSettings):
    """Every setting, checked: whoever holds one of these need not look again.

    The order matters: a rule about two settings sits at the later one and sees the earlier one only if that
    is sound by itself, so that each mistake is told once.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=variable_of,
        validate_by_name=True,
        validate_by_alias=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    azure_tenant_id: Annotated[str, AfterValidator(forms.tenant)] = Field(
        description="the Directory (tenant) ID from the Overview page of the app registration"
    )
    azure_client_id: Annotated[str, AfterValidator(forms.client_id)] = Field(
        description="the Application (client) ID from the Overview page of the app registration"
    )
    azure_client_secret: ClientSecret | None = None
    azure_client_secret_next: ClientSecret | None = None
    azure_client_certificate_path: File | None = None
    azure_client_certificate_password: SecretStr | None = None
    sign_in: Annotated[SignIn, AnyCase] = Field(SignIn.APP, description="app or delegated")
    azure_username: Annotated[str, AfterValidator(forms.user_name)] | None = None
    azure_password: Password | None = None
    secret_expires: Moment | None = None
    password_expires: Moment | None = None
    azure_authority_host: RootUrl = "https://login.microsoftonline.com"
    graph_url: RootUrl = "https://graph.microsoft.com"
    ca_bundle: Annotated[Path, AfterValidator(forms.authorities)] | None = None

    api_keys: ApiKeys = ()
    host: Annotated[str, AfterValidator(forms.host)] = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, description="a whole number from 0 to 65535")
    tls_cert_path: File | None = None
    tls_key_path: File | None = None
    trusted_proxies: Networks = ()
    rate_limit: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="a number of requests a second, 0 for no limit"
    )

    scope: ScopeList = ScopeSetting(tenant=True)
    poll_interval: Seconds = 10.0
    fresh_for: Seconds = 30.0
    keep_for: Seconds = 300.0
    directory_interval: Seconds = 60.0
    when_blind: Annotated[WhenBlind, AnyCase] = Field(
        WhenBlind.UNKNOWN, description="last, unknown or reachable"
    )
    rules_file: File | None = None
    state_dir: Annotated[Path, AfterValidator(forms.folder)] | None = None
    wrap_up: SecondsOrNone = 0.0
    debounce: SecondsOrNone = 0.0
    status_messages: bool = Field(default=False, description="true or false")
    explain_history: bool = Field(default=False, description="true or false")
    key_in_query: bool = Field(default=False, description="true or false")
    default_country: Annotated[str, AfterValidator(forms.country)] = "DE"
    access_log: bool = Field(default=False, description="true or false")
    log_format: Annotated[LogFormat, AnyCase] = Field(LogFormat.TEXT, description="json or text")
    log_level: Annotated[LogLevel, AnyCase] = Field(
        LogLevel.INFO, description="debug, info, warning or error"
    )

    warnings: tuple[str, ...] = Field((), exclude=True, repr=False)
    """What is allowed but should be known, one sentence each; whoever starts the service logs them."""

    @property
    def unencrypted(self) -> bool:
        """Whether keys and presence travel over the network in plain HTTP."""
        return self.host not in LOOPBACK and not self.tls_cert_path

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the parent's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` gathered: the stock sources interpolate and overlook misspelt names."""
        return (init_settings,)

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Unreadable):
            raise ValueError(value.reason)  # noqa: TRY004  # pydantic collects no other kind
        if not isinstance(value, str) or info.field_name in {None, "api_keys"}:
            return value
        return forms.text(value if info.field_name in _KEEP_BLANKS else value.strip())

    @field_validator("azure_client_secret_next")
    @classmethod
    def _second_of_two(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value and info.data.get("azure_client_secret", value) is None:
            raise ValueError(
                "stands beside AZURE_CLIENT_SECRET, which is not set: set that too or, with a certificate, "
                "remove it"
            )
        return value

    @field_validator("azure_client_certificate_path")
    @classmethod
    def _one_credential(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        secret = info.data.get("azure_client_secret", value is None)
        if secret and value:
            raise ValueError("and AZURE_CLIENT_SECRET are both set: remove one of them")
        if not secret and not value and "azure_client_secret_next" in info.data:
            raise ValueError("or AZURE_CLIENT_SECRET must be set: without a credential nobody can sign in")
        return value

    @field_validator("azure_client_certificate_password")
    @classmethod
    def _opens_a_certificate(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value and info.data.get("azure_client_certificate_path", True) is None:
            raise ValueError("opens a certificate: set AZURE_CLIENT_CERTIFICATE_PATH too, or remove it")
        return value

    @field_validator("azure_username")
    @classmethod
    def _signs_in(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("sign_in") is SignIn.DELEGATED:
            raise ValueError("is missing: PRESENCE_SIGN_IN=delegated needs the user to sign in as")
        return value

    @field_validator("azure_password")
    @classmethod
    def _belongs_to_a_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        user = info.data.get("azure_username", ...)
        if value is None and (info.data.get("sign_in") is SignIn.DELEGATED or user not in {None, ...}):
            raise ValueError("is missing: a user cannot sign in without it")
        if value and user is None:
            raise ValueError("is set without AZURE_USERNAME: set that too, or remove it")
        return value

    @field_validator("host")
    @classmethod
    def _guarded(cls, value: str, info: ValidationInfo) -> str:
        if value not in LOOPBACK and info.data.get("api_keys") == ():
            raise ValueError(
                "is not loopback, and without PRESENCE_API_KEYS the service listens on loopback only: "
                "make a key with `teams-presence key new NAME`, or set PRESENCE_HOST=127.0.0.1"
            )
        return value

    @field_validator("tls_key_path")
    @classmethod
    def _both_or_neither(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        certificate = info.data.get("tls_cert_path", value)
        if (certificate is None) != (value is None):
            raise ValueError("and PRESENCE_TLS_CERT_PATH belong together: set both or neither")
        if certificate and value and "tls_cert_path" in info.data:
            forms.server_certificate(certificate, value)
        return value

    @field_validator("fresh_for")
    @classmethod
    def _outlives_a_sweep(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("poll_interval", 0) >= value:
            raise ValueError("must be greater than PRESENCE_POLL_INTERVAL, or nobody would ever be fresh")
        return value

    @field_validator("keep_for")
    @classmethod
    def _outlives_freshness(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("fresh_for", 0) > value:
            raise ValueError("must not be less than PRESENCE_FRESH_FOR")
        return value
