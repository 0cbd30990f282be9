"""How often files are looked at for a change, and when a change is believed."""

from collections.abc import Callable
from typing import TypeVar

from app.clock import Clock
from app.off_loop import off_loop

LOOK_EVERY_S = 5.0
_SETTLED_AFTER_S = 0.1

Content = TypeVar("Content")


async def still_holds(content: Content, *, read: Callable[[], Content], clock: Clock) -> bool:
    """Whether what has been read still stands a moment later: an editor may empty a file before it writes."""
    await clock.sleep(_SETTLED_AFTER_S)
    return content == await off_loop(read)
