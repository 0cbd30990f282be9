"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

T = TypeVar("T")

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
_BASE_S = 1_000.0
# Rounds of the event loop that are enough for whatever a woken part does before it waits again.
_SETTLED_AFTER = 50


class ManualClock:
    """Time that passes only when told to; sleepers wake in the order they are due, each at its own moment."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return _BASE_S + self._elapsed

    def now(self) -> datetime:
        """The wall clock, which goes exactly as fast."""
        return START + timedelta(seconds=self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Return once the test has moved time by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleeping(self) -> int:
        """How many are waiting for time to pass."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    @property
    def next_wake_in_s(self) -> float | None:
        """Seconds until the first sleeper is due; None if nobody sleeps."""
        self._forget_the_cancelled()
        return self._sleepers[0][0] - self._elapsed if self._sleepers else None

    def pass_by(self, seconds: float) -> None:
        """Move time without letting anybody run: whoever was due meanwhile wakes late."""
        self._elapsed += seconds

    async def advance(self, seconds: float) -> None:
        """Move time by `seconds`, waking each sleeper at its moment and letting it run."""
        until = self._elapsed + seconds
        await settle()
        while self._wake_next(until):
            await settle()
        self._elapsed = until
        await settle()

    async def carry(self, work: Awaitable[T], *, at_most_s: float = 1e9) -> T:
        """Move time on as long as `work` waits for it, and give its outcome."""
        task = asyncio.ensure_future(work)
        until = self._elapsed + at_most_s
        while not task.done():
            await settle()
            if not task.done() and not self._wake_next(until):
                await asyncio.wait({task}, timeout=0.005)  # a thread is at work, or nothing is
        return await task

    def _wake_next(self, until: float) -> bool:
        self._forget_the_cancelled()
        if not self._sleepers or self._sleepers[0][0] > until:
            return False
        due_at, _, woken = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, due_at)
        woken.set_result(None)
        return True

    def _forget_the_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


async def settle() -> None:
    """Let everybody run who can run without time passing."""
    for _ in range(_SETTLED_AFTER):
        await asyncio.sleep(0)
