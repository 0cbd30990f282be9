"""Long work on the event loop in small portions, so that whoever asks meanwhile does not wait for its end."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")

# About a millisecond of work with one person each.
_PORTION = 100
# About as much of a work that is little more than looking somebody up.
_LARGE_PORTION = 5_000


async def in_turns(items: Iterable[T], *, portion: int = _PORTION) -> AsyncIterator[T]:
    """The items as they are, with a turn for everybody else after each portion."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % portion == 0:
            await asyncio.sleep(0)


async def in_portions(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """The items, as many at a time as can be looked up in passing, with a turn for everybody else between."""
    for start in range(0, len(items), _LARGE_PORTION):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + _LARGE_PORTION]


class OneByOne:
    """Lets one in at a time, each after a turn for everybody else.

    Answers that arrive together would otherwise all be worked on in one go, before anybody else.
    """

    def __init__(self) -> None:
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the others, and once more for whoever is none of them."""
        async with self._free:
            await asyncio.sleep(0)
            yield
