"""Blocking work beside the event loop, each piece in a thread of its own that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def off_loop(work: Callable[[], T]) -> T:
    """What `work` returns or raises.

    A file on a dead network drive, or a name server that says nothing, can hold a call for ever, and nothing
    can interrupt it. Its thread is not one of asyncio's pool, where it would be missing for everybody else,
    and no end of the process waits for it. Who does such work again and again must not let it pile up.
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
