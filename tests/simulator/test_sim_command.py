"""The command: its files, its one line, its manners at the door."""

import json
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import httpx
import pytest
from dotenv import dotenv_values

from tests.simulator.process import SimulatorProcess

PASSWORD = "P[a]<s>?s#w&o\"r'd ß x${HOME} \\"


def test_it_says_where_it_listens_and_with_how_many_people(simulator: SimulatorProcess) -> None:
    assert simulator.line == f"simulator: {simulator.root} with 30 people\n"


def test_its_files_are_private_and_say_what_a_portal_shows(simulator: SimulatorProcess) -> None:
    folder = Path(simulator.sheet["ca_bundle"]).parent
    given = dotenv_values(folder / "tenant.env", interpolate=False)
    modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("tenant.env", "sheet.json", "ca.key")]
    assert modes == [0o600] * 3
    assert given == {
        "AZURE_TENANT_ID": simulator.sheet["tenant_id"],
        "AZURE_CLIENT_ID": simulator.sheet["client_id"],
        "AZURE_CLIENT_SECRET": simulator.sheet["client_secret"],
        "AZURE_AUTHORITY_HOST": simulator.root,
        "PRESENCE_GRAPH_URL": simulator.root,
        "PRESENCE_CA_BUNDLE": simulator.sheet["ca_bundle"],
    }
    assert simulator.switch("GET", "sheet") == simulator.sheet


def test_any_password_survives_the_environment_file(tmp_path: Path) -> None:
    """Uncommented, the delegated lines read back as they were given."""
    with SimulatorProcess.started(tmp_path, people=0, SIMULATOR_PASSWORD=PASSWORD) as running:
        lines = (tmp_path / "tenant.env").read_text().replace("# AZURE_", "AZURE_")
        (tmp_path / "delegated.env").write_text(lines)
        given = dotenv_values(tmp_path / "delegated.env", interpolate=False)
        assert (given["AZURE_PASSWORD"], running.sheet["password"]) == (PASSWORD, PASSWORD)


def test_a_second_run_is_trusted_by_clients_of_the_first(tmp_path: Path) -> None:
    with SimulatorProcess.started(tmp_path, people=1):
        before = (tmp_path / "ca.pem").read_bytes()
    with SimulatorProcess.started(tmp_path, people=1):
        assert (tmp_path / "ca.pem").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_even_with_a_client_on_the_line(
    tmp_path: Path, number: signal.Signals
) -> None:
    with SimulatorProcess.started(tmp_path, people=1) as running:
        running.switch("GET", "calls")
        running.process.send_signal(number)
        assert running.process.wait(timeout=5) == 0


def test_whoever_waits_when_it_ends_is_cut_off(tmp_path: Path) -> None:
    """A client sees what a dying service shows: a broken connection, not a polite 500."""
    with SimulatorProcess.started(tmp_path, people=1) as running, ThreadPoolExecutor() as threads:
        running.switch("POST", "faults", {"endpoint": "users", "kind": "hang"})
        waiting = threads.submit(running.http.get, f"{running.root}/v1.0/users")
        deadline = monotonic() + 10
        while running.switch("GET", "calls")["users"] == 0:
            assert monotonic() < deadline
        running.process.terminate()
        assert isinstance(waiting.exception(timeout=10), httpx.RemoteProtocolError | httpx.ReadError)


def test_a_taken_port_is_one_sentence(simulator: SimulatorProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "--port", str(simulator.port), "--dir", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "--port" in ended.stderr


@pytest.mark.parametrize("folder", ["/proc/nowhere", "a file"])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, folder: str) -> None:
    """A demo in somebody else's checkout says so (found A3)."""
    (tmp_path / "a file").touch()
    command = [sys.executable, "-m", "simulator", "--port", "0", "--dir", str(tmp_path / folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "--dir" in ended.stderr


def test_permissions_and_token_life_are_as_ordered(tmp_path: Path) -> None:
    options = ("--permissions", "Presence.Read.All", "--token-lifetime", "90", "--secret", "s e'c")
    with SimulatorProcess.started(tmp_path, *options, people=3) as running:
        token = running.application().acquire_token_for_client(running.scopes)
        denied = running.http.get(
            f"{running.root}/v1.0/users", headers={"authorization": f"Bearer {token['access_token']}"}
        )
        assert (token["expires_in"], denied.status_code) == (90, 403)
        assert json.loads((tmp_path / "sheet.json").read_text())["client_secret"] == "s e'c"


def test_help_names_every_option() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "simulator", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for option in (
        "--port",
        "--people",
        "--seed",
        "--dir",
        "--day-speed",
        "--permissions",
        "--token-lifetime",
    ):
        assert option in text
