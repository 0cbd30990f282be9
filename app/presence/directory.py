"""The people of one tenant, found by any address in any letter case, or by object id."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.presence.addresses import domain_of
from app.presence.models import Person, PersonChange, Removal


class Directory:
    """Everybody in the tenant, kept current by listings and delta rounds.

    Guarantees: a lookup sees a round whole or not at all; an address that several held people share finds
    all of them, never one by chance; people who are not held never make an address ambiguous.
    """

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._by_address: dict[str, tuple[str, ...]] = {}
        self._domains: set[str] = set()
        self._held: dict[str, Person] = {}
        self._in_order: list[tuple[str, str]] | None = None
        self.complete = False

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
        return tuple(self._held[person_id] for person_id in self._by_address.get(key, ()))

    def holds(self, person_id: str) -> bool:
        """Whether presence is kept for this object id."""
        return person_id in self._held

    def knows_domain(self, key: str) -> bool:
        """Whether anybody ever had an address in this key's domain."""
        return domain_of(key) in self._domains

    def replace_all(self, changes: Iterable[PersonChange]) -> None:
        """Take a finished listing as the whole truth: whoever it does not mention is gone."""
        self.apply([PersonChange(id=person_id, removal=Removal.FINAL) for person_id in self._people])
        self.apply(changes)
        self.complete = True

    def apply(self, changes: Iterable[PersonChange]) -> None:
        """Take in a round of changes, in the order they came."""
        for change in changes:
            before = self._people.get(change.id)
            self._put(change.id, before=before, after=_changed(before, change))
        self._in_order = None

    def page(self, *, after: tuple[str, str] | None) -> Iterable[Person]:
        """Held people in the order of their address, beginning behind the position `after`."""
        if self._in_order is None:
            self._in_order = sorted(map(position, self._held.values()))
        start = bisect_right(self._in_order, after) if after else 0
        for index in range(start, len(self._in_order)):
            yield self._held[self._in_order[index][1]]

    def _put(self, person_id: str, *, before: Person | None, after: Person | None) -> None:
        self._unindex(before)
        if after is None:
            self._people.pop(person_id, None)
        else:
            self._people[person_id] = after
            self._index(after)

    def _unindex(self, person: Person | None) -> None:
        if person is None or self._held.pop(person.id, None) is None:
            return
        for address in person.addresses():
            others = tuple(other for other in self._by_address[address] if other != person.id)
            if others:
                self._by_address[address] = others
            else:
                del self._by_address[address]

    def _index(self, person: Person) -> None:
        addresses = person.addresses()
        self._domains.update(filter(None, map(domain_of, addresses)))
        if not person.held:
            return
        self._held[person.id] = person
        for address in addresses:
            self._by_address[address] = (*self._by_address.get(address, ()), person.id)


def position(person: Person) -> tuple[str, str]:
    """Where a person stands in the order of a list: by address, then by object id."""
    return ((person.email or "").lower(), person.id)


def _changed(before: Person | None, change: PersonChange) -> Person | None:
    """The person after a change; a restorable removal keeps the record, because a restore may be partial."""
    if change.removal is Removal.FINAL or (change.removal and before is None):
        return None
    known = before or Person(id=change.id)
    return replace(known, **change.properties, deleted=change.removal is not None)
