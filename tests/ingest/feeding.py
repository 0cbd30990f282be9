"""A supervised feed whose rounds a test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.ingest.periodic import Feed, run_every
from app.ingest.supervisor import Supervisor
from tests.support.clock import ManualClock

Work = Callable[[], Awaitable[None]]


class Fed:
    """A supervised feed every ten seconds, whose rounds may get nowhere for thirty."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.supervisor = Supervisor(clock)
        self.feed = Feed(name="directory", clock=clock)
        self.begun = 0

    def start(self, *rounds: Work) -> None:
        """Work these rounds off; the last one is done again and again."""
        left = list(rounds)

        async def work() -> None:
            self.begun += 1
            await (left.pop(0) if len(left) > 1 else left[0])()

        self.supervisor.start(self.feed, lambda: run_every(10.0, work, feed=self.feed))


@asynccontextmanager
async def feeding(*rounds: Work, clock: ManualClock | None = None) -> AsyncIterator[Fed]:
    fed = Fed(clock or ManualClock())
    fed.start(*rounds)
    yield fed
    await fed.supervisor.close()


async def until_advanced(fed: Fed, condition: Callable[[], bool]) -> None:
    """Move time until it is so; a sign-in takes no time of the clock's, but a thread."""
    for _ in range(400):
        if condition():
            return
        await fed.clock.advance(1)
        await asyncio.sleep(0.001)
    raise AssertionError(fed.feed)
