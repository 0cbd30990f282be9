"""The people of a tenant by everything they are asked for by, as one state of the directory."""

from collections.abc import Callable, Iterable

import msgspec

from app.presence.addresses import domain_of
from app.presence.index import Index
from app.presence.models import Person, PersonChange, Removal


class Tables:
    """Everybody known, those among them who are held, and the ways to find them.

    `would_hold` decides who is held. A directory answers from one of these while another may be made.
    """

    def __init__(self, would_hold: Callable[[Person], bool]) -> None:
        self._would_hold = would_hold
        self.people: dict[str, Person] = {}
        self.held: dict[str, Person] = {}
        self.by_address = Index()
        self.by_number = Index()
        self.domains: set[str] = set()

    def put(self, person_id: str, after: Person | None) -> None:
        """Let this be what is known of somebody; None: nothing any more."""
        self._unindex(self.people.get(person_id))
        if after is None:
            self.people.pop(person_id, None)
        else:
            self.people[after.id] = after  # the very same text everywhere
            self._index(after)

    def only_held(self, ids: Iterable[str]) -> tuple[Person, ...]:
        """Those of these people who are held."""
        return tuple(self.held[person_id] for person_id in ids if person_id in self.held)

    def _unindex(self, person: Person | None) -> None:
        if person is not None:
            self.held.pop(person.id, None)
            self.by_address.remove(person.id, person.addresses())
            self.by_number.remove(person.id, person.numbers())

    def _index(self, person: Person) -> None:
        addresses = person.addresses()
        self.by_address.add(person.id, addresses)
        self.by_number.add(person.id, person.numbers())
        if not person.guest:  # a guest's domain is somebody else's
            self.domains.update(filter(None, map(domain_of, addresses)))
        if self._would_hold(person):
            self.held[person.id] = person


def changed(before: Person | None, change: PersonChange) -> Person | None:
    """The person after a change; a restorable removal keeps the record, because a restore may be partial."""
    if change.removal is Removal.FINAL or (change.removal and before is None):
        return None
    known = before or Person(id=change.id)
    return msgspec.structs.replace(known, **change.properties, deleted=change.removal is not None).thrifty()
