"""People, listed and one by one ("List users", "Get a user", "Paging Microsoft Graph data in your app")."""

from dataclasses import dataclass
from typing import Any

from .directory import Existence
from .exchange import Answer, Ask
from .filters import Filter, parse_filter
from .gate import Gate
from .graph_answers import graph_answer
from .graph_errors import bad_request, denied, not_found, unsupported_query
from .paging import is_advanced, next_link, page_size, position
from .properties import full, parse_select
from .world import World

_EVERYBODY = Filter(lambda _: True, frozenset(), is_advanced=False)


@dataclass(frozen=True, slots=True)
class Users:
    """The `/users` collection."""

    world: World

    def one(self, ask: Ask) -> Answer:
        """One person by object id or user principal name."""
        caller, person = Gate(self.world).admit(ask), self.world.person(ask.path["key"])
        visible = caller.reading(person.id if person else "")
        if person is None:
            raise not_found(ask.path["key"])
        names = parse_select(ask.option("select"), visible=visible)
        context = f"{ask.root}/v1.0/$metadata#users{_projection(ask, names)}/$entity"
        return graph_answer({"@odata.context": context, **full(person.id, person.properties, names)})

    def page(self, ask: Ask) -> Answer:
        """One page of everybody who passes the filter, and the link to the next."""
        visible = Gate(self.world).admit(ask).listing()
        names = parse_select(ask.option("select"), visible=visible)
        start, size = position(ask), page_size(ask)
        found, following = self._scan(_filter(ask, visible=visible), start=start, size=size)
        content: dict[str, Any] = {
            "@odata.context": f"{ask.root}/v1.0/$metadata#users{_projection(ask, names)}"
        }
        if following is not None:
            content["@odata.nextLink"] = next_link(ask, following, path="users")
        return graph_answer({**content, "value": [full(key, values, names) for key, values in found]})

    def _scan(
        self, wanted: Filter, *, start: int, size: int
    ) -> tuple[list[tuple[str, dict[str, Any]]], int | None]:
        """A page of matches from a position on, and the position of the first match after it."""
        found: list[tuple[str, dict[str, Any]]] = []
        people = self.world.directory.people
        for place in range(start, len(people)):
            person = people[place]
            if person.existence is Existence.PRESENT and wanted.test({**person.properties, "id": person.id}):
                if len(found) == size:
                    return found, place
                found.append((person.id, person.properties))
        return found, None


def _filter(ask: Ask, *, visible: frozenset[str] | None) -> Filter:
    """The filter; raises 403 on a withheld property and 400 on a query that needs `ConsistencyLevel`."""
    _refuse_unsupported(ask)
    text = ask.option("filter")
    wanted = parse_filter(text) if text else _EVERYBODY
    if visible is not None and not visible.issuperset(wanted.properties):
        raise denied()
    if wanted.is_advanced and not is_advanced(ask):
        raise unsupported_query(
            "Operator is not supported without ConsistencyLevel: eventual and $count=true."
        )
    return wanted


def _refuse_unsupported(ask: Ask) -> None:
    if ask.option("skip") is not None:
        raise bad_request("'$skip' is not supported by the service.", code="Request_BadRequest")
    for name in ("orderby", "search", "expand"):
        if ask.option(name) is not None:
            raise unsupported_query(f"'${name}' is not part of this simulation.")


def _projection(ask: Ask, names: tuple[str, ...]) -> str:
    return f"({','.join(names)})" if ask.option("select") else ""
