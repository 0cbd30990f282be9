"""Bodies of requests, bounded each and all together: what is sent unfinished is memory, too."""

from starlette.types import Message, Receive

from app.api.door import too_large
from app.errors import Overloaded

# Sixteen of the largest; a thousand callers with ordinary lists are far from it.
MAX_HELD = 64 * 1024 * 1024


class Uploads:
    """All bodies that are being received or worked on."""

    def __init__(self) -> None:
        self._held = 0

    def begin(self, *, limit: int) -> "Upload":
        """One more, of at most `limit` bytes."""
        return Upload(self, limit=limit)

    def hold(self, size: int) -> None:
        """Count bytes. Raises Overloaded where all bodies together have too many."""
        if self._held + size > MAX_HELD:
            raise Overloaded("Too much is being sent at once: ask again in a moment.", retry_after_s=1)
        self._held += size

    def release(self, size: int) -> None:
        """What was held is gone."""
        self._held -= size


class Upload:
    """One body, counted until its request is answered."""

    def __init__(self, uploads: Uploads, *, limit: int) -> None:
        self._uploads = uploads
        self._limit = limit
        self._size = 0

    async def receive(self, receive: Receive) -> Message:
        """The next part of it. Raises BodyTooLarge, Overloaded."""
        message = await receive()
        size = len(message.get("body", b""))
        if self._size + size > self._limit:
            raise too_large(self._limit)
        self._uploads.hold(size)
        self._size += size
        return message

    def end(self) -> None:
        """Forget it."""
        self._uploads.release(self._size)
