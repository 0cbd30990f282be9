"""Groups and who is in them; no group is nested in another."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from .directory import Person
from .people import seeded_guid

SEEDED = ("Sales", "Support")


@dataclass(slots=True)
class Group:
    """One group; its members by object id, in the order they joined."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Groups:
    """Every group, found by id in any letter case."""

    _by_id: dict[str, Group] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._by_id.values())

    def get(self, group_id: str) -> Group | None:
        """A group by object id."""
        return self._by_id.get(group_id.lower())

    def put(self, group: Group) -> None:
        """Create it, or replace the one of the same id."""
        self._by_id[group.id.lower()] = group

    def remove(self, group_id: str) -> None:
        """Delete it, if it is there."""
        self._by_id.pop(group_id.lower(), None)


def seeded_groups(people: list[Person], *, seed: int) -> Groups:
    """A third of the people in each group, and a guest or a disabled account, because such things happen."""
    held = [person for person in people if person.is_held]
    others = [person for person in people if not person.is_held]
    groups = Groups()
    for number, name in enumerate(SEEDED):
        members = [*held[number::3], *islice(others[::-1] if number else others, 1)]
        groups.put(Group(seeded_guid(seed, f"group {name}"), name, [person.id for person in members]))
    return groups
