"""Real processes on a core of their own, ended with the block that started them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.cores import on_core

ROOT = Path(__file__).parents[1]
_PATIENCE_S = 60.0
_STOP_S = 15.0
# Often enough for a start in hundredths of a second, too seldom to slow it down.
_LOOK_EVERY_S = 0.01


class NotStarted(Exception):
    """A process did not come up."""


@contextmanager
def running(
    command: Sequence[str], *, core: int, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, pinned; its output goes to a file."""
    with on_core(core), log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=_environment(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """As an orchestrator would: politely, then not."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def yielding(process: subprocess.Popen[bytes]) -> None:
    """Let a process run only where its core has nothing else to do."""
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with the interpreter we run in."""
    return [sys.executable, "-m", module, *arguments]


def told_by(module: str, *arguments: str, core: int) -> Any:
    """The JSON that a module prints which measures inside a process of its own."""
    with on_core(core):
        done = subprocess.run(
            python(module, *arguments), env=_environment({}), stdout=subprocess.PIPE, check=True
        )
    return json.loads(done.stdout)


def wait_for(fact: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as it holds. Raises NotStarted if the process ends before, or takes a minute."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while not fact():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise NotStarted(log.read_text(errors="replace")[-2000:])
        time.sleep(_LOOK_EVERY_S)


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def resident_mb(pid: int) -> float:
    """The memory a process really occupies, in MB of a million bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Nothing of whoever runs this but the path: no settings, no proxies."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **own}
