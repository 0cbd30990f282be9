"""Somebody has installed less than a command needs: it says so, and what installs the rest."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import ROOT

# What the wider locks have and the service has not (requirements/demo.txt, bench.txt).
_OF_THE_DEMO = ("trustme",)
_OF_THE_BENCH = (*_OF_THE_DEMO, "email_validator", "redis")
_EVERYTHING = ("",)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a module where the packages whose names begin so are missing."""

    def without(missing: tuple[str, ...], *command: str) -> subprocess.CompletedProcess[str]:
        packages = tmp_path / "packages"
        packages.mkdir()
        for one in Path(sysconfig.get_path("purelib")).iterdir():
            if not one.name.startswith(missing) and one.suffix != ".pth":
                (packages / one.name).symlink_to(one)
        return subprocess.run(
            [Path(sys.executable).resolve(), "-S", "-m", *command],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1", "PRESENCE_PORT": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return without


@pytest.mark.parametrize(
    ("missing", "command", "names", "remedy"),
    [
        (_OF_THE_DEMO, ("simulator",), "trustme", "make demo"),
        (_EVERYTHING, ("simulator", "--port", "0"), "not installed", "make demo"),
        (_OF_THE_DEMO, ("app", "demo"), "trustme", "make demo"),
        (_EVERYTHING, ("app", "demo"), "not installed", "make install"),
        (_EVERYTHING, ("app", "serve"), "not installed", "make install"),
        (_EVERYTHING, ("app", "check"), "not installed", "make install"),
        (_EVERYTHING, ("app", "openapi"), "not installed", "make install"),
        (_EVERYTHING, ("app", "key", "new", "acd"), "not installed", "make install"),
        (_OF_THE_BENCH, ("bench",), "email-validator", "make bench"),
        (_EVERYTHING, ("bench", "--help"), "dotenv", "make bench"),
    ],
)
def test_a_missing_package_is_named_with_what_installs_it(
    run: Run, missing: tuple[str, ...], command: tuple[str, ...], names: str, remedy: str
) -> None:
    """One sentence instead of a traceback, whatever has been installed so far (found A5)."""
    done = run(missing, *command)
    assert done.returncode not in {0, 141}
    assert names in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["simulator", "app"])
def test_help_needs_nothing_but_python(run: Run, module: str) -> None:
    """Whoever has installed nothing yet may ask what there is (found A5)."""
    done = run(_EVERYTHING, module, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")
    assert "make demo" in done.stdout or module != "simulator"
