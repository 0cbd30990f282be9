"""uvicorn's server, which also keeps time for its connections and never runs out of descriptors for them."""

import asyncio
import logging
import os
import resource
from heapq import nsmallest
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from app.api.phases import PhasedProtocol

_LOG = logging.getLogger(__name__)

# What the process opens besides its callers' connections: to Microsoft, files, the loop itself.
_RESERVED_DESCRIPTORS = 128
# Its socket, and a file of Swagger UI that is being sent.
_FOR_EACH_CONNECTION = 2
# Enough for any phone system; an idle connection takes about 10 KB.
_MAX_DESCRIPTORS = 16_384
_TICKS_A_SECOND = 10  # uvicorn's
_RECORD_EVERY_S = 60.0
# As long as for a head, of which it is the beginning.
_HANDSHAKE_WITHIN_S = 10.0
_GOODBYE_WITHIN_S = 2.0


class Loop(uvloop.Loop):
    """uvloop's, but TLS has less than its minute to begin and to end: `uvicorn.Config` cannot say that."""

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        """Listen."""
        if kwargs.get("ssl"):
            kwargs["ssl_handshake_timeout"] = _HANDSHAKE_WITHIN_S
            kwargs["ssl_shutdown_timeout"] = _GOODBYE_WITHIN_S
        return await super().create_server(*args, **kwargs)


class Connections(ServerState):
    """Who is connected; where there is no room for one more, the longest silent have to leave."""

    def __init__(self, *, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.dropped = 0
        """Connections ended for want of room."""

    def admit(self, newcomer: PhasedProtocol) -> None:
        """Make room for a connection that has just been made; where all are being answered, it has to leave.

        A tenth at once, so that looking for them does not become the work of each newcomer.
        """
        if len(self.connections) <= self.limit:
            return
        silent = [one for one in self._ours() if one.waits_for_client and one is not newcomer]
        longest = nsmallest(self.limit // 10 + 1, silent, key=lambda one: one.since) or [newcomer]
        for one in longest:
            one.transport.abort()
        self.dropped += len(longest)

    def enforce_deadlines(self, now: float) -> None:
        """Hang up on whoever takes too long; `now` is the loop's time."""
        for connection in self._ours():
            connection.enforce_deadline(now)

    def _ours(self) -> list[PhasedProtocol]:
        return [one for one in self.connections if isinstance(one, PhasedProtocol)]


class Server(uvicorn.Server):
    """Looks at every connection once a second: one clock for all, and no timer for each."""

    server_state: Connections

    def __init__(self, config: uvicorn.Config, *, max_connections: int = _MAX_DESCRIPTORS) -> None:
        super().__init__(config)
        self.server_state = Connections(limit=max_connections)
        self._recorded_at = -_RECORD_EVERY_S

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's, ten times a second."""
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            self.server_state.enforce_deadlines(now)
            self._record_want_of_room(now)
        return await super().on_tick(counter)

    def _record_want_of_room(self, now: float) -> None:
        """One record a minute, however many connections; those in a TLS handshake are not known yet."""
        if now - self._recorded_at < _RECORD_EVERY_S:
            return
        if self.server_state.dropped or _is_out_of_descriptors():
            _LOG.warning(
                "%d connections ended for want of room: the limit of open files allows %d at once",
                self.server_state.dropped,
                self.server_state.limit,
            )
            self.server_state.dropped = 0
            self._recorded_at = now


def _is_out_of_descriptors() -> bool:
    """Whether no file can be opened: libuv then ends new connections without a word."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return True
    return False


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files as far as is of use; how many connections there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    room = _MAX_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, _MAX_DESCRIPTORS)
    return max(room - _RESERVED_DESCRIPTORS, _RESERVED_DESCRIPTORS) // _FOR_EACH_CONNECTION
