"""What somebody's presence was within the last hour, where the operator allows it to be remembered."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.presence.cohort import Cohort

_KEPT = timedelta(hours=1)
_TIDY_EVERY = timedelta(minutes=1)
# A presence that flickers every few seconds is not worth more memory than this.
_MOST = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A state and when it was first seen."""

    seen_at: datetime
    availability: str
    activity: str


class History:
    """The spells of the last hour by object id; what is older is dropped when somebody looks or tidies."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._spells: dict[str, deque[Spell]] = {}
        self._noted_at = self._tidied_at = now()

    def note(self, cohort: Cohort) -> None:
        """Remember the readings of one request that is arranged; a state that is there is not a new spell."""
        self._noted_at = self._now()
        for person_id, reading in zip(cohort.people, cohort.said, strict=True):
            spells = self._spells.setdefault(person_id, deque(maxlen=_MOST))
            presence = reading.presence
            words = (presence.availability, presence.activity)
            if not spells or (spells[-1].availability, spells[-1].activity) != words:
                spells.append(Spell(seen_at=cohort.asked.wall, availability=words[0], activity=words[1]))
                self._drop_old(spells)

    def of(self, person_id: str) -> tuple[Spell, ...]:
        """The spells of the last hour, oldest first; the first may have begun before it."""
        spells = self._spells.get(person_id, deque())
        self._drop_old(spells)
        return tuple(spells)

    def tidy(self) -> None:
        """Drop what is older than an hour of everybody, at most once a minute: most are never looked at."""
        now = self._now()
        if now - self._noted_at > _KEPT:
            self._spells.clear()  # nobody has been read since, so even the last states have ended long ago
        if now - self._tidied_at < _TIDY_EVERY:
            return
        self._tidied_at = now
        for spells in self._spells.values():
            self._drop_old(spells)

    def forget(self, people: Iterable[str]) -> None:
        """Forget these people: they are no longer held."""
        for person_id in people:
            self._spells.pop(person_id, None)

    def _drop_old(self, spells: deque[Spell]) -> None:
        """Drop what ended more than an hour ago: a spell ends where the next begins."""
        while len(spells) > 1 and spells[1].seen_at < self._now() - _KEPT:
            spells.popleft()
