"""Blocking calls with an end: whoever waits gets on, even if the call never returns."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, within_s: float) -> T:
    """What `work` returns or raises; TimeoutError when it takes too long.

    In a thread of its own that no end of the process waits for: a name server that says nothing can hold
    `getaddrinfo` for half a minute, and nothing can interrupt it.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits, whatever it is
            _tell(loop, done, error=error)
        else:
            _tell(loop, done, result=result)

    threading.Thread(target=run, daemon=True).start()
    async with asyncio.timeout(within_s):
        return await done


def _tell(
    loop: asyncio.AbstractEventLoop,
    done: "asyncio.Future[T]",
    *,
    result: T | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None is a result where `work` returns None

    with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
        loop.call_soon_threadsafe(settle)
