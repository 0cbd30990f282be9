"""Log records on their way out: who logs never waits for who reads.

A pipe, a terminal or a disk may stop taking anything. Written by the event loop, the next record would then
stop every answer, and the stop signal too. `logging.handlers.QueueHandler` bounds the number of records but
not their size, says nothing of what it drops, and its listener waits for the reader at the end: hence this.
"""

import logging
import os
import select
import sys
import threading
import time
from collections import deque

from app.log_repeats import RepeatLimit

_QUEUE_BYTES = 4 * 1024 * 1024
_WRITE_BYTES = 64 * 1024
_RETRY_S = 1.0
_END = ord("\n")
# At the end of the process; what is written meanwhile is all that is written.
_FLUSH_S = 0.6


def _told(dropped: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": __name__,
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "Log records were dropped here, because nobody took them in time",
            "dropped": dropped,
        }
    )


class LogWriter(logging.Handler):
    """Renders a record where it is logged, and lets a daemon thread write it to a descriptor.

    What waits is bounded by its bytes. When it is full, or could not be written, records are dropped and
    counted until everything before them is out; then one record says how many, in their place.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        encoding: str = "utf-8",
        repeats: RepeatLimit | None = None,
        queue_bytes: int = _QUEUE_BYTES,
    ) -> None:
        super().__init__()
        self.dropped = 0
        self._descriptor = descriptor
        self._encoding = encoding
        self._repeats = repeats or RepeatLimit()
        self._queue_bytes = queue_bytes
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._gap = 0  # dropped, and not yet said so
        self._line_is_open = False  # the last write ended within a line
        self._writing = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="log-writer", daemon=True).start()

    @classmethod
    def to_standard_error(cls) -> "LogWriter":
        """Write where `sys.stderr` does now; nowhere if that was closed before the process began."""
        if sys.stderr is None:  # its number may by now be that of another file
            return cls(os.open(os.devnull, os.O_WRONLY))
        return cls(sys.stderr.fileno(), encoding=sys.stderr.encoding)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; never waits."""
        try:
            with self._changed:
                if self._repeats.allows(record):
                    self._put(record)
        except Exception:  # noqa: BLE001 - as every handler: a record that cannot be rendered is no reason to fail
            self.handleError(record)

    def flush(self, within_s: float = _FLUSH_S) -> None:
        """Return once everything is written, or after `within_s` seconds if nobody reads it."""
        with self._changed:
            for record in self._repeats.due(at_once=True):
                self._put(record)
            self._changed.wait_for(self._is_idle, within_s)

    def _is_idle(self) -> bool:
        return not (self._lines or self._gap or self._writing)

    def _put(self, record: logging.LogRecord) -> None:
        line = self._rendered(record)
        if self._gap or self._waiting_bytes + len(line) > self._queue_bytes:
            self._gap += 1
            self.dropped += 1
        else:
            self._lines.append(line)
            self._waiting_bytes += len(line)
        self._changed.notify_all()

    def _rendered(self, record: logging.LogRecord) -> bytes:
        return f"{self.format(record)}\n".encode(self._encoding, "backslashreplace")

    def _run(self) -> None:
        while True:
            told, data = self._next()
            lost = self._lost_of(data)
            with self._changed:
                self._writing = False
                self._gap += told if lost and told else lost
                self.dropped += 0 if told else lost
                self._changed.notify_all()
            if lost:
                time.sleep(_RETRY_S)

    def _next(self) -> tuple[int, bytes]:
        """What to write next; the number is how many dropped records it tells of."""
        with self._changed:
            while self._is_idle():
                self._changed.wait(self._repeats.due_in_s)
                for record in self._repeats.due():
                    self._put(record)
            self._writing = True
            if not self._lines:
                told, self._gap = self._gap, 0
                return told, self._rendered(_told(told))
            return 0, self._taken()

    def _taken(self) -> bytes:
        """Some of the lines that wait, in one piece: a system call for each would cost more."""
        lines, size = [], 0
        while self._lines and size < _WRITE_BYTES:
            lines.append(self._lines.popleft())
            size += len(lines[-1])
        self._waiting_bytes -= size
        return b"".join(lines)

    def _lost_of(self, data: bytes) -> int:
        """Write, however long that takes; how many lines could not be written whole."""
        left = b"\n" + data if self._line_is_open else data
        try:
            while left:
                written = self._write(left)
                self._line_is_open = left[written - 1] != _END
                left = left[written:]
        except OSError:
            return min(data.count(_END), left.count(_END))
        return 0

    def _write(self, data: bytes) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # somebody else who has this terminal or pipe does not want to wait
                select.select([], [self._descriptor], [])
