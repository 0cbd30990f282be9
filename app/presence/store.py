"""The memory that every answer comes from: each person's last reading, and how old it is."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from app.config import WhenBlind
from app.presence.entry import Asked, Entry, Known, outdoes
from app.presence.limits import TimeLimits
from app.presence.models import NOTHING_KNOWN, Freshness, Presence, Reading, Sighting, Source
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

    def record(self, readings: Mapping[str, Reading], asked: Asked) -> None:
        """Take in the readings of one request; one that an overlapping request has outdone is dropped.

        Nearly all of them say what is known already, of people who were read together before: they cost one
        comparison each, and whatever is the same for all of them is worked out once.
        """
        before, later, renewed, find = None, False, list[str](), self.entries.get
        due_before = self._limits.due_before(asked.at)
        for person_id, reading in readings.items():
            entry = find(person_id)
            if entry is not None and entry.asked is not before:
                before, later = entry.asked, self._plainly_later(asked, entry)
            if entry is not None and later and reading == entry.said:
                entry.asked = asked
            else:
                entry = self._look_at(person_id, reading, asked)
            if entry.renewed_at <= due_before:
                entry.renewed_at = asked.at
                renewed.append(person_id)
        self._limits.start(renewed, at=asked.at)

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
        began_at, restored = self._timer(), list[str]()
        for person_id, one in kept.items():
            age_s = math.inf if one.observed_at is None else (now - one.observed_at).total_seconds()
            if one.presence and one.observed_at and 0 <= age_s <= self._limit_s:
                entry = self._restored(one, one.presence, one.observed_at, at=began_at - age_s)
                entry.renewed_at = began_at
                self.entries[person_id] = entry
                restored.append(person_id)
            elif blind_too or age_s <= self._limit_s:
                self._blind.add(person_id)
        self._limits.start(restored, at=began_at)

    def forget(self, people: Iterable[str]) -> None:
        """Drop these people: they are no longer held."""
        for person_id in people:
            self.entries.pop(person_id, None)
            self._blind.discard(person_id)

    def freshness_of(self, person_id: str) -> Freshness | None:
        """How far to trust what is known of somebody; None for one who has never been read."""
        if entry := self._remembered(person_id):
            return self._freshness(self._age_s(entry))
        return Freshness.BLIND if self.has_read(person_id) else None

    def _restored(self, kept: Kept, presence: Presence, wall: datetime, *, at: float) -> Entry:
        known = Known(presence=presence, source=Source.SNAPSHOT, changed_at=kept.changed_at)
        return Entry(known, Asked(at=at, arrived_at=at, wall=wall, source=Source.SNAPSHOT))

    def _plainly_later(self, asked: Asked, entry: Entry) -> bool:
        """Whether a reading wins over one of the same source that still counts, whatever it says."""
        before = entry.asked
        is_later = asked.at >= before.arrived_at and asked.source is before.source
        return is_later and self._age_s(entry) <= self._limit_s

    def _look_at(self, person_id: str, reading: Reading, asked: Asked) -> Entry:
        """Take in one reading that may say something new; where it went."""
        presence = reading.presence
        puzzling = self.unknown_words.note(presence)
        entry = self._remembered(person_id)
        if entry is None:
            entry = self.entries[person_id] = Entry(Known(presence=presence, source=asked.source), asked)
            self._blind.discard(person_id)
        elif outdoes(presence, asked, entry):
            entry.take(presence, asked, debounce_s=self._debounce_s)
        else:
            return entry
        entry.said = None if puzzling or entry.known.pending else reading.lasting(person_id)
        return entry

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
