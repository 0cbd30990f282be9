"""Changes since last time ("user: delta", "Use delta query to track changes in Microsoft Graph data")."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from .directory import Change, Existence, Person
from .exchange import Answer, Ask
from .filters import parse_filter
from .gate import Gate
from .graph_answers import graph_answer
from .graph_errors import GraphError, bad_request
from .properties import parse_select
from .world import World

PAGE_SIZE = 200
MOST_IDS = 50
TOKEN_LIFE_S = 7 * 86_400


class DeltaState(msgspec.Struct, frozen=True, array_like=True):
    """What a link remembers. `upto` is None while everybody is listed for the first time."""

    era: str
    issued: float
    names: tuple[str, ...]
    wanted: str | None
    since: int
    upto: int | None = None
    position: int = 0

    def seal(self) -> str:
        """The opaque token."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class UserDelta:
    """`/users/delta`: everybody first, then only what changed."""

    world: World

    def page(self, ask: Ask) -> Answer:
        """One page, with a nextLink inside a round and a deltaLink at its end."""
        visible = Gate(self.world).admit(ask).listing()
        is_minimal = "return=minimal" in ask.headers.get("prefer", "").replace(" ", "")
        state = self._state(ask, visible=visible)
        items, end = self._items(state, is_minimal=is_minimal)
        content = {
            "@odata.context": f"{ask.root}/v1.0/$metadata#users({','.join(state.names)})",
            **self._link(ask, state, end=end),
            "value": items,
        }
        return graph_answer(content, headers={"preference-applied": "return=minimal"} if is_minimal else {})

    def _state(self, ask: Ask, *, visible: frozenset[str] | None) -> DeltaState:
        """Where the caller stands: at the very beginning, inside a round, or between two rounds."""
        token = ask.option("skiptoken") or ask.option("deltatoken")
        if token and token != "latest":
            return self._opened(ask, token)
        for name in ("top", "orderby", "expand", "search"):
            if ask.option(name) is not None:
                raise bad_request(
                    f"'${name}' is not supported on delta queries.", code="Request_UnsupportedQuery"
                )
        names = parse_select(ask.option("select"), visible=visible)
        now, last = self.world.clock.now(), len(self.world.directory.changes)
        upto = last if token else None
        return DeltaState(self.world.delta_era, now, names, _checked_ids(ask.option("filter")), last, upto)

    def _opened(self, ask: Ask, token: str) -> DeltaState:
        """What a token says; raises the documented 410 for one that is too old or unknown."""
        try:
            padded = token + "=" * (-len(token) % 4)
            state = msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=DeltaState)
        except (binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise _gone(ask, "syncStateNotFound") from error
        if state.era != self.world.delta_era:
            raise _gone(ask, "syncStateNotFound", names=state.names)
        if self.world.clock.now() - state.issued > TOKEN_LIFE_S:
            raise _gone(ask, "resyncRequired", names=state.names)
        if state.upto is None or state.position:
            return state
        return msgspec.structs.replace(state, since=state.upto, upto=len(self.world.directory.changes))

    def _items(self, state: DeltaState, *, is_minimal: bool) -> tuple[list[dict[str, Any]], bool]:
        """The items of this page and whether it is the last."""
        directory, first = self.world.directory, state.position
        wanted = parse_filter(state.wanted, most_alternatives=MOST_IDS) if state.wanted else None
        if state.upto is None:
            changes = [Change(person, None) for person in directory.people[first : first + PAGE_SIZE]]
            end = first + PAGE_SIZE >= len(directory.people)
        else:
            log = directory.changes[state.since : state.upto]
            changes, end = log[first : first + PAGE_SIZE], first + PAGE_SIZE >= len(log)
        shown = (change for change in changes if wanted is None or wanted.test({"id": change.person.id}))
        return list(_rendered(shown, state, is_minimal=is_minimal)), end

    def _link(self, ask: Ask, state: DeltaState, *, end: bool) -> dict[str, str]:
        base = f"{ask.root}/v1.0/users/delta"
        if not end:
            following = msgspec.structs.replace(state, position=state.position + PAGE_SIZE)
            return {"@odata.nextLink": f"{base}?$skiptoken={following.seal()}"}
        upto = state.since if state.upto is None else state.upto
        done = msgspec.structs.replace(state, issued=self.world.clock.now(), upto=upto, position=0)
        return {"@odata.deltaLink": f"{base}?$deltatoken={done.seal()}"}


def _rendered(changes: Iterator[Change], state: DeltaState, *, is_minimal: bool) -> Iterator[dict[str, Any]]:
    """Changes as items. What nobody selected does not surface, and the dead are not news to a newcomer."""
    is_first_round = state.upto is None
    for change in changes:
        person, names = change.person, change.names
        if person.existence is not Existence.PRESENT:
            if not (is_first_round and person.existence is Existence.GONE):
                yield {"id": person.id, "@removed": {"reason": person.existence.value}}
        elif names is None or not names.isdisjoint(state.names):
            only = names if is_minimal and names is not None else None
            yield _present(person, state.names, only=only)


def _present(person: Person, names: tuple[str, ...], *, only: frozenset[str] | None) -> dict[str, Any]:
    """A person in a delta answer: the id, null for what was set to null, nothing for what never was."""
    values = person.properties
    shown = {name: values[name] for name in names if name in values and (only is None or name in only)}
    return {"id": person.id, **shown}


def _checked_ids(text: str | None) -> str | None:
    """Delta filters by id and by nothing else."""
    if text and parse_filter(text, most_alternatives=MOST_IDS).properties != {"id"}:
        raise bad_request("Delta queries support $filter on id only.", code="Request_UnsupportedQuery")
    return text or None


def _gone(ask: Ask, code: str, *, names: tuple[str, ...] = ()) -> GraphError:
    """410 Gone with an empty token in `Location`: start again from nothing."""
    select = f"$select={','.join(names)}&" if names else ""
    return GraphError(
        HTTPStatus.GONE,
        code,
        "Resync required. Replace any local items with the server's version and start a full sync.",
        headers={"location": f"{ask.root}/v1.0/users/delta?{select}$deltatoken="},
    )
