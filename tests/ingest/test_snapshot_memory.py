"""A snapshot is written every minute for months: nothing of it may stay behind in memory."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.process_memory import found_in_memory
from tests.support.processes import ROOT

PEOPLE, WRITES = 10_000, 100


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun to write."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.many_snapshots", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield popen
    popen.kill()
    popen.communicate()


def test_a_hundred_snapshots_leave_nothing_in_memory(writer: subprocess.Popen[str]) -> None:
    """Neither memory that grows, nor a reading older than the last two writes (found D3)."""
    assert writer.stdout
    sizes = [float(writer.stdout.readline()) for _ in range(WRITES // 10)]
    rounds = found_in_memory(writer.pid, rb"Round(\d{4})\.")
    print(f"MiB after each ten writes: {sizes}; rounds found: {rounds.most_common(6)}")
    assert sizes[-1] - sizes[1] < 8
    assert rounds[f"{WRITES - 1:04d}"]
    older = {number: count for number, count in rounds.items() if int(number) < WRITES - 2}
    assert all(count < PEOPLE // 2 for count in older.values()), "more than freed memory not used again"


class Row(msgspec.Struct):
    """Whatever is encoded."""

    number: int


def test_msgspec_still_keeps_what_lines_are_made_of() -> None:
    """Once this fails, a snapshot may be encoded from an iterator again (msgspec 0.22.0)."""

    def count(iterator: Any) -> int:
        return sys.getrefcount(iterator)

    rows = map(Row, range(3))
    before = count(rows)
    msgspec.json.Encoder().encode_lines(rows)
    assert count(rows) > before
