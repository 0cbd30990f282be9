"""Who is held at all: the whole tenant, or the union of some groups, domains and single people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.presence.addresses import domain_of
from app.presence.models import Person, comparable

Members = Mapping[str, frozenset[str]]
"""The object ids of each group's members, by the group's id, all in lower case."""

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The union of its parts; without any part it includes nobody, so a mistake never widens it."""

    tenant: bool = False
    groups: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def includes(self, person: Person, members: Members) -> bool:
        """Whether this person is inside; a group that was never read includes nobody."""
        return self.tenant or self._names(person) or self._has_member(person, members)

    def is_decided_by(self, members: Members) -> bool:
        """Whether every group of the scope has been read."""
        return self.groups <= members.keys()

    @property
    def words(self) -> tuple[str, ...]:
        """The parts as comparable text, in an order of their own."""
        kinds = {"group": self.groups, "domain": self.domains, "user": self.users}
        parts = (f"{kind}:{value}" for kind, values in kinds.items() for value in sorted(values))
        return ("tenant",) if self.tenant else tuple(parts)

    def _names(self, person: Person) -> bool:
        if not (self.users or self.domains):
            return False
        addresses = person.addresses()
        return not self.users.isdisjoint({person.id, *addresses}) or not self.domains.isdisjoint(
            map(domain_of, addresses)
        )

    def _has_member(self, person: Person, members: Members) -> bool:
        return any(person.id in members.get(group, _NOBODY) for group in self.groups)


WHOLE_TENANT = Scope(tenant=True)


def scope_of(
    *, tenant: bool, groups: Iterable[str] = (), domains: Iterable[str] = (), users: Iterable[str] = ()
) -> Scope:
    """A scope from words as an operator spells them, in any letter case."""
    return Scope(
        tenant=tenant,
        groups=frozenset(map(comparable, groups)),
        domains=frozenset(map(comparable, domains)),
        users=frozenset(map(comparable, users)),
    )
