"""A group and its members ("Get group", "List group members", "List group transitive members")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .directory import Person
from .exchange import Answer, Ask
from .gate import Gate
from .graph_answers import graph_answer
from .graph_errors import bad_request, not_found, unsupported_query
from .groups import Group
from .paging import is_advanced, next_link, page_size, position
from .properties import full, parse_select
from .world import World

RELATIONS = frozenset(("members", "transitiveMembers"))
_USER_TYPE: Mapping[str, str] = {"@odata.type": "#microsoft.graph.user"}


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The `/groups/{id}` resource."""

    world: World

    def one(self, ask: Ask) -> Answer:
        """The group itself."""
        Gate(self.world).admit(ask).may_read_groups()
        group = self._group(ask)
        context = f"{ask.root}/v1.0/$metadata#groups/$entity"
        return graph_answer({"@odata.context": context, "id": group.id, "displayName": group.name})

    def page(self, ask: Ask) -> Answer:
        """Members of every kind; here all of them are people."""
        return self._page(ask, context="directoryObjects", marks=_USER_TYPE)

    def people(self, ask: Ask) -> Answer:
        """The members cast to people, which is an advanced query."""
        if not is_advanced(ask):
            raise unsupported_query("The cast needs ConsistencyLevel: eventual and $count=true.")
        return self._page(ask, context="users", marks={})

    def _page(self, ask: Ask, *, context: str, marks: Mapping[str, str]) -> Answer:
        caller = Gate(self.world).admit(ask)
        caller.may_read_groups()
        if ask.path["relation"] not in RELATIONS:
            raise bad_request(f"Resource not found for the segment '{ask.path['relation']}'.")
        names = parse_select(ask.option("select"), visible=None)
        members = self._members(self._group(ask))
        start, size = position(ask), page_size(ask)
        content: dict[str, Any] = {"@odata.context": f"{ask.root}/v1.0/$metadata#{context}"}
        if is_advanced(ask):
            content["@odata.count"] = len(members)
        if start + size < len(members):
            content["@odata.nextLink"] = next_link(ask, start + size, path=_path(ask, marks))
        shown = [
            {**marks, **full(one.id, one.properties if caller.may_see_people else {}, names)}
            for one in members[start : start + size]
        ]
        return graph_answer({**content, "value": shown})

    def _group(self, ask: Ask) -> Group:
        group = self.world.groups.get(ask.path["group"])
        if group is None:
            raise not_found(ask.path["group"])
        return group

    def _members(self, group: Group) -> list[Person]:
        """Those who still exist: a deleted account is in no group."""
        found = (self.world.directory.by_id(key) for key in group.members)
        return [person for person in found if person]


def _path(ask: Ask, marks: Mapping[str, str]) -> str:
    cast = "" if marks else "/microsoft.graph.user"
    return f"groups/{ask.path['group']}/{ask.path['relation']}{cast}"
