"""Many who want the same thing at once, and one piece of work that gets it for all of them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Tasks by key, at most one running for each.

    A caller who gives up does not stop the work for the others, which is why callers wait for the task
    (`asyncio.wait`, `asyncio.shield`) instead of running the work themselves.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    def start(self, key: Hashable, work: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T]:
        """The running task for `key`, started now if there is none."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    def running(self, key: Hashable) -> asyncio.Task[T] | None:
        """The task for `key` that is under way, if there is one."""
        return self._running.get(key)

    async def close(self) -> None:
        """Stop whatever is still running."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        """Make room for the next one, and take note of a failure that nobody waited for any more."""
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()
