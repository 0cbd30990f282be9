"""Holds and names every background task, and never lets one die unnoticed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from app.clock import Clock
from app.ingest.periodic import Feed

_LOG = logging.getLogger(__name__)

_RESTART_AFTER_S = 1.0

Work = Callable[[], Coroutine[Any, Any, None]]


class Supervisor:
    """Starts tasks, restarts one that ends unasked, and knows which are dead.

    A task counts as dead from its end until its successor has finished one round, good or bad.
    Not a `TaskGroup` around the lifespan: there a crashing child would close the resources under a server
    that goes on answering.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._finished_at_death: dict[str, int] = {}
        self.restarts: Counter[str] = Counter()
        self._feeds: dict[str, Feed] = {}
        self._closing = False

    @property
    def feeds(self) -> list[Feed]:
        """How every background feed is doing."""
        return list(self._feeds.values())

    @property
    def dead(self) -> list[str]:
        """The names of the tasks that ended unasked and whose successor has not finished a round."""
        died = self._finished_at_death.items()
        return [name for name, finished in died if self._feeds[name].finished <= finished]

    @property
    def hung(self) -> list[str]:
        """The names of the feeds with a round that hangs, until another has ended."""
        return [feed.name for feed in self._feeds.values() if feed.hung]

    def start(self, feed: Feed, work: Work) -> None:
        """Run `work` for as long as the service runs, under the feed's name."""
        self._feeds[feed.name] = feed
        task = self._tasks[feed.name] = asyncio.create_task(work(), name=feed.name)
        task.add_done_callback(lambda ended: self._ended(feed, work, ended))

    def wake(self) -> None:
        """Let every feed begin its next round now."""
        for feed in self._feeds.values():
            feed.wake()

    async def close(self) -> None:
        """Stop every task."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, feed: Feed, work: Work, task: asyncio.Task[None]) -> None:
        if self._closing:
            return
        cause = None if task.cancelled() else task.exception()
        _LOG.error("The task %s ended unasked and is started again", feed.name, exc_info=cause)
        self._finished_at_death[feed.name] = feed.finished
        self.restarts[feed.name] += 1
        self._tasks[feed.name] = asyncio.create_task(self._start_again(feed, work))

    async def _start_again(self, feed: Feed, work: Work) -> None:
        await self._clock.sleep(_RESTART_AFTER_S)
        self.start(feed, work)
