"""The people of one tenant, found by any address in any letter case, or by object id."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import filterfalse

from app.presence.addresses import domain_of
from app.presence.models import Person, PersonChange
from app.presence.scope import WHOLE_TENANT, Members, Scope
from app.presence.tables import Tables, changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a round would make of the directory, and which held people it would lose.

    A round of changes names the people it touches (None: gone), a listing has everybody in tables of its own.
    """

    lost: frozenset[str]
    people: Mapping[str, Person | None] = field(default_factory=dict)
    tables: Tables | None = None


class Listing:
    """The next state of a directory, filled while the pages of a listing come: it takes effect as a whole.

    Made person by person, because everybody else would wait for seconds while a hundred thousand are taken in
    at once. Whoever the listing leaves as they were stays the very same object.
    """

    def __init__(self, before: Tables, tables: Tables, members: Members) -> None:
        self._before = before
        self.tables = tables
        self.members = members

    def add(self, change: PersonChange) -> None:
        """Take in what the listing says about one account."""
        after = changed(self.tables.known(change.id), change)
        known = self._before.known(change.id)
        self.tables.put(change.id, known if after == known else after)


class Directory:
    """Everybody in the tenant, kept current by listings and delta rounds.

    Guarantees: a lookup sees a round whole or not at all; an address that several held people share finds
    all of them, never one by chance; people who are not held never make an address ambiguous.
    """

    def __init__(self, scope: Scope = WHOLE_TENANT) -> None:
        self._scope = scope
        self._members: Members = {}
        self._now = Tables(self._would_hold)
        self._in_order: list[tuple[str, str]] | None = None
        self._listed = False
        self.listings = 0
        self.changes = 0

    @property
    def complete(self) -> bool:
        """Whether everybody was listed and every group of the scope read: only then nobody means nobody."""
        return self._listed and self._scope.is_decided_by(self._members)

    @property
    def members(self) -> Members:
        """The members of every group read so far."""
        return self._members

    @property
    def held(self) -> Sequence[str]:
        """The object ids of everybody whose presence is kept."""
        return list(self._now.held)

    @property
    def people(self) -> Sequence[Person]:
        """Every account that is known, held or not, as of now."""
        return [*self._now.held.values(), *self._now.aside.values()]

    def __len__(self) -> int:
        """How many accounts are known, held or not."""
        return len(self._now.held) + len(self._now.aside)

    def find(self, key: str) -> tuple[Person, ...]:
        """The held people a comparable key belongs to: nobody, one, or several."""
        if person := self._now.held.get(key):
            return (person,)
        return self._now.only_held(self._now.by_address.all(key))

    def only(self, key: str) -> Person | None:
        """The one held person a comparable key belongs to, at the price of two look-ups; None for others."""
        now = self._now
        if "@" not in key and (person := now.held.get(key)):  # an object id has none
            return person
        ids = now.by_address.get(key, ())
        if isinstance(ids, str):
            return now.held.get(ids)
        held = now.only_held(ids)
        return held[0] if len(held) == 1 else None

    def find_by_number(self, digits: str) -> tuple[Person, ...]:
        """The held people with this phone number, in E.164 digits."""
        return self._now.only_held(self._now.by_number.all(int(digits)))

    def set_aside(self, key: str) -> tuple[Person, ...]:
        """Accounts of this address or object id that are known by name only, because they are not held."""
        now = self._now
        ids = {key, *now.by_address.all(key)} & now.aside.keys()
        return tuple(now.aside[person_id] for person_id in sorted(ids))

    def in_scope(self, person: Person) -> bool:
        """Whether the scope would have this person held."""
        return self._scope.includes(person, self._members)

    def holds(self, person_id: str) -> bool:
        """Whether presence is kept for this object id."""
        return person_id in self._now.held

    def knows_domain(self, key: str) -> bool:
        """Whether anybody ever had an address in this key's domain."""
        return domain_of(key) in self._now.domains

    def replace_all(self, changes: Iterable[PersonChange]) -> None:
        """Take a finished listing as the whole truth: whoever it does not mention is gone."""
        listing = self.begin_listing()
        for change in changes:
            listing.add(change)
        self.take(self.conclude(listing))

    def apply(self, changes: Iterable[PersonChange]) -> None:
        """Take in a round of changes, in the order they came."""
        self.take(self.plan(changes))

    def begin_listing(self) -> Listing:
        """A listing to be filled beside what is known; nothing of it takes effect yet."""
        return Listing(self._now, Tables(self._would_hold), self._members)

    def conclude(self, listing: Listing) -> Plan:
        """What a finished listing would make of the directory, as the whole truth."""
        listing.tables.domains |= self._now.domains
        self._rejudge(listing.tables, listing.members)
        lost = filterfalse(listing.tables.held.__contains__, self._now.held)
        return Plan(lost=frozenset(lost), tables=listing.tables)

    def plan(self, changes: Iterable[PersonChange]) -> Plan:
        """Work out a round of changes without letting it take effect."""
        people: dict[str, Person | None] = {}
        for change in changes:
            before = people[change.id] if change.id in people else self._now.known(change.id)
            people[change.id] = changed(before, change)
        lost = (key for key, after in people.items() if after is None or not self._would_hold(after))
        return Plan(lost=frozenset(lost) & self._now.held.keys(), people=people)

    def take(self, plan: Plan) -> None:
        """Let a planned round take effect; nothing else may have changed since it was planned."""
        if plan.tables:
            self._now, self._listed = plan.tables, True
            self.listings += 1
        for person_id, after in plan.people.items():
            if self._now.known(person_id) != after:
                self._now.put(person_id, after)
        self._note_change()

    def regroup(self, members: Members) -> None:
        """Take in the members of some groups: who has joined enters and who has left leaves, all at once.

        A group that is not mentioned keeps the members it had.
        """
        before, self._members = self._members, {**self._members, **members}
        self._rejudge(self._now, before)
        self._note_change()

    def restore(self, people: Iterable[Person], members: Members) -> None:
        """Take over what an earlier process knew: everybody, and the members of the groups it had read."""
        self._members = dict(members)
        for person in people:
            self._now.put(person.id, person)
        self._listed = True
        self.listings += 1
        self._note_change()

    def page(self, *, after: tuple[str, str] | None) -> Iterable[Person]:
        """Held people in the order of their address, beginning behind the position `after`."""
        if self._in_order is None:
            self._in_order = sorted(map(position, self._now.held.values()))
        order = self._in_order
        for index in range(bisect_right(order, after) if after else 0, len(order)):
            if person := self._now.held.get(
                order[index][1]
            ):  # who has left while the reader paused is left out
                yield person

    def _note_change(self) -> None:
        self.changes += 1
        self._in_order = None

    def _would_hold(self, person: Person) -> bool:
        return person.held and self.in_scope(person)

    def _rejudge(self, tables: Tables, before: Members) -> None:
        """Judge anew who is held among those who have joined or left a group of the scope since then."""
        if before is self._members:
            return
        moved = {
            person_id
            for group in self._scope.groups & self._members.keys()
            for person_id in self._members[group] ^ before.get(group, frozenset())
        }
        for person_id in moved:
            tables.put(person_id, tables.known(person_id))


def position(person: Person) -> tuple[str, str]:
    """Where a person stands in the order of a list: by address, then by object id."""
    return ((person.email or "").lower(), person.id)
