"""Long work on the event loop in small portions, so that whoever asks meanwhile does not wait for its end."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

# About a millisecond of work with one person each.
_PORTION = 100


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items as they are, with a turn for everybody else after each portion."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % _PORTION == 0:
            await asyncio.sleep(0)
