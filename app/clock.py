"""Time as an input, so that every part that waits or ages can be tested without waiting."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

# For so long a sleeper does not notice that the machine has been suspended.
_LOOK_UP_EVERY_S = 1.0


class Clock(Protocol):
    """What the parts may ask about time: how long, when, and to be woken later."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, a suspension included; the base of every age and deadline."""
        ...

    def now(self) -> datetime:
        """The wall clock in UTC; only for telling people when something happened."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds."""
        ...


def _boot_timer() -> Callable[[], float]:
    """The timer that counts a suspension (Linux, *clock_gettime*), elsewhere the one that may stand still."""
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boottime is None else partial(time.clock_gettime, boottime)


class SystemClock:
    """The machine's own time; steps of the wall clock touch nothing but `now`."""

    def __init__(self, timer: Callable[[], float] | None = None) -> None:
        self.monotonic = timer or _boot_timer()

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds, and within a second of waking if the machine slept past the end.

        The timers of the event loop stand still while the machine is suspended, so that one of a minute would
        go on for its rest; hence no sleep in one piece.
        """
        due_at = self.monotonic() + seconds
        while (left_s := due_at - self.monotonic()) > _LOOK_UP_EVERY_S:  # noqa: ASYNC110 - time has no event
            await asyncio.sleep(_LOOK_UP_EVERY_S)
        await asyncio.sleep(left_s)
