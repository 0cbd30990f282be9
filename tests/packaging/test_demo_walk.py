import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dotenv import dotenv_values

from tests.packaging import stub_index
from tests.packaging.locks import LOCKS, locked
from tests.support.polling import eventually
from tests.support.processes import ROOT

# The newcomer's first ten minutes, everything downloaded anew: mostly waiting for packages.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (ROOT / ".git").exists(), reason="git says what belongs to the source: no checkout"
    ),
    pytest.mark.skipif(
        not (shutil.which("make") and shutil.which("curl")),
        reason="a newcomer is assumed to have make and curl",
    ),
]

_MAKE_DEMO = ("make", "demo")
_READY_S = 300.0
_STOP_S = 15.0
_OF_THE_MACHINE = re.compile(
    r"PATH|LANG|XDG_CONFIG_HOME|PIP_(?!CACHE_DIR).*|(SSL|REQUESTS|CURL)_.*|.*_proxy", re.IGNORECASE
)


@dataclass(slots=True)
class Demo:
    """`make demo` in a folder of its own, and what it has said so far."""

    popen: subprocess.Popen[bytes]
    folder: Path
    environ: dict[str, str]

    @property
    def output(self) -> str:
        """Everything that came onto the terminal."""
        return (self.folder.parent / "terminal.log").read_text()

    def wait_for(self, text: str, *, within_s: float) -> None:
        """Return once it has said that; fails when it ends before."""

        def said() -> bool:
            assert self.popen.poll() is None or text in self.output, f"ended early:\n{self.output}"
            return text in self.output

        eventually(said, within_s=within_s, what=lambda: f"{text!r} in:\n{self.output}")

    def interrupt(self) -> None:
        """Ctrl-C: the terminal tells everybody who runs in it."""
        os.killpg(self.popen.pid, signal.SIGINT)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody who clones the repository gets, changes that are not committed yet included."""
    folder = tmp_path_factory.mktemp("newcomer") / "source"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def newer_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What has been published since the locks were made: a newer version of everything."""
    folder = tmp_path_factory.mktemp("published")
    stub_index.add_newer(folder, (one for lock in LOCKS for one in locked(lock)))
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


@pytest.fixture
def demo(source: Path, newer_versions: Path, port: int) -> Iterator[Demo]:
    """A started `make demo`; whatever it leaves running ends with the test."""
    home = source.parent / "home"
    home.mkdir(exist_ok=True)
    environ = _newcomers(home) | {"PRESENCE_PORT": str(port)}
    environ["PIP_FIND_LINKS"] = f"{environ.get('PIP_FIND_LINKS', '')} {newer_versions}"
    with (source.parent / "terminal.log").open("wb") as terminal:
        popen = subprocess.Popen(
            _MAKE_DEMO,
            cwd=source,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    yield Demo(popen, source, environ)
    for pid in _session(popen.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    popen.wait()


def test_a_newcomer_gets_from_the_source_to_the_first_answers_and_out_again(demo: Demo) -> None:
    """With no cache and no account: one command, three pasted lines, Ctrl-C, and nothing is left.

    The first answer is the one that the README shows (found A7), and newer versions of everything have been
    published since the locks were made (found A1).
    """
    demo.wait_for("Ready.", within_s=_READY_S)
    answers = [_paste(line, demo) for line in _to_paste(demo)]
    assert _without_times(json.loads(answers[0])) == _without_times(_promised())
    assert [_said(one) for one in json.loads(answers[1])["results"]] == [
        ("found", "Available", "Available"),
        ("found", "Busy", "InAMeeting"),
    ]
    assert "swagger" in answers[2].lower()
    ports = _ports(demo)
    assert all(_is_open(one) for one in ports)
    demo.interrupt()
    eventually(
        lambda: not _session(demo.popen.pid),
        within_s=_STOP_S,
        what=lambda: f"the end of all processes:\n{demo.output}",
    )
    assert not any(_is_open(one) for one in ports)
    assert "Traceback" not in demo.output


@pytest.mark.parametrize("moment", ["Starting a simulated", "Starting the service", "Signing in"])
def test_ctrl_c_at_any_moment_leaves_nothing_running(demo: Demo, moment: str) -> None:
    demo.wait_for(moment, within_s=_READY_S)
    demo.interrupt()
    eventually(
        lambda: not _session(demo.popen.pid),
        within_s=_STOP_S,
        what=lambda: f"the end of all processes:\n{demo.output}",
    )
    assert "Traceback" not in demo.output


def test_a_taken_port_is_told_with_the_setting_that_changes_it(source: Path, demo: Demo, port: int) -> None:
    """Even when what has taken it is another demo, which answers just as well."""
    demo.wait_for("Ready.", within_s=_READY_S)
    second = subprocess.run(
        _MAKE_DEMO,
        cwd=source,
        env=demo.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode != 0
    assert "PRESENCE_PORT" in second.stderr
    assert "Ready." not in second.stdout
    assert "Traceback" not in second.stderr
    assert _is_open(port)
    demo.interrupt()


def _newcomers(home: Path) -> dict[str, str]:
    """An empty home and nothing cached; where packages come from stays the machine's own affair."""
    kept = {name: value for name, value in os.environ.items() if _OF_THE_MACHINE.fullmatch(name)}
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return {"XDG_CONFIG_HOME": config} | kept | {"HOME": str(home), "PIP_CACHE_DIR": str(home / "cache")}


def _promised() -> dict[str, Any]:
    """The README's first answer."""
    (shown,) = re.findall(r"^```json\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    answer: dict[str, Any] = json.loads(shown)
    return answer


def _without_times(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same whenever and in whichever tenant somebody asks."""
    return {name: value for name, value in answer.items() if name not in {"id", "observedAt", "age"}}


def _said(result: Mapping[str, Any]) -> tuple[str, str, str]:
    presence = result["presence"]
    return result["outcome"], presence["availability"], presence["activity"]


def _to_paste(demo: Demo) -> list[str]:
    lines = [line.strip() for line in demo.output.splitlines() if line.startswith("  curl ")]
    assert len(lines) == 3, demo.output
    return lines


def _paste(line: str, demo: Demo) -> str:
    environ = {name: value for name, value in demo.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(line, shell=True, env=environ, capture_output=True, text=True, check=False)  # noqa: S602 - pasted
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def _ports(demo: Demo) -> list[int]:
    """The service's, and the one that the simulated tenant has found."""
    tenant = dotenv_values(demo.folder / ".demo" / "tenant.env", interpolate=False)
    simulated = urlsplit(tenant["AZURE_AUTHORITY_HOST"] or "").port
    assert simulated
    return [int(demo.environ["PRESENCE_PORT"]), simulated]


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _session(leader: int) -> list[int]:
    """Every process started from that terminal that has not ended, whoever its parent is by now."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = status.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                found.append(int(status.parent.name))
    return found
