"""A pipe in the place of a file stops neither the start nor a running service."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.matrix import MAX
from tests.support.polling import eventually
from tests.support.processes import start
from tests.support.service import Service
from tests.support.simulated import Simulated


def swap_for_a_pipe(file: Path) -> str:
    """What the file held."""
    before = file.read_text()
    file.unlink()
    os.mkfifo(file)
    return before


def put_back(file: Path, text: str) -> None:
    """As it was."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.rename(file)


@pytest.mark.parametrize("name", ["PRESENCE_RULES_FILE", "AZURE_CLIENT_SECRET_FILE", ".env"])
def test_a_pipe_at_the_start_is_a_mistake_in_the_settings(
    tenant: Simulated, tmp_path: Path, name: str
) -> None:
    """One sentence that names it, and exit code 2, instead of a wait for a writer (found D6)."""
    folder, environ = tmp_path / "service", dict(tenant.settings)
    folder.mkdir()
    os.mkfifo(folder / ".env" if name == ".env" else folder / "pipe")
    if name == "AZURE_CLIENT_SECRET_FILE":
        del environ["AZURE_CLIENT_SECRET"]
    if name != ".env":
        environ[name] = str(folder / "pipe")
    process = start("app", ["serve"], folder=folder, environ=environ)
    assert process.popen.wait(20) == 2
    (told,) = process.output.splitlines()
    assert name in told


def faults(service: Service) -> list[str]:
    """What is wrong at the two feeds that look at files."""
    return [fault for name in ("settings", "rules") if (fault := service.feed(name)["fault"])]


@pytest.mark.fault
def test_files_turn_into_pipes(tenant: Simulated, serve: Callable[..., Service], tmp_path: Path) -> None:
    """Named at their feeds within seconds; all stays as it was, and heals with the files (found D6)."""
    dotenv, rules = tmp_path / "service0" / ".env", tmp_path / "rules.toml"
    dotenv.parent.mkdir()
    dotenv.write_text("PRESENCE_WRAP_UP=0\n")
    rules.write_text('default = "strict"\n')
    service = serve(tenant.settings | {"PRESENCE_RULES_FILE": str(rules)}).wait_until_ready()
    before = {file: swap_for_a_pipe(file) for file in (dotenv, rules)}
    eventually(lambda: len(faults(service)) == 2, within_s=25)
    assert all("cannot be read" in fault for fault in faults(service))
    assert not any(service.feed(name)["hung"] for name in ("settings", "rules"))
    assert service.get("/health/ready").status_code == httpx.codes.OK
    assert service.presence(MAX)["stale"] is False
    for file, text in before.items():
        put_back(file, text)
    eventually(lambda: not faults(service), within_s=25)
