"""The people of a tenant by everything they are asked for by, as one state of the directory."""

from collections.abc import Callable, Iterable

import msgspec

from app.presence.addresses import domain_of
from app.presence.index import Index
from app.presence.models import Person, PersonChange, Removal


class Tables:
    """Everybody known, in two parts, and the ways to find them: who is held, and who is known by name only.

    `would_hold` decides who is held. A directory answers from one of these while another may be made.
    """

    def __init__(self, would_hold: Callable[[Person], bool]) -> None:
        self._would_hold = would_hold
        self.held: dict[str, Person] = {}
        self.aside: dict[str, Person] = {}
        self.by_address: Index[str] = Index()
        self.by_number: Index[int] = Index()
        self.domains: set[str] = set()

    def known(self, person_id: str) -> Person | None:
        """Somebody by object id, held or not."""
        return self.held.get(person_id) or self.aside.get(person_id)

    def put(self, person_id: str, after: Person | None) -> None:
        """Let this be what is known of somebody; None: nothing any more.

        Whoever was held and still is keeps their place in the order: who asks Microsoft about everybody asks
        about the same people together as before.
        """
        holds = after is not None and self._would_hold(after)
        if before := self.known(person_id):
            self._unindex(before)
            (self.aside if holds else self.held).pop(person_id, None)
        if after is not None:
            self._index(after)
            (self.held if holds else self.aside)[after.id] = after
        elif before:
            self.aside.pop(person_id, None)

    def only_held(self, ids: Iterable[str]) -> tuple[Person, ...]:
        """Those of these people who are held."""
        return tuple(self.held[person_id] for person_id in ids if person_id in self.held)

    def _unindex(self, person: Person) -> None:
        self.by_address.remove(person.id, person.addresses())
        self.by_number.remove(person.id, person.numbers())

    def _index(self, person: Person) -> None:
        addresses = person.addresses()
        self.by_address.add(person.id, addresses)
        self.by_number.add(person.id, person.numbers())
        if not person.guest:  # a guest's domain is somebody else's
            self.domains.update(filter(None, map(domain_of, addresses)))


def changed(before: Person | None, change: PersonChange) -> Person | None:
    """The person after a change; a restorable removal keeps the record, because a restore may be partial."""
    if change.removal is Removal.FINAL or (change.removal and before is None):
        return None
    known = before or Person(id=change.id)
    return msgspec.structs.replace(known, **change.properties, deleted=change.removal is not None).thrifty()
