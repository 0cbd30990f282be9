"""The memory that every answer comes from: each person's last reading, and how old it is."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from cachetools import TTLCache

from app.config import WhenBlind
from app.presence.models import NOTHING_KNOWN, Freshness, Presence, Sighting, Source
from app.presence.steady import Pending, as_before, in_call, pending_change
from app.presence.words import UnknownWords

LAST_VALUE_LIMIT_S = 24 * 3600.0
# TTLCache forgets at its limit, we after it.
_MARGIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """When a reading was asked for and when it came, in monotonic seconds and by the wall clock.

    Age counts from the asking: a value is at least as old as the question, however long the answer took.
    """

    at: float
    arrived_at: float
    wall: datetime
    source: Source


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What outlives the process of one person's last reading, dated by the wall clock alone.

    Without a presence: read once, but the value was too old to keep. A struct, so that a hundred thousand
    of them do not have the garbage collector stop everybody.
    """

    presence: Presence | None = None
    observed_at: datetime | None = None
    changed_at: datetime | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    presence: Presence
    asked: Asked
    changed_at: datetime | None = None
    pending: Pending | None = None
    call_ended_at: float | None = None

    @property
    def in_call(self) -> bool:
        """Whether a call is told or reported."""
        return in_call(self.presence.activity, *([self.pending.activity] if self.pending else ()))


class PresenceStore:
    """Readings by object id, with a hard time limit kept by a TTL cache.

    Three things are told apart: fresh, stale but known, and blind (read once, too old now). The cache's TTL
    is only the limit after which a value is forgotten; ages are kept in the entries. The cache has no size
    limit of its own: whoever leaves the directory is forgotten here, so it never outgrows it.
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
        self._fresh_for_s = fresh_for_s
        self._keep_for_s = keep_for_s
        self._limit_s = LAST_VALUE_LIMIT_S if when_blind is WhenBlind.LAST else keep_for_s
        self._cache: TTLCache[str, _Entry] = TTLCache(math.inf, ttl=self._limit_s + _MARGIN_S, timer=timer)
        self._ever_read: set[str] = set()
        self._debounce_s = debounce_s
        self.unknown_words = UnknownWords()

    def has_read(self, person_id: str) -> bool:
        """Whether Microsoft was ever asked about this person, with an answer."""
        return person_id in self._ever_read

    def get(self, person_id: str) -> Sighting | None:
        """What can be said right now; None for somebody who has never been read."""
        if entry := self._remembered(person_id):
            return self._sighting(entry)
        return NOTHING_KNOWN if person_id in self._ever_read else None

    def record(self, readings: Mapping[str, Presence], asked: Asked) -> None:
        """Take in the readings of one request; one that an overlapping request has outdone is dropped."""
        for person_id, presence in readings.items():
            self.unknown_words.note(presence)
            before = self._remembered(person_id)
            if before is None or _outdoes(presence, asked, before):
                self._cache[person_id] = _next_entry(before, presence, asked, self._debounce_s)
        self._ever_read.update(readings)

    def kept(self, person_id: str) -> Kept | None:
        """What is worth keeping of somebody's last reading; None for somebody never read."""
        if entry := self._remembered(person_id):
            return Kept(
                presence=entry.presence,
                observed_at=entry.asked.wall,
                changed_at=entry.changed_at,
                source=entry.asked.source,
            )
        return Kept() if person_id in self._ever_read else None

    def restore(self, kept: Mapping[str, Kept], *, now: datetime, blind_too: bool) -> None:
        """Take in what an earlier process has kept; `now` by the same clock as its dates.

        A reading from the future is no reading: its person counts as blind. One past the limit is dropped;
        with `blind_too` its person counts as blind, without it as never read.
        """
        for person_id, one in kept.items():
            age_s = math.inf if one.observed_at is None else (now - one.observed_at).total_seconds()
            if one.presence and one.observed_at and 0 <= age_s <= self._limit_s:
                self._cache[person_id] = self._restored(one.presence, one.observed_at, one.changed_at, age_s)
            if blind_too or age_s <= self._limit_s:
                self._ever_read.add(person_id)

    def forget_all_but(self, held: Iterable[str]) -> None:
        """Drop everybody who is no longer held."""
        for person_id in self._ever_read.difference(held):
            self._ever_read.discard(person_id)
            self._cache.pop(person_id, None)

    def freshness_of(self, person_id: str) -> Freshness | None:
        """How far to trust what is known of somebody; None for one who has never been read."""
        if entry := self._remembered(person_id):
            return self._freshness(self._age_s(entry))
        return Freshness.BLIND if person_id in self._ever_read else None

    def _restored(
        self, presence: Presence, wall: datetime, changed_at: datetime | None, age_s: float
    ) -> _Entry:
        at = self._timer() - age_s
        asked = Asked(at=at, arrived_at=at, wall=wall, source=Source.SNAPSHOT)
        return _Entry(presence=presence, asked=asked, changed_at=changed_at)

    def _remembered(self, person_id: str) -> _Entry | None:
        """The entry, unless it is past the limit: the TTL runs from the arrival, age from the question."""
        entry = self._cache.get(person_id)
        return entry if entry and self._age_s(entry) <= self._limit_s else None

    def _age_s(self, entry: _Entry) -> float:
        return self._timer() - entry.asked.at

    def _sighting(self, entry: _Entry) -> Sighting:
        age_s = self._age_s(entry)
        return Sighting(
            presence=entry.presence,
            freshness=self._freshness(age_s),
            age_s=age_s,
            observed_at=entry.asked.wall,
            changed_at=entry.changed_at,
            source=entry.asked.source,
            since_call_s=None if entry.call_ended_at is None else self._timer() - entry.call_ended_at,
            held_back=entry.pending.activity if entry.pending else None,
        )

    def _freshness(self, age_s: float) -> Freshness:
        if age_s < self._fresh_for_s:
            return Freshness.FRESH
        return Freshness.STALE if age_s <= self._keep_for_s else Freshness.BLIND


def _outdoes(presence: Presence, asked: Asked, before: _Entry) -> bool:
    """Whether a new reading wins over the stored one.

    Asked after the stored one had arrived, it does. Of two that were in flight together the higher sequence
    number wins (Microsoft: *presence resource type*, "lexicographically sortable"), else the later question.
    """
    if asked.at >= before.asked.arrived_at:
        return True
    ours, theirs = presence.sequence_number, before.presence.sequence_number
    if ours and theirs and ours != theirs:
        return ours > theirs
    return asked.at >= before.asked.at


def _next_entry(before: _Entry | None, presence: Presence, asked: Asked, debounce_s: float) -> _Entry:
    if before is None:
        return _Entry(presence=presence, asked=asked)
    pending = pending_change(before.presence, presence, earlier=before.pending, at=asked.at, wall=asked.wall)
    seen_at = asked.wall
    if pending and asked.at - pending.at < debounce_s:
        presence = as_before(before.presence, presence)
    elif pending:
        seen_at, pending = pending.wall, None
    after = _Entry(
        presence=presence,
        asked=asked,
        changed_at=before.changed_at if _same(before.presence, presence) else seen_at,
        pending=pending,
        call_ended_at=before.call_ended_at,
    )
    return replace(after, call_ended_at=asked.at) if before.in_call and not after.in_call else after


def _same(before: Presence, after: Presence) -> bool:
    return (before.availability, before.activity) == (after.availability, after.activity)
