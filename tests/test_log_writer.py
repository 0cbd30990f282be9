"""Who logs never waits; what is dropped is counted; what was begun comes in order."""

import errno
import logging
import os
import threading
import time

import pytest

from app.log_repeats import RepeatLimit
from app.log_writer import LogWriter
from tests.support.polling import eventually


@pytest.fixture
def pipe() -> tuple[int, int]:
    """Both ends of a pipe; not closed, because the writer's thread would take the next file for it."""
    return os.pipe()


def logger_of(writer: LogWriter, name: str = "app.tried") -> logging.Logger:
    """A logger that nothing else hears; of one of ours no record is held back."""
    logger = logging.Logger(name)  # noqa: LOG001 - not known to anybody else
    logger.addHandler(writer)
    return logger


def fill(descriptor: int) -> int:
    """Write until there is no room; how many bytes that were."""
    os.set_blocking(descriptor, False)
    size = 0
    try:
        while True:
            size += os.write(descriptor, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(descriptor, True)
        return size


def read_lines(descriptor: int, *, until: str) -> list[str]:
    """Everything up to the line that contains `until`."""
    read = b""
    while until.encode() not in read or not read.endswith(b"\n"):
        read += os.read(descriptor, 65536)
    return read.decode().splitlines()


def test_records_come_in_order(pipe: tuple[int, int]) -> None:
    """Found D8: the queue keeps the order in which records were made."""
    logger = logger_of(LogWriter(pipe[1]))
    for number in range(1_000):
        logger.warning("record %d", number)
    assert read_lines(pipe[0], until="record 999") == [f"record {number}" for number in range(1_000)]


def test_a_record_is_rendered_where_it_is_logged(pipe: tuple[int, int]) -> None:
    """Found D8: what a record speaks of may change before it is written, its text does not."""
    size = fill(pipe[1])
    people = ["one"]
    logger = logger_of(LogWriter(pipe[1]))
    logger.warning("%s", people)
    people.append("two")
    os.read(pipe[0], size)
    assert read_lines(pipe[0], until="]") == ["['one']"]


def test_nobody_waits_for_a_stalled_reader(pipe: tuple[int, int]) -> None:
    """Found D8: logging costs no time, the end of the process at most a moment, memory is bounded."""
    fill(pipe[1])
    writer = LogWriter(pipe[1], queue_bytes=10_000)
    logger = logger_of(writer)
    began = time.monotonic()
    for _ in range(2_000):
        logger.warning("x" * 99)
    assert time.monotonic() - began < 1
    assert writer.dropped >= 1_800
    writer.flush(within_s=0.2)
    assert time.monotonic() - began < 2


def test_what_was_dropped_is_counted_in_its_place(pipe: tuple[int, int]) -> None:
    """Found D8: when the reader comes back, one record says how many are missing, where they are."""
    size = fill(pipe[1])
    writer = LogWriter(pipe[1], queue_bytes=1_000)
    logger = logger_of(writer)
    writer.setFormatter(_WithExtras())
    for number in range(1_000):
        logger.warning("before %d", number)
    dropped = writer.dropped
    os.read(pipe[0], size)
    lines = read_lines(pipe[0], until="dropped=")
    logger.warning("after")
    kept = [f"before {number}" for number in range(1_000 - dropped)]
    assert lines == [*kept, f"dropped={dropped}"]
    assert read_lines(pipe[0], until="after") == ["after"]
    assert 0 < writer.dropped == dropped


def test_a_record_larger_than_the_queue_is_dropped_alone(pipe: tuple[int, int]) -> None:
    """Found D8: nor does one giant record close the log behind it."""
    writer = LogWriter(pipe[1], queue_bytes=1_000)
    writer.setFormatter(_WithExtras())
    logger = logger_of(writer)
    logger.warning("x" * 2_000)
    assert read_lines(pipe[0], until="dropped=") == ["dropped=1"]
    logger.warning("after")
    assert read_lines(pipe[0], until="after") == ["after"]


def test_a_closed_pipe_is_no_concern_of_who_logs(pipe: tuple[int, int]) -> None:
    """Found D8: the reader is gone for good; everything else goes on, and it is counted."""
    os.close(pipe[0])
    writer = LogWriter(pipe[1])
    logger = logger_of(writer)
    logger.warning("lost")
    eventually(lambda: writer.dropped, within_s=5)
    logger.warning("lost too")


def test_a_full_disk_is_told_when_there_is_space() -> None:
    """Found D8: what could not be written is counted, and told on a line of its own once there is space."""
    reader, end = os.pipe()
    disk = _Disk(end)
    disk.full_after = 5
    writer = disk.writer()
    writer.setFormatter(_WithExtras())
    logger = logger_of(writer)
    logger.warning("cut here")
    eventually(lambda: writer.dropped == 1, within_s=5)
    disk.full_after = None
    assert read_lines(reader, until="dropped=") == ["cut h", "dropped=1"]
    logger.warning("after")
    assert read_lines(reader, until="after") == ["after"]


def test_a_descriptor_that_does_not_wait_loses_nothing(pipe: tuple[int, int]) -> None:
    """Found D8: another process may have made the shared terminal or pipe non-blocking."""
    os.set_blocking(pipe[1], False)
    logger = logger_of(LogWriter(pipe[1]))
    for number in range(5_000):
        logger.warning("record %d", number)
    assert len(read_lines(pipe[0], until="record 4999")) == 5_000


def test_a_count_is_written_without_anybody_logging(pipe: tuple[int, int]) -> None:
    """Found D8: how often a library has repeated itself is told when its time is over, or at the end."""
    writer = LogWriter(pipe[1], repeats=RepeatLimit(every_s=0.2))
    writer.setFormatter(_WithExtras("repeated"))
    logger = logger_of(writer, "uvicorn.error")
    for _ in range(1_000):
        logger.warning("Invalid HTTP request received.")
    assert read_lines(pipe[0], until="repeated=") == ["Invalid HTTP request received.", "repeated=999"]
    logger.warning("Invalid HTTP request received.")
    writer.flush()
    assert read_lines(pipe[0], until="repeated=") == ["repeated=1"]


def test_threads_may_log_at_once(pipe: tuple[int, int]) -> None:
    """Found D8: each thread's records are whole and in its order."""
    logger = logger_of(LogWriter(pipe[1]))

    def log(name: str) -> None:
        for number in range(500):
            logger.warning("%s %d", name, number)

    threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.warning("end")
    lines = read_lines(pipe[0], until="end")
    for name in "abcd":
        assert [line for line in lines if line.startswith(name)] == [f"{name} {n}" for n in range(500)]


class _WithExtras(logging.Formatter):
    def __init__(self, extra: str = "dropped") -> None:
        super().__init__()
        self._extra = extra

    def format(self, record: logging.LogRecord) -> str:
        value = getattr(record, self._extra, None)
        return record.getMessage() if value is None else f"{self._extra}={value}"


class _Disk:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.full_after: int | None = None

    def writer(self) -> LogWriter:
        disk = self

        class OnDisk(LogWriter):
            def _write(self, data: bytes) -> int:
                return disk.write(data)

        return OnDisk(self._descriptor)

    def write(self, data: bytes) -> int:
        if self.full_after == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.full_after is None:
            return os.write(self._descriptor, data)
        written = os.write(self._descriptor, data[: self.full_after])
        self.full_after = 0
        return written
