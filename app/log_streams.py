"""Makes log records of what is printed past the log, so that no reader of it is waited for either."""

import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import TracebackType

_LOG = logging.getLogger(__name__)

_LONGEST_LINE = 16 * 1024


class PrintedLines(io.StringIO):
    """A stream whose lines become records of a logger; nothing is kept but a line that has no end yet."""

    def __init__(self, logger: logging.Logger, level: int) -> None:
        super().__init__()
        self._logger = logger
        self._level = level
        self._begun = ""

    def write(self, text: str) -> int:
        """Log every line that `text` completes, and whatever is too long for one."""
        *lines, self._begun = (self._begun + text).split("\n")
        if len(self._begun) > _LONGEST_LINE:
            lines, self._begun = [*lines, self._begun], ""
        for line in filter(None, lines):
            self._logger.log(self._level, line)
        return len(text)


@contextmanager
def printed_lines_logged() -> Iterator[None]:
    """`print`, warnings and tracebacks that nobody has caught go to the log, from any thread."""
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    logging.captureWarnings(capture=True)
    output = PrintedLines(logging.getLogger("stdout"), logging.INFO)
    errors = PrintedLines(logging.getLogger("stderr"), logging.WARNING)
    with redirect_stdout(output), redirect_stderr(errors):
        yield


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if error is not None and not isinstance(error, SystemExit):
        exc_info = (kind, error, traceback)
        _LOG.error("An exception that nobody has caught", exc_info=exc_info, extra={"rate_limited": True})
