"""One round of a feed at a time, each of them with an end."""

import asyncio
from collections.abc import Awaitable, Callable

from app.clock import Clock
from app.errors import RoundHangs, RoundOverdue
from app.progress import Progress

_LOOK_EVERY_S = 1.0
# Whatever a round achieves: a million people are listed in about an hour.
_LONGEST_S = 6 * 3600.0
# For what is cancelled to come to its end; it takes no time unless it is stuck in that, too.
_CLEAN_UP_S = 1.0


class OneRound:
    """Runs a feed's work; a round that has not got on for `limit_s` (see `Progress`), or for hours, is ended.

    The time is counted in looks, so that one which the machine has slept through costs a second at most. What
    does not even end when it is cancelled is left behind, and no other round begins before it has ended.
    """

    def __init__(
        self, work: Callable[[], Awaitable[None]], *, name: str, clock: Clock, limit_s: float
    ) -> None:
        self._work = work
        self._name = name
        self._clock = clock
        self._limit_s = limit_s
        self._left_behind: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run one. Raises what the work raises; RoundOverdue, RoundHangs if it had to be ended."""
        if self._left_behind and not self._left_behind.done():
            raise RoundHangs("The round before has not come to its end, although it was cancelled.")
        progress = Progress()
        task = progress.start(self._once, name=f"{self._name}: round")
        try:
            while not await self._ends_soon(task, progress):
                if progress.idle_s >= self._limit_s or progress.whole_s >= _LONGEST_S:
                    raise self._verdict(progress)
        finally:
            await self._end(task)
        await task

    async def _once(self) -> None:
        await self._work()

    async def _ends_soon(self, task: asyncio.Task[None], progress: Progress) -> bool:
        """Wait for the end of the round, but not longer than until the next look."""
        began_at = self._clock.monotonic()
        look = asyncio.ensure_future(self._clock.sleep(_LOOK_EVERY_S))
        try:
            await asyncio.wait({task, look}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            look.cancel()
        progress.pass_time(min(self._clock.monotonic() - began_at, _LOOK_EVERY_S))
        return task.done()

    async def _end(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self._left_behind = task
            task.add_done_callback(_take_note)
            task.cancel()
            await asyncio.wait({task}, timeout=_CLEAN_UP_S)

    def _verdict(self, progress: Progress) -> RoundHangs | RoundOverdue:
        if progress.idle_s < self._limit_s:
            return RoundOverdue(f"The round has gone on for {_LONGEST_S / 3600:.0f} h: it was broken off.")
        seconds = f"{self._limit_s:.0f} s"
        if progress.quiet_s < self._limit_s / 2:
            return RoundOverdue(
                f"Microsoft has answered for {seconds} without getting to an end: the round was broken off."
            )
        return RoundHangs(
            f"The round has hung for {seconds} inside the service, not at Microsoft: it was broken off."
        )


def _take_note(task: asyncio.Task[None]) -> None:
    """Of an error on the way out, for which nobody waits any more."""
    if not task.cancelled():
        task.exception()
