"""A steady load from a process of its own: keep-alive connections that ask about known people.

Usage: python -m tests.support.load HOST PORT SECONDS RATE PATH [PATH …]; prints one JSON object.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

_CONNECTIONS = 16


@dataclass(slots=True)
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    broken: int = 0


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line[:15] == b"content-length:"
    )
    await reader.readexactly(length)
    return int(head.split()[1])


async def _caller(address: tuple[str, int], paths: list[str], pace: "Pace", tally: Tally) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for path in itertools.cycle(paths):
        if not await pace.next_turn():
            break
        began = time.perf_counter()
        try:
            tally.statuses[await _ask(reader, writer, path)] += 1
        except (OSError, asyncio.IncompleteReadError):
            tally.broken += 1
            reader, writer = await asyncio.open_connection(*address)
        tally.slowest_s = max(tally.slowest_s, time.perf_counter() - began)
    writer.close()


class Pace:
    """Hands out turns at a steady rate until the time is over."""

    def __init__(self, *, seconds: float, rate: float) -> None:
        self._began = time.perf_counter()
        self._ends = self._began + seconds
        self._rate = rate
        self._turns = itertools.count()

    async def next_turn(self) -> bool:
        """Wait for a turn; false when it is over."""
        due = self._began + next(self._turns) / self._rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        return due < self._ends


async def _run(host: str, port: int, seconds: float, rate: float, paths: list[str]) -> Tally:
    tally, pace = Tally(), Pace(seconds=seconds, rate=rate)
    await asyncio.gather(*(_caller((host, port), paths, pace, tally) for _ in range(_CONNECTIONS)))
    return tally


def main(host: str, port: str, seconds: str, rate: str, *paths: str) -> None:
    """Run and tell."""
    tally = asyncio.run(_run(host, int(port), float(seconds), float(rate), list(paths)))
    answers = {str(status): count for status, count in tally.statuses.items()}
    print(json.dumps({"answers": answers, "slowest_s": tally.slowest_s, "broken": tally.broken}))


if __name__ == "__main__":
    main(*sys.argv[1:])
