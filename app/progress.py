"""What a round of background work shows of itself while it is under way, to whoever watches over it.

The parts that work do not know in whose round they do it, so its notes travel in a context variable, which
every task begun by the round inherits.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any


class Progress:
    """The notes of one round, kept by its watcher: how long it takes, since when it has not got on or heard.

    Time for which it has to wait counts for the whole only: for its turn, which Microsoft's Retry-After may
    put off, or for a sign-in, which has a time limit of its own.
    """

    def __init__(self) -> None:
        self.whole_s = self.idle_s = self.quiet_s = 0.0
        self._waits = 0

    def pass_time(self, seconds: float) -> None:
        """Count time: in all, and unless the round waits."""
        self.whole_s += seconds
        if not self._waits:
            self.idle_s += seconds
            self.quiet_s += seconds

    def got_on(self) -> None:
        """Note that the end is nearer: a portion is done, a page has brought somebody new."""
        self.idle_s = 0.0

    def heard(self) -> None:
        """Note that Microsoft has answered, or that its time for that is over."""
        self.quiet_s = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside, the round waits for somebody who has a time limit."""
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> asyncio.Task[None]:
        """Begin the round that these notes are about."""
        context = copy_context()
        context.run(_CURRENT.set, self)
        return asyncio.create_task(work(), name=name, context=context)


_CURRENT: ContextVar[Progress] = ContextVar("progress")


def progress() -> Progress:
    """The notes of the round under way; outside of any, some that nobody reads."""
    return _CURRENT.get(None) or Progress()
