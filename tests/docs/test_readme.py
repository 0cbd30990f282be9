"""The first page keeps its promises: its commands run, and its table is the settings."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.names import VARIABLES
from tests.support.processes import ROOT
from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

README = (ROOT / "README.md").read_text()
CURL_LINES = re.findall(r"^curl .+$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """What `make demo` starts, on a free port."""
    folder: Path = tmp_path_factory.mktemp("readme")
    tenant = start_simulated(folder / "tenant", "--people", "10")
    service = start_service(folder / "service", tenant.settings)
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()


@pytest.mark.parametrize("line", CURL_LINES)
def test_each_curl_line_answers_when_pasted(service: Service, line: str) -> None:
    """As it stands, but for the port."""
    command = line.replace("http://127.0.0.1:8000", service.base).replace("curl ", "curl -sS --fail ", 1)
    answer = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=30
    )
    assert answer.returncode == 0, answer.stderr
    assert re.search(r'"state":|swagger|^[01]$', answer.stdout)


def test_there_are_lines_to_paste() -> None:
    """One person, a batch, Swagger UI, and the call-flow lookup."""
    assert len(CURL_LINES) >= 5


def test_the_settings_table_has_exactly_the_settings() -> None:
    """Nothing to guess, nothing that is not there."""
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`((?:AZURE|PRESENCE)_[A-Z_]+[A-Z])`", table)) - {"PRESENCE_KEEP_FOR"} <= set(
        VARIABLES
    )
    assert set(VARIABLES) <= set(re.findall(r"`((?:AZURE|PRESENCE)_[A-Z_]+[A-Z])`", table))


def test_the_three_sentences_two_commands_and_one_picture_come_first() -> None:
    """Somebody decides on the first screen."""
    first_screen = "\n".join(README.splitlines()[:15])
    assert first_screen.count("make ") >= 2
    assert "![" in first_screen
