"""The published document against the running service: what schemathesis makes up, nobody thought of."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import new_api_key
from tests.support.processes import ROOT
from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

KEY, ENTRY = new_api_key("fuzz")
SUPPORT = ROOT / "tests" / "support"
EXAMPLES = 60  # for each operation and phase: more finds more, and takes longer


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With a key, so that the checks on authentication have something to check."""
    folder: Path = tmp_path_factory.mktemp("schemathesis")
    tenant = start_simulated(folder / "tenant", "--people", "10")
    service = start_service(folder / "service", tenant.settings | {"PRESENCE_API_KEYS": ENTRY})
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()


def test_no_made_up_request_gets_an_answer_that_the_document_does_not_have(
    service: Service, tmp_path: Path
) -> None:
    """All checks, the same examples each time: statuses, bodies, headers, keys, methods, no 5xx."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SUPPORT / "schemathesis.toml")]
    command += ["run", str(ROOT / "openapi.yaml")]
    command += ["--url", service.base, "--header", f"X-API-Key: {KEY}", "--checks", "all"]
    command += ["--generation-deterministic", "--suppress-health-check", "all"]
    command += ["--max-examples", str(EXAMPLES), "--no-color", "--continue-on-failure"]
    fuzzed = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_PROXY": "*", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    print(fuzzed.stdout[-1500:])
    assert fuzzed.returncode == 0, fuzzed.stdout[-20000:] + fuzzed.stderr[-2000:]
    assert "Traceback" not in service.process.output
