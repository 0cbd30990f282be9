"""Which rules judge whom: named sets, one of them the default, others for single people and groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.errors import MalformedRequest
from app.presence.models import Person, comparable
from app.presence.rules import RELAXED, STRICT, Rules
from app.presence.scope import Members

NO_MEMBERS: Members = MappingProxyType({})

PRESETS: Mapping[str, Rules] = MappingProxyType({rules.name: rules for rules in (STRICT, RELAXED)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All sets of one tenant; unchangeable, so that a new one takes effect whole.

    `people` is by comparable address or object id, `groups` by object id and in order of precedence; both
    name sets that exist.
    """

    sets: Mapping[str, Rules] = field(default_factory=lambda: PRESETS)
    default: str = STRICT.name
    people: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def group_ids(self) -> frozenset[str]:
        """The groups whose members must be known."""
        return frozenset(self.groups)

    def named(self, name: str) -> Rules:
        """A set by its name. Raises MalformedRequest, which lists the names there are."""
        if name not in self.sets:
            raise MalformedRequest(f"There is no rule set of this name: there are {', '.join(self.sets)}.")
        return self.sets[name]

    def for_person(self, person: Person, *, members: Members = NO_MEMBERS) -> Rules:
        """The set for somebody: their own, else that of the first group they are in, else the default."""
        return self.sets[self._own(person) or self._of_group(person.id, members) or self.default]

    def _own(self, person: Person) -> str | None:
        """By object id first, then by mail, user principal name and aliases."""
        if not self.people:
            return None
        addresses = (person.id, person.mail, person.user_principal_name, *person.aliases)
        assigned = (self.people.get(comparable(address)) for address in addresses if address)
        return next(filter(None, assigned), None)

    def _of_group(self, person_id: str, members: Members) -> str | None:
        groups = self.groups.items()
        return next((name for group, name in groups if person_id in members.get(group, ())), None)
