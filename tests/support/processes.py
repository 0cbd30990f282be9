"""Real processes with their output in a file, ended with the test whatever happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.polling import eventually

ROOT = Path(__file__).parents[2]
# What a process needs of the machine; nothing of a developer's own settings or proxies.
_BASE_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
    "LANG": "C.UTF-8",
}
_STOP_S = 15.0
_MOMENT_S = 0.02


@dataclass(slots=True)
class Process:
    """A started program, and the file that it writes to."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """Standard output and standard error together.

        The service's log is written by a thread of its own, a moment after what it tells of: so this waits
        until a moment brings nothing new, or for a few of them.
        """
        written = self.log.read_text()
        for _ in range(5):
            time.sleep(_MOMENT_S)
            before, written = written, self.log.read_text()
            if before == written:
                break
        return written

    def wait_for_line(self, text: str, *, within_s: float = 20.0) -> str:
        """The first line that contains `text`; a process that never says it is ended."""

        def found() -> str:
            ended, written = self.popen.poll() is not None, self.log.read_text()
            assert not ended or text in written, f"ended early:\n{written}"
            complete = [line for line in written.splitlines(keepends=True) if line.endswith("\n")]
            return next((line for line in complete if text in line), "")

        try:
            return eventually(found, within_s=within_s, what=lambda: f"{text!r} in the output").strip()
        except AssertionError:
            self.stop()
            raise

    @property
    def peak_mib(self) -> float:
        """The most memory that it has had so far."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.popen.send_signal(number)

    def stop(self) -> int:
        """End it as an orchestrator would; the exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
        return self.popen.wait(_STOP_S)


def start(  # noqa: PLR0913 - what a process is started with, one by one
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    output: int | None = None,
    through: Sequence[str] = (),
) -> Process:
    """Run `python -m module` in `folder`, with nothing of this environment but the path.

    It writes to its log, or to the descriptor `output`; `through` is a command that runs it, like `prlimit`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{module}.log"
    with log.open("ab") as file:
        popen = subprocess.Popen(
            [*through, sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=_BASE_ENVIRONMENT | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=file if output is None else output,
            stderr=subprocess.STDOUT,
        )
    return Process(popen, log)
