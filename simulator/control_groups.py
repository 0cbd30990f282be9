"""The switches that found groups and say who is in them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from .control_errors import ControlError, read_body
from .exchange import Answer, Ask, json_answer
from .groups import Group
from .world import World


class GroupOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a group; what is left out stays as it is, or is empty in a new one."""

    displayName: str | None = None  # noqa: N815 - Graph's own name
    members: list[str] | None = None


@dataclass(frozen=True, slots=True)
class GroupControl:
    """Groups by object id, members by any address or object id."""

    world: World

    def listed(self, ask: Ask) -> Answer:
        """Every group with the object ids of its members."""
        del ask
        return json_answer({"groups": [_shown(group) for group in self.world.groups]})

    def put(self, ask: Ask) -> Answer:
        """Create a group or change it."""
        key, order = ask.path["group"].lower(), read_body(ask, GroupOrder)
        before = self.world.groups.get(key) or Group(key, key)
        members = before.members if order.members is None else list(map(self._member, order.members))
        name = before.name if order.displayName is None else order.displayName
        group = Group(key, name, list(dict.fromkeys(members)))
        self.world.groups.put(group)
        return json_answer(_shown(group))

    def delete(self, ask: Ask) -> Answer:
        """Delete a group; its members stay."""
        self.world.groups.remove(ask.path["group"])
        return self.listed(ask)

    def _member(self, address: str) -> str:
        person = self.world.directory.by_any_address(address)
        if person is None:
            raise ControlError(f"nobody is called {address}", status=HTTPStatus.NOT_FOUND)
        return person.id


def _shown(group: Group) -> dict[str, Any]:
    return {"id": group.id, "displayName": group.name, "members": group.members}
