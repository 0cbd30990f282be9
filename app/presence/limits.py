"""How long a reading is kept at most: a TTL cache of leases, which throws out of the index who is past it."""

from collections.abc import Callable, Sequence
from itertools import count

from cachetools import TTLCache

from app.presence.entry import Entry

# TTLCache forgets at its limit, we after it.
_MARGIN_S = 1.0
# Renewing everybody with every sweep would cost more than the sweep itself.
_RENEW_AFTER = 0.25

_Lease = tuple[float, Sequence[str]]


class TimeLimits(TTLCache[int, _Lease]):
    """Drops the entries of an index that nobody has renewed for longer than the limit.

    The people whose time begins together, those of one request as a rule, share one lease: a cache entry for
    each of them would take more memory than what is known of them. Somebody renewed since stands in a later
    lease as well, and the end of the earlier one does not touch them. Renewal waits for a quarter of the
    limit, so the limit is a quarter longer: nobody is dropped before their reading is too old, and whether
    it is too old is decided by its age, not by its being there.
    """

    def __init__(
        self,
        entries: dict[str, Entry],
        *,
        thrown_out: set[str],
        limit_s: float,
        timer: Callable[[], float],
    ) -> None:
        super().__init__(float("inf"), ttl=limit_s * (1 + _RENEW_AFTER) + _MARGIN_S, timer=timer)
        self._entries = entries
        self._thrown_out = thrown_out
        self._renew_after_s = limit_s * _RENEW_AFTER
        self._numbers = count()

    def due_before(self, now_s: float) -> float:
        """Whoever's time began then or earlier is worth renewing at `now_s`."""
        return now_s - self._renew_after_s

    def start(self, people: Sequence[str], *, at: float) -> None:
        """Let the time of these entries begin, whose `renewed_at` is `at`; nobody is a fine number, too."""
        if people:
            self[next(self._numbers)] = (at, people)
        else:
            self.expire()

    def expire(self, time: float | None = None) -> list[tuple[int, _Lease]]:
        """Throw out who is past the limit; called whenever somebody's time might begin."""
        gone = list(super().expire(time))
        for _, (began_at, people) in gone:
            for person_id in people:
                self._end(person_id, began_at)
        return gone

    def _end(self, person_id: str, began_at: float) -> None:
        entry = self._entries.get(person_id)
        if entry is not None and entry.renewed_at <= began_at:
            del self._entries[person_id]
            self._thrown_out.add(person_id)
