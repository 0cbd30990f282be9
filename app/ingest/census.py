"""How many people are fresh, stale, blind or unread: counted in portions, because there may be very many."""

from dataclasses import dataclass

from app.presence.directory import Directory
from app.presence.models import Freshness
from app.presence.store import PresenceStore
from app.turns import in_turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Held people by what is known of them."""

    held: int = 0
    fresh: int = 0
    stale: int = 0
    blind: int = 0
    never_read: int = 0


class Census:
    """Counts when asked to, and remembers the last result for those who cannot wait."""

    def __init__(self, *, directory: Directory, store: PresenceStore) -> None:
        self._directory = directory
        self._store = store
        self.latest = Counts()

    async def take(self) -> Counts:
        """Count everybody held; others get their turn meanwhile."""
        found: dict[Freshness | None, int] = dict.fromkeys((*Freshness, None), 0)
        async for person_id in in_turns(self._directory.held):
            found[self._store.freshness_of(person_id)] += 1
        self.latest = Counts(
            held=sum(found.values()),
            fresh=found[Freshness.FRESH],
            stale=found[Freshness.STALE],
            blind=found[Freshness.BLIND],
            never_read=found[None],
        )
        return self.latest
