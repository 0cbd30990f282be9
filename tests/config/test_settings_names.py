"""Which names are taken for settings, and what is said about the others."""

from pathlib import Path

import pytest

from app.config import load_settings
from tests.support.settings import IDENTITY, port, problems


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PRESENCE_PRT", "PRESENCE_PORT"),
        ("PRESENCE_API_KEY", "PRESENCE_API_KEYS"),
        ("PRESENCE_POLL_INTERVALL", "PRESENCE_POLL_INTERVAL"),
        ("presence_port", "PRESENCE_PORT"),
        ("Presence_Port", "PRESENCE_PORT"),
        ("PRESENCE_PORT_FILE", "PRESENCE_PORT"),
        ("PRESENCE_AZURE_TENANT_ID", "AZURE_TENANT_ID"),
        ("AZURE_CLIENT_SECRT", "AZURE_CLIENT_SECRET"),
        ("AZURE_TENANTID", "AZURE_TENANT_ID"),
        ("AZURE_TENANT_ID_FILE", "AZURE_TENANT_ID"),
        ("azure_password", "AZURE_PASSWORD"),
        ("PRESENSE_PORT", "PRESENCE_PORT"),
    ],
)
@pytest.mark.parametrize("where", ["environment", "dotenv"])
def test_a_misspelt_name_is_refused_with_the_right_one(
    dotenv: Path, name: str, meant: str, where: str
) -> None:
    environ = {name: "1"} if where == "environment" else {}
    dotenv.write_text(f"{name}=1\n" if where == "dotenv" else "")
    assert problems(environ, dotenv) == [f"{name} is not a setting: did you mean {meant}?"]


def test_a_name_of_ours_that_resembles_none_is_refused_too() -> None:
    assert problems({"PRESENCE_QQQQ": "1"}) == [
        "PRESENCE_QQQQ is not a setting: .env.example lists them all."
    ]


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
        "AZURE_REGIONAL_AUTHORITY_NAME",
        "AZURE_CONFIG_DIR",
        "AZURE_AD_CLIENT_SECRET",
        "AZURE_AD_TENANT_ID",
        "COMPOSE_PROJECT_NAME",
        "PRESENCE",
    ],
)
@pytest.mark.parametrize("where", ["environment", "dotenv"])
def test_foreign_names_do_not_matter(dotenv: Path, name: str, where: str) -> None:
    """Other tools share the environment, and sometimes the file."""
    dotenv.write_text(f"{name}=1\n" if where == "dotenv" else "")
    assert port({name: "1"} if where == "environment" else {}, dotenv) == 8000


@pytest.mark.parametrize(
    "name",
    [
        "PRESENCE_NOTIFICATION_URL",
        "PRESENCE_REDIS_URL",
        "PRESENCE_TENANTS_FILE",
    ],
)
def test_what_is_not_built_yet_is_refused(name: str) -> None:
    """Silence would let an operator believe that it works."""
    assert problems({name: "1"}) == [f"{name} is not in this version: remove it."]


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "no_proxy"]
)
def test_a_proxy_in_dotenv_is_refused_because_it_would_have_no_effect(dotenv: Path, name: str) -> None:
    dotenv.write_text(f"{name}=proxy.example:3128\n")
    assert problems({}, dotenv) == [
        f"{name} is read from the process environment, not from .env: move it there."
    ]


def test_a_proxy_in_the_environment_is_fine() -> None:
    assert port({"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "localhost"}, None) == 8000


KUBERNETES = {
    "PRESENCE_SERVICE_HOST": "192.0.2.1",
    "PRESENCE_SERVICE_PORT": "8000",
    "PRESENCE_SERVICE_PORT_HTTP": "8000",
    "PRESENCE_PORT": "tcp://192.0.2.1:8000",
    "PRESENCE_PORT_8000_TCP": "tcp://192.0.2.1:8000",
    "PRESENCE_PORT_8000_TCP_PROTO": "tcp",
    "PRESENCE_PORT_8000_TCP_PORT": "8000",
    "PRESENCE_PORT_8000_TCP_ADDR": "192.0.2.1",
    "PRESENCE_REDIS_SERVICE_HOST": "192.0.2.2",
    "PRESENCE_REDIS_PORT": "tcp://192.0.2.2:6379",
}


def test_what_kubernetes_injects_for_a_service_is_ignored_with_one_warning(dotenv: Path) -> None:
    """It must not hide the port of `.env` either."""
    dotenv.write_text("PRESENCE_PORT=8001\n")
    settings = load_settings({**IDENTITY, **KUBERNETES}, dotenv)
    assert settings.port == 8001
    assert settings.warnings == (
        "PRESENCE_SERVICE_* and PRESENCE_PORT* as Kubernetes sets them for a Service are ignored.",
    )


def test_a_service_port_in_dotenv_was_written_by_a_person(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PORT=tcp://192.0.2.1:8000\nPRESENCE_SERVICE_HOST=192.0.2.1\n")
    told = problems({}, dotenv)
    assert [sentence.split()[0] for sentence in told] == ["PRESENCE_SERVICE_HOST", "PRESENCE_PORT"]
