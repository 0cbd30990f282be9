"""The people of one tenant, found by any address in any letter case, or by object id."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.presence.addresses import domain_of
from app.presence.index import Index
from app.presence.models import Person, PersonChange, Removal
from app.presence.scope import WHOLE_TENANT, Members, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a round would make of the people it touches (None: gone), and which held people it would lose."""

    people: Mapping[str, Person | None]
    lost: frozenset[str]
    listing: bool


class Directory:
    """Everybody in the tenant, kept current by listings and delta rounds.

    Guarantees: a lookup sees a round whole or not at all; an address that several held people share finds
    all of them, never one by chance; people who are not held never make an address ambiguous.
    """

    def __init__(self, scope: Scope = WHOLE_TENANT) -> None:
        self._scope = scope
        self._members: Members = {}
        self._people: dict[str, Person] = {}
        self._by_address = Index()
        self._by_number = Index()
        self._domains: set[str] = set()
        self._held: dict[str, Person] = {}
        self._in_order: list[tuple[str, str]] | None = None
        self._listed = False

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
        return list(self._held)

    def __len__(self) -> int:
        """How many accounts are known, held or not."""
        return len(self._people)

    def find(self, key: str) -> tuple[Person, ...]:
        """The held people a comparable key belongs to: nobody, one, or several."""
        if person := self._held.get(key):
            return (person,)
        return self._only_held(self._by_address.get(key))

    def find_by_number(self, digits: str) -> tuple[Person, ...]:
        """The held people with this phone number, in E.164 digits."""
        return self._only_held(self._by_number.get(digits))

    def set_aside(self, key: str) -> tuple[Person, ...]:
        """Accounts of this address or object id that are known by name only, because they are not held."""
        ids = {key, *self._by_address.get(key)} & self._people.keys()
        return tuple(self._people[person_id] for person_id in sorted(ids - self._held.keys()))

    def in_scope(self, person: Person) -> bool:
        """Whether the scope would have this person held."""
        return self._scope.includes(person, self._members)

    def holds(self, person_id: str) -> bool:
        """Whether presence is kept for this object id."""
        return person_id in self._held

    def knows_domain(self, key: str) -> bool:
        """Whether anybody ever had an address in this key's domain."""
        return domain_of(key) in self._domains

    def replace_all(self, changes: Iterable[PersonChange]) -> None:
        """Take a finished listing as the whole truth: whoever it does not mention is gone."""
        self.take(self.plan(changes, listing=True))

    def apply(self, changes: Iterable[PersonChange]) -> None:
        """Take in a round of changes, in the order they came."""
        self.take(self.plan(changes, listing=False))

    def plan(self, changes: Iterable[PersonChange], *, listing: bool) -> Plan:
        """Work out a round without letting it take effect; a listing is the whole truth, changes are not."""
        known: Mapping[str, Person] = {} if listing else self._people
        people: dict[str, Person | None] = dict.fromkeys(self._people) if listing else {}
        for change in changes:
            before = people.get(change.id) or (None if change.id in people else known.get(change.id))
            people[change.id] = _changed(before, change)
        lost = (person_id for person_id, after in people.items() if not self._would_hold(after))
        return Plan(people=people, lost=frozenset(lost) & self._held.keys(), listing=listing)

    def take(self, plan: Plan) -> None:
        """Let a planned round take effect; nothing else may have changed since it was planned."""
        for person_id, after in plan.people.items():
            before = self._people.get(person_id)
            if before != after:
                self._put(person_id, before=before, after=after)
        self._listed = self._listed or plan.listing
        self._in_order = None

    def regroup(self, members: Members) -> None:
        """Take in the members of some groups: who has joined enters and who has left leaves, all at once.

        A group that is not mentioned keeps the members it had.
        """
        moved = {
            person_id
            for group in self._scope.groups & members.keys()
            for person_id in members[group] ^ self._members.get(group, frozenset())
        }
        self._members = {**self._members, **members}
        for person_id in moved & self._people.keys():
            self._put(person_id, before=self._people[person_id], after=self._people[person_id])
        self._in_order = None

    def page(self, *, after: tuple[str, str] | None) -> Iterable[Person]:
        """Held people in the order of their address, beginning behind the position `after`."""
        if self._in_order is None:
            self._in_order = sorted(map(position, self._held.values()))
        start = bisect_right(self._in_order, after) if after else 0
        for index in range(start, len(self._in_order)):
            yield self._held[self._in_order[index][1]]

    def _would_hold(self, person: Person | None) -> bool:
        return person is not None and person.held and self.in_scope(person)

    def _put(self, person_id: str, *, before: Person | None, after: Person | None) -> None:
        self._unindex(before)
        if after is None:
            self._people.pop(person_id, None)
        else:
            self._people[person_id] = after
            self._index(after)

    def _unindex(self, person: Person | None) -> None:
        if person is not None:
            self._held.pop(person.id, None)
            self._by_address.remove(person.id, person.addresses())
            self._by_number.remove(person.id, person.numbers())

    def _index(self, person: Person) -> None:
        addresses = person.addresses()
        self._by_address.add(person.id, addresses)
        self._by_number.add(person.id, person.numbers())
        if not person.guest:  # a guest's domain is somebody else's
            self._domains.update(filter(None, map(domain_of, addresses)))
        if self._would_hold(person):
            self._held[person.id] = person

    def _only_held(self, ids: Iterable[str]) -> tuple[Person, ...]:
        return tuple(self._held[person_id] for person_id in ids if person_id in self._held)


def position(person: Person) -> tuple[str, str]:
    """Where a person stands in the order of a list: by address, then by object id."""
    return ((person.email or "").lower(), person.id)


def _changed(before: Person | None, change: PersonChange) -> Person | None:
    """The person after a change; a restorable removal keeps the record, because a restore may be partial."""
    if change.removal is Removal.FINAL or (change.removal and before is None):
        return None
    known = before or Person(id=change.id)
    return replace(known, **change.properties, deleted=change.removal is not None)
