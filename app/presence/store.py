"""The memory that every answer comes from: each person's last reading, and how old it is."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from app.config import WhenBlind
from app.presence.cohort import Asked, Cohort
from app.presence.entry import Entry, Known, outdoes
from app.presence.limits import TimeLimits
from app.presence.models import (
    NOTHING_KNOWN,
    Freshness,
    Presence,
    Reading,
    Sighting,
    Source,
    Told,
)
from app.presence.words import UnknownWords

LAST_VALUE_LIMIT_S = 24 * 3600.0


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What outlives the process of one person's last reading, dated by the wall clock alone.

    Without a presence: read once, but the value was too old to keep. A struct, so that a hundred thousand
    of them do not have the garbage collector stop everybody.
    """

    presence: Presence | None = None
    observed_at: datetime | None = None
    changed_at: datetime | None = None
    source: Source | None = None


class PresenceStore:
    """Readings by object id, with a hard time limit kept by a TTL cache.

    Three things are told apart: fresh, stale but known, and blind (read once, too old now). What a question
    reads is `entries`, a plain index; the cache beside it only throws out of it whoever is long past the
    limit, and ages are kept in the entries. Neither has a limit of size: whoever leaves the directory is
    forgotten here, so they never outgrow it.
    """

    def __init__(
        self,
        *,
        timer: Callable[[], float],
        fresh_for_s: float,
        keep_for_s: float,
        when_blind: WhenBlind = WhenBlind.UNKNOWN,
        debounce_s: float = 0.0,
    ) -> None:
        self._timer = timer
        self.fresh_for_s = fresh_for_s
        self._keep_for_s = keep_for_s
        self._limit_s = LAST_VALUE_LIMIT_S if when_blind is WhenBlind.LAST else keep_for_s
        self.entries: dict[str, Entry] = {}
        self._blind: set[str] = set()
        self._limits = TimeLimits(self.entries, thrown_out=self._blind, limit_s=self._limit_s, timer=timer)
        self._debounce_s = debounce_s
        self.unknown_words = UnknownWords()

    def has_read(self, person_id: str) -> bool:
        """Whether Microsoft was ever asked about this person, with an answer."""
        return person_id in self.entries or person_id in self._blind

    @property
    def people(self) -> Sequence[str]:
        """Everybody who was ever read, as of now."""
        return [*self.entries, *self._blind]

    def get(self, person_id: str) -> Sighting | None:
        """What can be said right now; None for somebody who has never been read."""
        if entry := self._remembered(person_id):
            return self._sighting(entry)
        return NOTHING_KNOWN if self.has_read(person_id) else None

    def record(self, cohort: Cohort) -> None:
        """Take in the readings of one request; one that an overlapping request has outdone is dropped.

        Nearly always the same people were asked about before, and nearly all of them say what is known: then
        only those are looked at who say something else, and time passes for all of them at once.
        """
        before = self._before(cohort)
        if before:
            self._follow(before, cohort)
        else:
            self._gather(cohort)
        self._limits.renew(before or cohort, at=cohort.asked.at)

    def kept(self, person_id: str) -> Kept | None:
        """What is worth keeping of somebody's last reading; None for somebody never read."""
        if entry := self._remembered(person_id):
            return Kept(
                presence=entry.known.presence,
                observed_at=entry.asked.wall,
                changed_at=entry.known.changed_at,
                source=entry.known.source,
            )
        return Kept() if self.has_read(person_id) else None

    def restore(self, kept: Mapping[str, Kept], *, now: datetime, blind_too: bool) -> None:
        """Take in what an earlier process has kept; `now` by the same clock as its dates.

        A reading from the future is no reading: its person counts as blind. One past the limit is dropped;
        with `blind_too` its person counts as blind, without it as never read.
        """
        began_at, read_at = self._timer(), defaultdict[datetime, list[str]](list)
        for person_id, one in kept.items():
            age_s = math.inf if one.observed_at is None else (now - one.observed_at).total_seconds()
            if one.presence and one.observed_at and 0 <= age_s <= self._limit_s:
                read_at[one.observed_at].append(person_id)
            elif blind_too or age_s <= self._limit_s:
                self._blind.add(person_id)
        for wall, people in read_at.items():
            at = began_at - (now - wall).total_seconds()
            asked = Asked(at=at, arrived_at=at, wall=wall, source=Source.SNAPSHOT)
            self._restore(Cohort(asked=asked, ids=people), kept, began_at=began_at)

    def forget(self, people: Iterable[str]) -> None:
        """Drop these people: they are no longer held."""
        self._tidy({left for person_id in people if (left := self._drop(person_id))})

    def freshness_of(self, person_id: str) -> Freshness | None:
        """How far to trust what is known of somebody; None for one who has never been read."""
        if entry := self._remembered(person_id):
            return self._freshness(self._age_s(entry))
        return Freshness.BLIND if self.has_read(person_id) else None

    def _restore(self, cohort: Cohort, kept: Mapping[str, Kept], *, began_at: float) -> None:
        """Bring back those who were read at one moment; our own first reading has to look at them all."""
        for person_id in cohort.ids:
            one = kept[person_id]
            if one.presence:
                known = Known(presence=one.presence, source=Source.SNAPSHOT, changed_at=one.changed_at)
                self.entries[person_id] = Entry(known, cohort)
                cohort.members += 1
        self._limits.renew(cohort, at=began_at)

    def _before(self, cohort: Cohort) -> Cohort | None:
        """The cohort that this one plainly follows: of the same people, and of readings that still count."""
        first = self._remembered(cohort.ids[0]) if cohort.ids else None
        return first.cohort if first and first.cohort.is_followed_by(cohort) else None

    def _follow(self, before: Cohort, later: Cohort) -> None:
        """Let everybody stay who they were together with, and look at those who say something new."""
        before.asked = later.asked
        for index in before.news_in(later):
            before.said[index] = later.said[index]
            presence, entry = later.said[index].presence, self.entries[before.people[index]]
            entry.take(presence, later.asked, debounce_s=self._debounce_s)
            before.keep(index, settled=self._is_settled(presence, entry))

    def _gather(self, cohort: Cohort) -> None:
        """Bring everybody together, wherever they stood before; whoever is outdone stays there.

        When somebody joins or leaves the directory, everybody behind them is asked about together with others
        than before.
        """
        last_said: dict[Cohort, Mapping[str, Reading]] = {}
        cohort.arrange()
        for index, person_id in enumerate(cohort.people):
            entry = self.entries.get(person_id)
            if entry and entry.cohort not in last_said:
                last_said[entry.cohort] = self._comparable(entry.cohort, cohort)
            before = last_said[entry.cohort].get(person_id) if entry else None
            if entry and before == cohort.said[index]:
                entry.move_to(cohort)
                cohort.said[index] = before
            else:
                self._look_at(index, cohort)
        self._tidy(last_said)

    def _drop(self, person_id: str) -> Cohort | None:
        """Take somebody out of the memory; the cohort they have left, which is to be tidied."""
        self._blind.discard(person_id)
        entry = self.entries.pop(person_id, None)
        if entry is None:
            return None
        entry.cohort.members -= 1
        return entry.cohort

    def _tidy(self, left: Iterable[Cohort]) -> None:
        """Keep nothing that was said of people who are no longer in these cohorts."""
        for cohort in left:
            if not cohort.members:
                self._limits.end(cohort)
                continue
            for index, person_id in enumerate(cohort.people):
                entry = self.entries.get(person_id)
                if entry is None or entry.cohort is not cohort:
                    cohort.said[index] = Told(person_id)

    def _comparable(self, before: Cohort, later: Cohort) -> Mapping[str, Reading]:
        """What was said of those of an earlier cohort who need no look if it is said once more."""
        counts = before.precedes(later) and self._timer() - before.asked.at <= self._limit_s
        return before.settled if counts else {}

    def _look_at(self, index: int, cohort: Cohort) -> None:
        presence = cohort.said[index].presence
        entry = self._met(cohort.people[index], presence, cohort)
        if entry.cohort is cohort:
            cohort.keep(index, settled=self._is_settled(presence, entry))

    def _met(self, person_id: str, presence: Presence, cohort: Cohort) -> Entry:
        """Somebody's entry, after a reading of a cohort that they join unless it is outdone."""
        entry = self._remembered(person_id)
        if entry is None:
            self._drop(person_id)  # what lies there may be past the limit
            known = Known(presence=presence, source=cohort.asked.source)
            entry = self.entries[person_id] = Entry(known, cohort)
            cohort.members += 1
        elif outdoes(presence, cohort.asked, entry):
            entry.take(presence, cohort.asked, debounce_s=self._debounce_s)
            entry.move_to(cohort)
        return entry

    def _is_settled(self, presence: Presence, entry: Entry) -> bool:
        """Whether the same once more would say nothing: no unknown word to count, no change held back."""
        puzzling = self.unknown_words.note(presence)
        return not puzzling and entry.known.pending is None

    def _remembered(self, person_id: str) -> Entry | None:
        """The entry, unless it is past the limit: what lies there longer is only not yet thrown out."""
        entry = self.entries.get(person_id)
        return entry if entry and self._age_s(entry) <= self._limit_s else None

    def _age_s(self, entry: Entry) -> float:
        return self._timer() - entry.asked.at

    def _sighting(self, entry: Entry) -> Sighting:
        known, age_s = entry.known, self._age_s(entry)
        return Sighting(
            presence=known.presence,
            freshness=self._freshness(age_s),
            age_s=age_s,
            observed_at=entry.asked.wall,
            changed_at=known.changed_at,
            source=known.source,
            since_call_s=None if known.call_ended_at is None else self._timer() - known.call_ended_at,
            held_back=known.pending.activity if known.pending else None,
        )

    def _freshness(self, age_s: float) -> Freshness:
        if age_s < self.fresh_for_s:
            return Freshness.FRESH
        return Freshness.STALE if age_s <= self._keep_for_s else Freshness.BLIND
