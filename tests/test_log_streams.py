"""What a library prints, warns of or lets escape is a log record and no write of its own."""

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

from app.log_streams import PrintedLines, printed_lines_logged
from tests.support.processes import ROOT


@pytest.fixture(autouse=True)
def _hooks_restored() -> Iterator[None]:
    before = sys.excepthook, sys.unraisablehook
    yield
    sys.excepthook, sys.unraisablehook = before
    logging.captureWarnings(capture=False)


def test_lines_become_records(caplog: pytest.LogCaptureFixture) -> None:
    """Found D8: a line is a record when it is complete, however it was written; empty ones are nothing."""
    stream = PrintedLines(logging.getLogger("stderr"), logging.WARNING)
    for piece in ("one\ntw", "o 100%d", "\n\n", "three"):
        stream.write(piece)
    assert [record.getMessage() for record in caplog.records] == ["one", "two 100%d"]
    stream.write("x" * 20_000)
    assert len(caplog.records) == 3


def test_prints_and_warnings_are_records(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found D8: neither goes to a stream that somebody might not read."""
    caplog.set_level(logging.INFO)
    with printed_lines_logged(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        print("printed")
        print("told", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
    assert [record.name for record in caplog.records] == ["stdout", "stderr", "py.warnings"]
    assert capsys.readouterr() == ("", "")


_ESCAPES = """
import logging, threading
from app.log_streams import printed_lines_logged
from app.logs import configure_logging

class Unraisable:
    def __del__(self):
        raise ValueError("in a finaliser")

def fail():
    raise ValueError("in a thread")

configure_logging("text", "info")
with printed_lines_logged():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Unraisable()
    raise ValueError("in the main thread")
"""


def test_an_exception_that_nobody_catches_is_one_record() -> None:
    """Found D8: from a thread, a finaliser or the main thread: traceback and all on one line."""
    done = subprocess.run(
        [sys.executable, "-c", _ESCAPES], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), done.stdout) == (1, 3, "")
    for line, place in zip(lines, ("a thread", "a finaliser", "the main thread"), strict=True):
        assert f"ValueError: in {place}" in line
        assert 'exception="Traceback' in line
