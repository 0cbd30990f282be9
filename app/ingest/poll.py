"""Keeps presence current: sweeps everybody who is held, and reads single people in between when asked to."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from math import inf

from cachetools import TTLCache

from app.clock import Clock
from app.errors import GraphRejected, PermissionMissing
from app.graph.client import GraphClient
from app.ingest.sweep import Sweep, portions
from app.presence.cohort import Asked, Cohort
from app.presence.directory import Directory
from app.presence.history import History
from app.presence.models import Source, Told
from app.presence.store import PresenceStore
from app.single_flight import SingleFlight
from app.turns import in_portions

_LOG = logging.getLogger(__name__)

# How long the first of several callers waits for others to share its request with.
_GATHER_S = 0.005
# How long nobody asks on demand again for somebody whose reading has just failed: a sweep is coming anyway.
_IN_VAIN_FOR_S = 5.0
# How long somebody whom Graph refuses to be asked about is left out.
_OUTCAST_FOR_S = 3600.0


class PresencePoller:
    """Reads presence into the store, 650 people a request."""

    def __init__(
        self,
        client: GraphClient,
        *,
        directory: Directory,
        store: PresenceStore,
        clock: Clock,
        history: History | None = None,
    ) -> None:
        self._client = client
        self._directory = directory
        self._store = store
        self._history = history
        self._clock = clock
        self._outcasts: TTLCache[str, bool] = TTLCache(inf, ttl=_OUTCAST_FOR_S, timer=clock.monotonic)
        self._in_vain: TTLCache[str, bool] = TTLCache(inf, ttl=_IN_VAIN_FOR_S, timer=clock.monotonic)
        self._flights: SingleFlight[None] = SingleFlight()
        self._wanted: dict[str, asyncio.Task[None]] = {}
        self._gathering: list[str] = []
        self._departure: asyncio.Task[None] | None = None
        self._nobody_held = False
        self._changes_seen = 0
        # Good as long as the directory stays as it is: to copy a hundred thousand takes its time.
        self._held: Sequence[str] = ()
        self._unproven: set[str] = set()
        self.read_once = asyncio.Event()

    async def sweep(self) -> None:
        """Read everybody once. One failed request does not stop the others; the first failure is raised.

        Somebody whom Graph refuses to be asked about is unknown, and left out for an hour.
        """
        if self._history:
            self._history.tidy()
        if self._directory.changes != self._changes_seen:
            self._changes_seen, self._held = self._directory.changes, self._directory.held
            await self._forget_who_left()
        held, outcasts = self._held, set(self._outcasts)
        sweep = Sweep(self._read_swept)
        failures = await sweep.run([one for one in held if one not in outcasts] if outcasts else held)
        if sweep.accepted:
            self._outcasts.update(dict.fromkeys(sweep.refused, True))
        elif sweep.refused:
            failures.append(GraphRejected("Microsoft Graph refused every request of the sweep."))
        self._record_outcasts()
        await self._note_readiness(held)
        if failures:
            raise failures[0]

    @property
    def everybody_read(self) -> bool:
        """Whether everybody held has been asked for once; that is never taken back."""
        return self.read_once.is_set()

    def resume(self, *, unproven: Iterable[str] = ()) -> None:
        """Count an earlier process's readings as our own, but for people whom we have yet to ask about."""
        self._unproven = set(unproven)
        held = self._directory.held
        self._conclude(held, all_read=all(map(self._was_read, held)))

    async def request(self, ids: Iterable[str], *, within_s: float) -> None:
        """Wait at most `within_s` until these people have been read; callers at one time share the call."""
        tasks = {self._join(person_id) for person_id in ids if person_id not in self._in_vain}
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
        reads = (self._read(portion, Source.DEMAND) for portion in portions(ids))
        for outcome in await asyncio.gather(*reads, return_exceptions=True):
            if isinstance(outcome, BaseException):
                _LOG.debug("Reading on demand failed: %s", outcome)
        for person_id in ids:
            del self._wanted[person_id]
            if not self._store.has_read(person_id):
                self._in_vain[person_id] = True

    async def _read_swept(self, ids: Sequence[str]) -> None:
        await self._read(ids, Source.SWEEP)

    async def _read(self, ids: Sequence[str], source: Source) -> None:
        try:
            cohort = await self._client.presences(ids, source=source)
        except PermissionMissing as error:
            raise PermissionMissing(
                f"Reading presence is not allowed: grant Presence.Read.All, with admin consent. {error}"
            ) from error
        self._store.record(cohort)
        if self._unproven:
            self._unproven.difference_update(cohort.ids)
        if self._history:
            self._history.note(cohort)

    async def _forget_who_left(self) -> None:
        """The directory has changed, perhaps by somebody's leaving."""
        async for portion in in_portions(self._store.people):
            gone = [person_id for person_id in portion if not self._directory.holds(person_id)]
            self._store.forget(gone)
            if self._history:
                self._history.forget(gone)

    async def _note_readiness(self, held: Sequence[str]) -> None:
        all_read = True
        if not self.everybody_read:
            async for portion in in_portions(held):
                all_read = all_read and all(map(self._was_read, portion))
        self._conclude(held, all_read=all_read)

    def _conclude(self, held: Sequence[str], *, all_read: bool) -> None:
        """Nobody held is an answer only when it is known who could be."""
        if not self._directory.complete:
            return
        if all_read:
            self.read_once.set()
        if not held and not self._nobody_held:
            _LOG.warning("Nobody is held: there is no enabled member of the tenant inside PRESENCE_SCOPE")
        self._nobody_held = not held

    def _was_read(self, person_id: str) -> bool:
        return self._store.has_read(person_id) and person_id not in self._unproven

    def _record_outcasts(self) -> None:
        now = self._clock.monotonic()
        asked = Asked(at=now, arrived_at=now, wall=self._clock.now(), source=Source.SWEEP)
        outcasts = [*filter(self._directory.holds, self._outcasts)]
        self._store.record(Cohort(asked=asked, ids=outcasts, said=[*map(Told, outcasts)]))
