"""Keeps presence current: sweeps everybody who is held, and reads single people in between when asked to."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence

from app.clock import Clock
from app.errors import GraphRejected
from app.graph.client import IDS_PER_REQUEST, GraphClient
from app.presence.directory import Directory
from app.presence.models import UNKNOWN_PRESENCE, Source
from app.presence.store import Asked, PresenceStore
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)

# Requests of one sweep that are under way together; the token bucket sets the pace.
_IN_PARALLEL = 8
# How long the first of several callers waits for others to share its request with.
_GATHER_S = 0.005
# Finding one among 650 takes about twenty requests; beyond that it is not one person's fault.
_MOST_HALVES = 32


class PresencePoller:
    """Reads presence into the store, 650 people a request."""

    def __init__(
        self, client: GraphClient, *, directory: Directory, store: PresenceStore, clock: Clock
    ) -> None:
        self._client = client
        self._directory = directory
        self._store = store
        self._clock = clock
        self._parallel = asyncio.Semaphore(_IN_PARALLEL)
        self._flights: SingleFlight[None] = SingleFlight()
        self._wanted: dict[str, asyncio.Task[None]] = {}
        self._gathering: list[str] = []
        self._departure: asyncio.Task[None] | None = None
        self.everybody_read = False

    async def sweep(self) -> None:
        """Read everybody once. One failed request does not stop the others; the first failure is raised."""
        held = self._directory.held
        self._store.forget_all_but(held)
        requests = (self._read_in_turn(ids) for ids in _portions(held))
        outcomes = await asyncio.gather(*requests, return_exceptions=True)
        self.everybody_read = self.everybody_read or all(map(self._store.has_read, held))
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def request(self, ids: Iterable[str], *, within_s: float) -> None:
        """Wait at most `within_s` until these people have been read; callers at one time share the call."""
        tasks = {self._join(person_id) for person_id in ids}
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)

    async def close(self) -> None:
        """Stop the reads under way."""
        await self._flights.close()

    def _join(self, person_id: str) -> asyncio.Task[None]:
        """The read this person is part of; the next one to take off, if there is none."""
        if person_id not in self._wanted:
            self._gathering.append(person_id)
            self._departure = self._departure or self._flights.start(object(), self._take_off)
            self._wanted[person_id] = self._departure
        return self._wanted[person_id]

    async def _take_off(self) -> None:
        await self._clock.sleep(_GATHER_S)
        ids, self._gathering, self._departure = self._gathering, [], None
        reads = (self._read(portion, Source.DEMAND) for portion in _portions(ids))
        for outcome in await asyncio.gather(*reads, return_exceptions=True):
            if isinstance(outcome, BaseException):
                _LOG.debug("Reading on demand failed: %s", outcome)
        for person_id in ids:
            del self._wanted[person_id]

    async def _read_in_turn(self, ids: Sequence[str]) -> None:
        async with self._parallel:
            try:
                await self._read(ids, Source.SWEEP)
            except GraphRejected as refusal:
                await self._read_around(ids, refusal)

    async def _read_around(self, ids: Sequence[str], refusal: GraphRejected) -> None:
        """Halve a refused request until whoever it was refused for stands alone: that one is unknown."""
        halves, outcasts = _halves(ids), list[str]()
        for _ in range(_MOST_HALVES):
            portion = halves.pop()
            try:
                await self._read(portion, Source.SWEEP)
            except GraphRejected:
                halves += _halves(portion) if len(portion) > 1 else []
                outcasts += portion if len(portion) == 1 else []
            if not halves:
                break
        if halves or len(outcasts) == len(ids):
            raise refusal
        self._store.record(dict.fromkeys(outcasts, UNKNOWN_PRESENCE), self._asked_now())

    async def _read(self, ids: Sequence[str], source: Source) -> None:
        readings, asked = await self._client.presences(ids, source=source)
        self._store.record(readings, asked)

    def _asked_now(self) -> Asked:
        now = self._clock.monotonic()
        return Asked(at=now, arrived_at=now, wall=self._clock.now(), source=Source.SWEEP)


def _halves(ids: Sequence[str]) -> list[Sequence[str]]:
    middle = len(ids) // 2
    return [half for half in (ids[:middle], ids[middle:]) if half]


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + IDS_PER_REQUEST] for start in range(0, len(ids), IDS_PER_REQUEST))
