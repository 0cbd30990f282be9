"""What single values may be."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.config import LogFormat, LogLevel, Settings, SignIn, WhenBlind, load_settings
from app.config.scope import ScopeSetting
from app.errors import SettingsError

IDENTITY = {"AZURE_TENANT_ID": "contoso.com", "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666"}
REQUIRED = {**IDENTITY, "AZURE_CLIENT_SECRET": "invented~Value"}
USER = {"AZURE_USERNAME": "svc@contoso.com", "AZURE_PASSWORD": "word"}
PORTAL = "from the Overview page of the app registration"
NO_CREDENTIAL = "must be set: without a credential nobody can sign in"
KEYS = {"PRESENCE_API_KEYS": f"acd:{'0' * 64}"}


def load(environ: dict[str, str], **changes: str) -> Settings:
    return load_settings({**environ, **changes}, dotenv=None)


def problems(environ: dict[str, str], **changes: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(environ, **changes)
    return str(raised.value).splitlines()


def test_the_defaults_are_the_documented_ones() -> None:
    shown = load(REQUIRED).model_dump(exclude={"azure_tenant_id", "azure_client_id", "azure_client_secret"})
    assert shown == {
        "azure_client_secret_next": None,
        "azure_client_certificate_path": None,
        "azure_client_certificate_password": None,
        "sign_in": SignIn.APP,
        "azure_username": None,
        "azure_password": None,
        "secret_expires": None,
        "password_expires": None,
        "azure_authority_host": "https://login.microsoftonline.com",
        "graph_url": "https://graph.microsoft.com",
        "ca_bundle": None,
        "api_keys": (),
        "host": "127.0.0.1",
        "port": 8000,
        "tls_cert_path": None,
        "tls_key_path": None,
        "trusted_proxies": (),
        "rate_limit": 0.0,
        "scope": {"tenant": True, "groups": (), "domains": (), "users": ()},
        "poll_interval": 10.0,
        "fresh_for": 30.0,
        "keep_for": 300.0,
        "directory_interval": 60.0,
        "when_blind": WhenBlind.UNKNOWN,
        "rules_file": None,
        "state_dir": None,
        "wrap_up": 0.0,
        "debounce": 0.0,
        "status_messages": False,
        "explain_history": False,
        "key_in_query": False,
        "default_country": "DE",
        "access_log": False,
        "log_format": LogFormat.TEXT,
        "log_level": LogLevel.INFO,
    }
    assert load(REQUIRED).warnings == ()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(REQUIRED).port = 1  # type: ignore[misc]  # the promise is made to those who do not check types


def test_what_is_required_is_named_with_where_to_find_it() -> None:
    assert problems({}) == [
        f"AZURE_TENANT_ID is missing: enter the Directory (tenant) ID {PORTAL}.",
        f"AZURE_CLIENT_ID is missing: enter the Application (client) ID {PORTAL}.",
        f"AZURE_CLIENT_CERTIFICATE_PATH or AZURE_CLIENT_SECRET {NO_CREDENTIAL}.",
    ]


@pytest.mark.parametrize(
    "value", ["5D4C3B2A-1111-2222-3333-444455556666", "contoso.onmicrosoft.com", " contoso.com "]
)
def test_a_tenant_is_an_id_or_a_domain(value: str) -> None:
    assert load(REQUIRED, AZURE_TENANT_ID=value).azure_tenant_id == value.strip()


@pytest.mark.parametrize("value", ["common", "organizations", "Consumers"])
def test_a_tenant_that_stands_for_many_is_refused(value: str) -> None:
    (sentence,) = problems(REQUIRED, AZURE_TENANT_ID=value)
    assert sentence.startswith("AZURE_TENANT_ID stands for many tenants: enter the Directory (tenant) ID")


@pytest.mark.parametrize(
    "value", ["contoso", "https://contoso.com", "contoso.com/", "-a.com", "a..com", "1.2", "ä.de"]
)
def test_what_is_neither_an_id_nor_a_domain_is_no_tenant(value: str) -> None:
    (sentence,) = problems(REQUIRED, AZURE_TENANT_ID=value)
    assert sentence.startswith("AZURE_TENANT_ID is neither an id nor a domain name")


@pytest.mark.parametrize("value", ["contoso.com", "{5d4c3b2a-1111-2222-3333-444455556666}", "5d4c3b2a"])
def test_a_client_id_is_an_id(value: str) -> None:
    (sentence,) = problems(REQUIRED, AZURE_CLIENT_ID=value)
    assert sentence.startswith("AZURE_CLIENT_ID is not an id: enter the Application (client) ID")


@pytest.mark.parametrize("name", ["AZURE_AUTHORITY_HOST", "PRESENCE_GRAPH_URL"])
@pytest.mark.parametrize(
    ("value", "root"),
    [
        ("https://login.microsoftonline.us", "https://login.microsoftonline.us"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("login.partner.microsoftonline.cn", "https://login.partner.microsoftonline.cn"),
        ("localhost:8443", "https://localhost:8443"),
        ("HTTPS://Graph.Microsoft.com", "https://graph.microsoft.com"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_a_root_is_https_and_a_host(name: str, value: str, root: str) -> None:
    """As the Azure tools do: a bare host name and a trailing slash are tolerated."""
    settings = load(REQUIRED, **{name: value})
    assert root == (settings.graph_url if name == "PRESENCE_GRAPH_URL" else settings.azure_authority_host)


@pytest.mark.parametrize("name", ["AZURE_AUTHORITY_HOST", "PRESENCE_GRAPH_URL"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("http://graph.microsoft.com", "must begin with https://"),
        ("https://graph.microsoft.com/v1.0", "must end after the host: leave out the tenant or /v1.0"),
        ("login.microsoftonline.com/contoso.com", "must end after the host"),
        ("https://graph.microsoft.com?a=b", "must end after the host"),
        ("https://graph.microsoft.com/?", "must end after the host"),
        ("https://graph.microsoft.com#a", "must end after the host"),
        ("https://user:word@graph.microsoft.com", "is not the root of a service"),
        ("https://", "is not the root of a service"),
        ("https://host:port", "is not the root of a service"),
        ("https://host:99999", "is not the root of a service"),
        ("https://[::1", "is not the root of a service"),
        ("https://a host", "is not the root of a service"),
    ],
)
def test_anything_else_is_no_root(name: str, value: str, reason: str) -> None:
    (sentence,) = problems(REQUIRED, **{name: value})
    assert sentence.startswith(f"{name} {reason}")


def test_a_user_name_is_given_in_full() -> None:
    (sentence,) = problems({**REQUIRED, **USER}, AZURE_USERNAME="svc")
    assert sentence.startswith("AZURE_USERNAME is not a user principal name")


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("PRESENCE_SIGN_IN", "user", "app or delegated"),
        ("PRESENCE_WHEN_BLIND", "green", "last, unknown or reachable"),
        ("PRESENCE_LOG_FORMAT", "xml", "json or text"),
        ("PRESENCE_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("PRESENCE_STATUS_MESSAGES", "perhaps", "true or false"),
        ("PRESENCE_PORT", "65536", "a whole number from 0 to 65535"),
        ("PRESENCE_PORT", "-1", "a whole number from 0 to 65535"),
        ("PRESENCE_PORT", "80.5", "a whole number from 0 to 65535"),
        *(
            (f"PRESENCE_{name}", value, "a number of seconds above 0")
            for name in ("POLL_INTERVAL", "FRESH_FOR", "KEEP_FOR", "DIRECTORY_INTERVAL")
            for value in ("0", "-1", "nan", "inf", "10s")
        ),
    ],
)
def test_a_value_of_the_wrong_form_is_told_the_right_one(name: str, value: str, form: str) -> None:
    assert problems(REQUIRED, **{name: value}) == [f"{name} must be {form}."]


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("PRESENCE_WHEN_BLIND", "LAST", "when_blind", WhenBlind.LAST),
        ("PRESENCE_LOG_FORMAT", "json", "log_format", LogFormat.JSON),
        ("PRESENCE_LOG_LEVEL", "DEBUG", "log_level", LogLevel.DEBUG),
        ("PRESENCE_STATUS_MESSAGES", "True", "status_messages", True),
        ("PRESENCE_PORT", "0", "port", 0),
        ("PRESENCE_SCOPE", "Tenant", "scope", ScopeSetting(tenant=True)),
        ("PRESENCE_POLL_INTERVAL", "0.25", "poll_interval", 0.25),
        ("PRESENCE_DIRECTORY_INTERVAL", " 5 ", "directory_interval", 5.0),
        ("PRESENCE_HOST", "[::1]", "host", "::1"),
    ],
)
def test_a_value_of_the_right_form_is_taken(name: str, value: str, attribute: str, expected: Any) -> None:
    assert getattr(load(REQUIRED, **{name: value}), attribute) == expected


@pytest.mark.parametrize(
    "name", ["AZURE_CLIENT_CERTIFICATE_PATH", "PRESENCE_CA_BUNDLE", "PRESENCE_TLS_CERT_PATH"]
)
@pytest.mark.parametrize("kind", ["missing", "folder", "too long"])
def test_a_file_must_be_there(tmp_path: Path, name: str, kind: str) -> None:
    path = {"missing": tmp_path / "missing", "folder": tmp_path, "too long": tmp_path / ("x" * 300)}[kind]
    base = IDENTITY if name.startswith("AZURE") else REQUIRED
    (sentence,) = problems(base, **{name: str(path)})
    assert sentence.startswith(f"{name} names no file that this process can read")


def test_a_host_is_a_name_or_an_address() -> None:
    (sentence,) = problems({**REQUIRED, **KEYS}, PRESENCE_HOST="http://192.0.2.1")
    assert sentence.startswith("PRESENCE_HOST is neither a host name nor an address")


def test_settings_can_be_built_by_attribute_too() -> None:
    """For tests and the demo, which have no environment to read."""
    settings = Settings(
        azure_tenant_id="contoso.com",
        azure_client_id="5d4c3b2a-1111-2222-3333-444455556666",
        azure_client_secret="invented~Value",
        port=0,
    )
    assert settings.port == 0


def test_trusted_proxies_are_networks_and_single_addresses() -> None:
    settings = load({**REQUIRED, "PRESENCE_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1,2001:db8::/32"})
    assert [str(one) for one in settings.trusted_proxies] == ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRESENCE_TRUSTED_PROXIES", "proxy.example"),
        ("PRESENCE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PRESENCE_RATE_LIMIT", "-1"),
        ("PRESENCE_RATE_LIMIT", "nan"),
        ("PRESENCE_RATE_LIMIT", "many"),
    ],
)
def test_a_limit_or_a_proxy_that_is_none_is_refused(name: str, value: str) -> None:
    """Without repeating what was written."""
    with pytest.raises(SettingsError, match=f"^{name} ") as raised:
        load({**REQUIRED, name: value})
    assert value not in str(raised.value).split()


@pytest.mark.parametrize("name", ["PRESENCE_SECRET_EXPIRES", "PRESENCE_PASSWORD_EXPIRES"])
@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2027-05-31", "2027-05-31T00:00:00+00:00"),
        (" 2027-05-31 ", "2027-05-31T00:00:00+00:00"),
        ("2027-05-31T10:00:00Z", "2027-05-31T10:00:00+00:00"),
        ("2027-05-31 10:00", "2027-05-31T10:00:00+00:00"),
        ("2027-05-31T12:00:00+02:00", "2027-05-31T10:00:00+00:00"),
    ],
)
def test_an_end_is_a_day_or_a_moment_and_without_an_offset_it_is_utc(
    name: str, value: str, moment: str
) -> None:
    settings = load(REQUIRED, **{name: value})
    found = settings.secret_expires if "SECRET" in name else settings.password_expires
    assert found is not None
    assert found.isoformat() == moment


@pytest.mark.parametrize("name", ["PRESENCE_SECRET_EXPIRES", "PRESENCE_PASSWORD_EXPIRES"])
@pytest.mark.parametrize(
    "value", ["31.05.2027", "05/31/2027", "2027-02-30", "in a year", "1811757600", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_date_is_refused_with_an_example(name: str, value: str) -> None:
    assert problems(REQUIRED, **{name: value}) == [
        f"{name} is no date: write it like 2027-05-31 or 2027-05-31T10:00:00Z."
    ]


def test_the_state_folder_may_be_there_or_be_made_later(tmp_path: Path) -> None:
    """Whether it can be written is found out by writing: it must not stop the service."""
    for folder in (tmp_path, tmp_path / "new" / "state"):
        assert load(REQUIRED, PRESENCE_STATE_DIR=str(folder)).state_dir == folder
        assert not (tmp_path / "new").exists()


def test_a_state_folder_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    """A file in its place, or a relative name that leads nowhere."""
    file = tmp_path / "file"
    file.write_text("")
    assert problems(REQUIRED, PRESENCE_STATE_DIR=str(file)) == [
        "PRESENCE_STATE_DIR names something that is no folder: correct the path."
    ]
    assert problems(REQUIRED, PRESENCE_STATE_DIR="no/such/folder") == [
        "PRESENCE_STATE_DIR names a folder inside one that does not exist: enter the whole path."
    ]
