"""Looks for people the directory has not brought yet; a loop of wrong addresses costs Microsoft nothing."""

import asyncio
import logging
from collections import deque

from cachetools import TTLCache

from app.clock import Clock
from app.errors import PresenceError
from app.graph.client import GraphClient
from app.graph.tokens import TokenSource
from app.presence.directory import Directory
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)

_REMEMBERED = 10_000
_REMEMBERED_S = 60.0
_SEARCHES_PER_S = 2
# Nobody waits that long any more; without it, searches would pile up behind a throttled directory.
_GIVE_UP_S = 3.0


class PersonSearch:
    """Asks Graph for one address, if there is any sense in it.

    That is: the address is in a domain the directory has seen, it belongs to nobody who is known but not
    held, it was not looked for in vain within the last minute, sign-in is not refused, and there were fewer
    than two searches in this second.
    """

    def __init__(
        self, client: GraphClient, *, directory: Directory, tokens: TokenSource, clock: Clock
    ) -> None:
        self._client = client
        self._directory = directory
        self._tokens = tokens
        self._clock = clock
        self._latest: deque[float] = deque([float("-inf")] * _SEARCHES_PER_S, maxlen=_SEARCHES_PER_S)
        self._in_vain: TTLCache[str, bool] = TTLCache(_REMEMBERED, ttl=_REMEMBERED_S, timer=clock.monotonic)
        self._flights: SingleFlight[None] = SingleFlight()

    @property
    def narrow(self) -> bool:
        """Whether only the properties of User.ReadBasic.All can be had: no aliases, no phone numbers."""
        return self._client.narrow

    async def look_for(self, address: str, *, within_s: float) -> None:
        """Bring the people with this address into the directory, waiting at most `within_s`."""
        if self._sensible(address):
            search = self._flights.start(address, lambda: self._search(address))
            await asyncio.wait({search}, timeout=within_s)

    async def close(self) -> None:
        """Stop the searches under way."""
        await self._flights.close()

    def _sensible(self, address: str) -> bool:
        return (
            self._directory.knows_domain(address)
            and not self._directory.set_aside(address)
            and address not in self._in_vain
            and not self._tokens.refused
        )

    async def _search(self, address: str) -> None:
        if self._clock.monotonic() - self._latest[0] <= 1:
            return
        self._latest.append(self._clock.monotonic())
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                changes = await self._client.search(address)
        except (PresenceError, TimeoutError) as error:
            _LOG.debug("Searching the directory failed: %s", error)
            return
        self._directory.apply(changes)
        if not self._directory.find(address):
            self._in_vain[address] = True
