"""Answers about people, built before they are asked for: all that is left to do is to put in the time.

A page is what the slow way says of somebody who is fresh, cut open where its age stands. Two things keep it
true. It lies with the person's entry in the store and goes when anything new is known of them. And it
remembers which person, which rules and which groups it was made from: whoever finds others in force builds it
anew, so nobody has to announce a change. What time alone changes (too old, wrapping up) is never on a page.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import msgspec

from app.api.caller_text import tidy_address
from app.api.flat import Shape, flat_timestamp
from app.api.render import Renderer, etag_of, timestamp
from app.errors import MalformedRequest
from app.ingest.desk import Desk
from app.presence.addresses import parse_user
from app.presence.entry import Entry
from app.presence.models import Person
from app.presence.rulebook import Rulebook
from app.presence.scope import Members

Flat = tuple[bytes, bytes]
"""A call flow's answer in two parts: time comes between them."""


class Page(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One person's answer in two parts, and the same for call flows once one has asked."""

    person: Person
    rulebook: Rulebook
    members: Members
    etag: bytes
    before: bytes
    behind: bytes
    flat: Flat | None = None


class Moment(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """The time of a reading and its age, as each route writes them."""

    age: bytes
    in_body: bytes
    in_flat: bytes


@lru_cache(maxsize=1024)  # shared by the hundreds of people of one request to Microsoft
def moment(wall: datetime, age: int) -> Moment:
    """What stands between the two parts of a page."""
    seconds = str(age)
    return Moment(
        age=seconds.encode(),
        in_body=f'"observedAt":"{timestamp(wall)}","age":{seconds}'.encode(),
        in_flat=f'"age":{seconds},"updated":"{flat_timestamp(wall)}"'.encode(),
    )


class Pages:
    """The pages of one tenant, each built with the first question for it."""

    def __init__(self, desk: Desk, renderer: Renderer, *, timer: Callable[[], float]) -> None:
        self._desk = desk
        self._renderer = renderer
        self.timer = timer
        self._directory = desk.directory
        self._rules = desk.rules
        self.answered = desk.coverage.answered
        """What the desk notes down with each answer."""
        self._entries = desk.store.entries
        self._fresh_for_s = desk.store.fresh_for_s

    def find(self, key: str, now: float) -> tuple[Page, Moment] | None:
        """The page of somebody fresh by a key in lower case; None says no more than that others must look."""
        person = self._directory.only(key)
        if person is None or (entry := self._entries.get(person.id)) is None:
            return None
        asked = entry.cohort.asked
        age_s = now - asked.at
        if age_s >= self._fresh_for_s:
            return None
        page = entry.rendered
        if (
            not isinstance(page, Page)
            or page.person is not person
            or page.rulebook is not self._rules.rulebook
            or page.members is not self._directory.members
        ):
            page = entry.rendered = self._build(person, entry)
        return (page, moment(asked.wall, int(age_s))) if page else None

    def find_flat(self, key: str, now: float) -> tuple[Flat, Moment] | None:
        """The same for a call flow; this part of a page is built when the first one asks."""
        found = self.find(key, now)
        if found is None:
            return None
        page, then = found
        flat = page.flat or self._flatten(page)
        return (flat, then) if flat else None

    def _build(self, person: Person, entry: Entry) -> Page | None:
        ended = entry.known.call_ended_at
        wrapping_up = ended is not None and self.timer() - ended < self._desk.wrap_up_s
        if wrapping_up or not _is_asked_for_plainly(person):
            return None
        rulebook, members = self._desk.rules.rulebook, self._directory.members
        answer = self._desk.recall(person.id)
        body = self._renderer.members(answer)
        if body["stale"]:
            return None
        now = moment(entry.asked.wall, body["age"])
        before, behind = _cut(msgspec.json.encode(body), now.in_body)
        return Page(
            person=person,
            rulebook=rulebook,
            members=members,
            etag=etag_of(body).encode(),
            before=before,
            behind=_shared(behind),
        )

    def _flatten(self, page: Page) -> Flat | None:
        answer = self._desk.recall(page.person.id)
        sighting = answer.sighting
        if sighting.stale or sighting.age_s is None or sighting.observed_at is None:
            return None  # since it was found
        now = moment(sighting.observed_at, int(sighting.age_s))
        before, behind = _cut(bytes(Shape({}).found(answer).body), now.in_flat)
        page.flat = before, _shared(behind)
        return page.flat


def _is_asked_for_plainly(person: Person) -> bool:
    """Whether every address in the directory is one that a caller may send, and is read as it stands."""
    try:
        keys = (person.id, *person.addresses())
        return all(parse_user(key) == key == tidy_address(key) for key in keys)
    except MalformedRequest:
        return False


def _cut(whole: bytes, middle: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind; no text inside can look like it, because there quotes are escaped."""
    before, _, behind = whole.partition(middle)
    return before, behind


@lru_cache(maxsize=64)
def _shared(behind: bytes) -> bytes:
    """The very same bytes for all who end alike, which is nearly everybody."""
    return behind
