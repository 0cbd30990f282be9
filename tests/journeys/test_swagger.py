"""Swagger UI in a real browser, with all network but loopback cut."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.swagger_walk import CHROMIUM

_CUT_OFF = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def _can_cut_the_network() -> bool:
    """Whether a network namespace can be made here; the browser's own resolver rules hold either way."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*_CUT_OFF, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed")
def test_the_page_works_without_internet_takes_a_key_and_returns_a_person(tmp_path: Path) -> None:
    """Nothing comes from a CDN: authorize, try it out, and the person is there."""
    command = [sys.executable, "-m", "tests.support.swagger_walk", str(tmp_path)]
    prefix = list(_CUT_OFF) if _can_cut_the_network() else []
    walk = subprocess.run(
        [*prefix, *command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert walk.returncode == 0, walk.stderr[-2000:]
    seen = json.loads(walk.stdout.splitlines()[-1])
    assert seen["title"] == "Teams presence API"
    assert seen["status"].startswith("200")
    assert '"displayName": "Max Muster"' in seen["body"]
    assert all(url.startswith(("http://127.0.0.1:", "data:", "blob:")) for url in seen["asked"])
