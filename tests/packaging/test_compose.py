import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import Settings, load_settings, new_api_key
from app.config.names import NAMES
from tests.packaging import dockerfile
from tests.support.processes import ROOT

_REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
_MOUNTED = "/run/secrets/"


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


@pytest.fixture
def service(compose: dict[str, Any]) -> dict[str, Any]:
    assert set(compose) == {"services", "secrets", "volumes"}
    (only,) = compose["services"].values()
    assert isinstance(only, dict)
    return only


def test_every_variable_is_a_setting(service: dict[str, Any]) -> None:
    assert set(service["environment"]) <= NAMES


def test_an_id_that_nobody_has_set_stops_compose_with_its_name(service: dict[str, Any]) -> None:
    plain = {name: value for name, value in service["environment"].items() if name.startswith("AZURE_")}
    plain = {name: value for name, value in plain.items() if not name.endswith("_FILE")}
    assert plain
    for name, value in plain.items():
        required = _REQUIRED.fullmatch(value)
        assert required, value
        assert required[1] == name


def test_secrets_travel_as_mounted_files_only(compose: dict[str, Any], service: dict[str, Any]) -> None:
    """No env_file, which changes passwords; and each `…_FILE` points at a secret that is really mounted."""
    files = {name: value for name, value in service["environment"].items() if name.endswith("_FILE")}
    assert "env_file" not in service
    assert set(files.values()) == {_MOUNTED + secret for secret in service["secrets"]}
    assert set(service["secrets"]) == set(compose["secrets"])
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_the_service_starts_with_what_compose_hands_it(service: dict[str, Any], tmp_path: Path) -> None:
    for secret, text in {
        "azure_client_secret": "invented~secret\n",
        "presence_api_keys": f"{new_api_key('acd')[1]}\n",
    }.items():
        (tmp_path / secret).write_text(text)
    ids = {"AZURE_TENANT_ID": "contoso.example", "AZURE_CLIENT_ID": "0" * 8 + "-0000-0000-0000-" + "0" * 12}
    handed = {
        name: ids.get(name, value.replace(_MOUNTED, f"{tmp_path}/"))
        for name, value in service["environment"].items()
    }
    settings = load_settings(dockerfile.environment() | handed, dotenv=None)
    assert settings.host == "0.0.0.0"  # noqa: S104 - inside a container of its own
    assert [key.name for key in settings.api_keys] == ["acd"]


def test_the_container_can_do_nothing_but_serve(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "network_mode", "pid"} & set(service)


def test_it_comes_back_by_itself_and_is_given_time_to_finish(service: dict[str, Any]) -> None:
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "15s"


def test_the_published_port_and_the_kept_folder_are_the_images(
    compose: dict[str, Any], service: dict[str, Any]
) -> None:
    port = Settings.model_fields["port"].default
    (volume,) = service["volumes"]
    name, _, folder = volume.partition(":")
    assert service["ports"] == [f"{port}:{port}"]
    assert set(compose["volumes"]) == {name}
    assert service["environment"]["PRESENCE_STATE_DIR"] == folder
    assert any(one.word == "RUN" and one.rest.endswith(folder) for one in dockerfile.instructions())
