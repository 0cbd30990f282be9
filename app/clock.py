"""Time as an input, so that every part that waits or ages can be tested without waiting."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the parts may ask about time: how long, when, and to be woken later."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; the base of every age and deadline."""
        ...

    def now(self) -> datetime:
        """The wall clock in UTC; only for telling people when something happened."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds."""
        ...


class SystemClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds of real time."""
        await asyncio.sleep(seconds)
