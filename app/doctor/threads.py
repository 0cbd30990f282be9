"""Blocking calls with an end: whoever waits gets on, even if the call never returns."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from app.off_loop import off_loop

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, within_s: float) -> T:
    """What `work` returns or raises; TimeoutError when it takes too long.

    A name server that says nothing can hold `getaddrinfo` for half a minute.
    """
    async with asyncio.timeout(within_s):
        return await off_loop(work)
