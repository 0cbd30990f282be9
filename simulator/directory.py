"""The tenant's people and everything that ever changed about them: delta queries read the change log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

ABSENT: Any = object()


class Existence(StrEnum):
    """Whether a person is there: a soft-deleted one can be restored for 30 days, a gone one never."""

    PRESENT = "present"
    SOFT_DELETED = "changed"
    GONE = "deleted"


@dataclass(slots=True)
class Person:
    """One user object. A property that was never set is absent from `properties`; one set to null is None."""

    id: str
    properties: dict[str, Any]
    existence: Existence = Existence.PRESENT

    @property
    def is_held(self) -> bool:
        """An enabled member: whose presence somebody could want to know."""
        enabled = self.properties.get("accountEnabled") is not False
        return enabled and self.properties.get("userType") != "Guest"

    def addresses(self) -> Iterator[str]:
        """Everything this person can be called by, in lower case."""
        yield self.id
        for name in ("userPrincipalName", "mail"):
            if address := self.properties.get(name):
                yield address.lower()
        for address in self.properties.get("proxyAddresses") or ():
            scheme, _, rest = address.partition(":")
            if scheme.lower() == "smtp":
                yield rest.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log; without names the whole person appeared or went."""

    person: Person
    names: frozenset[str] | None


@dataclass(slots=True)
class Directory:
    """People in the order they came, found by id and by user principal name, with a log of changes."""

    people: list[Person] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    _by_id: dict[str, Person] = field(default_factory=dict)
    _by_upn: dict[str, Person] = field(default_factory=dict)

    def settle(self, people: list[Person]) -> None:
        """Move the first inhabitants in; nobody is told, they were always there."""
        self.people.extend(people)
        self._by_id.update((person.id, person) for person in people)
        self._by_upn.update((_upn(person), person) for person in people)

    def present(self) -> Iterator[Person]:
        """Everybody who is not deleted."""
        return (person for person in self.people if person.existence is Existence.PRESENT)

    def by_id(self, person_id: str) -> Person | None:
        """A present person by object id, any letter case."""
        return _if_present(self._by_id.get(person_id.lower()))

    def by_key(self, key: str) -> Person | None:
        """A present person by object id or user principal name ("Get a user")."""
        return self.by_id(key) or _if_present(self._by_upn.get(key.lower()))

    def by_any_address(self, address: str) -> Person | None:
        """Anybody, deleted or not, by id, mail, user principal name or alias: for the switches."""
        wanted = address.strip().lower()
        return self._by_id.get(wanted) or next(
            (person for person in self.people if wanted in person.addresses()), None
        )

    def create(self, properties: Mapping[str, Any]) -> Person:
        """Add somebody; the id is given or new."""
        given = dict(properties)
        person = Person(str(given.pop("id", uuid4())).lower(), given)
        self.settle([person])
        self.changes.append(Change(person, None))
        return person

    def update(self, person: Person, properties: Mapping[str, Any]) -> None:
        """Set properties; None is a documented null. What stays the same is no change."""
        changed = {
            name: value for name, value in properties.items() if person.properties.get(name, ABSENT) != value
        }
        if not changed:
            return
        self._by_upn.pop(_upn(person), None)
        person.properties.update(changed)
        self._by_upn[_upn(person)] = person
        self.changes.append(Change(person, frozenset(changed)))

    def move(self, person: Person, existence: Existence) -> None:
        """Delete, delete for good or restore."""
        if person.existence is not existence:
            person.existence = existence
            self.changes.append(Change(person, None))


def _upn(person: Person) -> str:
    return (person.properties.get("userPrincipalName") or "").lower()


def _if_present(person: Person | None) -> Person | None:
    return person if person and person.existence is Existence.PRESENT else None
