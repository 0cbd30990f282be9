import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import Settings, load_settings, new_api_key
from app.config.names import NAMES
from tests.packaging import dockerfile
from tests.support.processes import ROOT
from tests.support.service import start_service
from tests.support.simulated import start_simulated

_REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
_MOUNTED = "/run/secrets/"
# As many as asyncio and libuv start at most, on a machine with many cores.
_WORKERS = 32 + 4


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
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "network_mode", "pid"} & set(service)


def test_what_it_may_take_of_the_machine_is_bounded(service: dict[str, Any]) -> None:
    """Memory, processes, descriptors and logs: whoever gets it to take more stops at these (found D18)."""
    memory = re.fullmatch(r"(\d+)m", service["mem_limit"])
    assert memory
    assert 300 <= int(memory[1]) <= 1024
    assert 50 <= service["pids_limit"] <= 200
    assert 1024 <= service["ulimits"]["nofile"] <= 65_536
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_its_one_scratch_folder_is_small_and_runs_nothing(service: dict[str, Any]) -> None:
    """Whoever breaks in can put no program there (found D18)."""
    (scratch,) = service["tmpfs"]
    folder, _, options = scratch.partition(":")
    assert folder == "/tmp"  # noqa: S108 - the container's own
    assert {"noexec", "nosuid", "nodev"} <= set(options.split(","))
    assert re.search(r"(^|,)size=\d+m(,|$)", options)


def test_the_service_fits_into_these_limits(service: dict[str, Any], tmp_path: Path) -> None:
    """At rest it takes a small part of them: they are for many people and bad days (found D18)."""
    tenant = start_simulated(tmp_path / "tenant", "--people", "20")
    started = start_service(tmp_path / "service", tenant.settings).wait_until_ready()
    process = Path(f"/proc/{started.process.popen.pid}")
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
    threads, open_files = (len(list((process / what).iterdir())) for what in ("task", "fd"))
    started.stop()
    tenant.stop()
    assert int(peak_kb) / 1024 < int(service["mem_limit"].removesuffix("m")) / 2
    assert threads + _WORKERS < service["pids_limit"] / 2
    assert open_files < service["ulimits"]["nofile"] / 100


def test_it_comes_back_by_itself_and_is_given_time_to_finish(service: dict[str, Any]) -> None:
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "15s"


def test_the_published_port_and_the_kept_folder_are_the_images(
    compose: dict[str, Any], service: dict[str, Any]
) -> None:
    """The port is open to this machine alone until somebody decides otherwise (found D18)."""
    port = Settings.model_fields["port"].default
    (volume,) = service["volumes"]
    name, _, folder = volume.partition(":")
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert set(compose["volumes"]) == {name}
    assert service["environment"]["PRESENCE_STATE_DIR"] == folder
    assert any(one.word == "RUN" and one.rest.endswith(folder) for one in dockerfile.instructions())
