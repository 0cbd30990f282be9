"""How long a reading is kept at most: a TTL cache of leases, which throws out of the index who is past it."""

from collections.abc import Callable

from cachetools import TTLCache

from app.presence.cohort import Cohort
from app.presence.entry import Entry

# TTLCache forgets at its limit, we after it.
_MARGIN_S = 1.0
# Renewing everybody with every sweep would cost more than the sweep itself.
_RENEW_AFTER = 0.25


class TimeLimits(TTLCache[Cohort, None]):
    """Drops the entries of an index that nobody has renewed for longer than the limit.

    What it keeps are leases of cohorts, not of people: a cache entry for each of them would take more memory
    than what is known of them. The end of a cohort does not touch those who stand in another one since.
    Renewal waits for a quarter of the limit, so the limit is a quarter longer: nobody is dropped before their
    reading is too old, and whether it is too old is decided by its age, not by its being there.
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

    def renew(self, cohort: Cohort, *, at: float) -> None:
        """Let the time of these people begin anew, unless it has only just begun."""
        if cohort.members and cohort.renewed_at <= at - self._renew_after_s:
            cohort.renewed_at = at
            self[cohort] = None
        else:
            self.expire()

    def end(self, cohort: Cohort) -> None:
        """Nobody is in it any more."""
        self.pop(cohort, None)

    def expire(self, time: float | None = None) -> list[tuple[Cohort, None]]:
        """Throw out who is past the limit; called whenever somebody's time might begin."""
        gone = list(super().expire(time))
        for cohort, _ in gone:
            for person_id in cohort.ids:
                self._end(person_id, cohort)
        return gone

    def _end(self, person_id: str, cohort: Cohort) -> None:
        entry = self._entries.get(person_id)
        if entry is not None and entry.cohort is cohort:
            del self._entries[person_id]
            self._thrown_out.add(person_id)
