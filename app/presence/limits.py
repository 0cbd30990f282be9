"""How long a reading is kept at most: a TTL cache of names, which throws out of the index who is past it."""

from collections.abc import Callable

from cachetools import TTLCache

from app.presence.entry import Entry

# TTLCache forgets at its limit, we after it.
_MARGIN_S = 1.0
# Renewing everybody with every sweep would cost more than the sweep itself.
_RENEW_AFTER = 0.25


class TimeLimits(TTLCache[str, None]):
    """Drops the entries of an index that nobody has renewed for longer than the limit.

    Renewal waits for a quarter of the limit, so the limit is a quarter longer: nobody is dropped before
    their reading is too old, and whether it is too old is decided by its age, not by its being there.
    """

    def __init__(self, entries: dict[str, Entry], *, limit_s: float, timer: Callable[[], float]) -> None:
        super().__init__(float("inf"), ttl=limit_s * (1 + _RENEW_AFTER) + _MARGIN_S, timer=timer)
        self._entries = entries
        self._renew_after_s = limit_s * _RENEW_AFTER

    def start(self, person_id: str) -> None:
        """Let the time of a new entry begin."""
        self[person_id] = None

    def renew(self, person_id: str, entry: Entry) -> None:
        """Let it begin anew, if that is worth while."""
        if entry.asked.at - entry.renewed_at >= self._renew_after_s:
            self[person_id] = None
            entry.renewed_at = entry.asked.at

    def drop(self, person_id: str) -> None:
        """Throw somebody out."""
        self.pop(person_id, None)
        self._entries.pop(person_id, None)

    def expire(self, time: float | None = None) -> list[tuple[str, None]]:
        """Throw out who is past the limit; called with every new beginning."""
        gone = list(super().expire(time))
        for person_id, _ in gone:
            self._entries.pop(person_id, None)
        return gone
