"""Commands whose reader has had enough, such as `teams-presence check | head -1`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "--json"), ("openapi",), ("key", "new", "jtel")],
    ids=" ".join,
)
def test_a_reader_that_hangs_up_ends_a_command_without_a_traceback(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """As any command of the shell: silently, and with the exit code of a broken pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as output:  # noqa: PTH123 - a descriptor, not a path
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (141, "")
