"""The switches that hire, rename, dismiss and place people."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from .control_errors import ControlError, read_body
from .directory import Existence, Person
from .exchange import Answer, Ask, json_answer
from .presence import Presence
from .properties import COLLECTIONS, KNOWN_PROPERTIES
from .world import World

CHANGEABLE = KNOWN_PROPERTIES - {"id", "photo", "securityIdentifier"}


class PresenceOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `presence`: what Teams should say from now on."""

    availability: str
    activity: str
    outOfOffice: bool | str | None = None  # noqa: N815 - Graph's own name
    statusMessage: str | None = None  # noqa: N815 - Graph's own name

    def as_presence(self, before: Presence) -> Presence:
        """The whole presence; a text for `outOfOffice` is the message people read."""
        away = self.outOfOffice
        return Presence(
            availability=self.availability,
            activity=self.activity,
            out_of_office=bool(away),
            out_of_office_message=away if isinstance(away, str) else None,
            status_message=self.statusMessage,
            work_location=before.work_location,
        )


@dataclass(frozen=True, slots=True)
class PeopleControl:
    """People by address or object id, the deleted ones included."""

    world: World

    def listed(self, ask: Ask) -> Answer:
        """Everybody, or the first so many."""
        limit = ask.query.get("limit", "")
        chosen = self.world.directory.people[: int(limit)] if limit.isdigit() else self.world.directory.people
        return json_answer({"people": [self._shown(person) for person in chosen]})

    def one(self, ask: Ask) -> Answer:
        """One person."""
        return json_answer(self._shown(self._person(ask)))

    def create(self, ask: Ask) -> Answer:
        """Hire somebody: an enabled member unless told otherwise."""
        given = read_body(ask, dict[str, Any])
        presence = given.pop("presence", None) or {"availability": "Available", "activity": "Available"}
        person_id = {"id": given.pop("id")} if given.get("id") else {}
        defaults = {"accountEnabled": True, "userType": "Member", "businessPhones": [], "proxyAddresses": []}
        person = self.world.directory.create({**defaults, **_checked(given), **person_id})
        self.world.board.put(person.id, _presence_order(presence).as_presence(Presence()))
        return json_answer(self._shown(person), status=HTTPStatus.CREATED)

    def change(self, ask: Ask) -> Answer:
        """Set properties."""
        person = self._person(ask)
        self.world.directory.update(person, _checked(read_body(ask, dict[str, Any])))
        return json_answer(self._shown(person))

    def delete(self, ask: Ask) -> Answer:
        """Dismiss, restorable unless permanent."""
        for_good = ask.query.get("permanent", "0").lower() in ("1", "true")
        person = self._person(ask)
        self.world.directory.move(person, Existence.GONE if for_good else Existence.SOFT_DELETED)
        return json_answer(self._shown(person))

    def restore(self, ask: Ask) -> Answer:
        """Bring back who was deleted, unless it was for good."""
        person = self._person(ask)
        if person.existence is Existence.GONE:
            raise ControlError("deleted for good", status=HTTPStatus.CONFLICT)
        self.world.directory.move(person, Existence.PRESENT)
        return json_answer(self._shown(person))

    def put_presence(self, ask: Ask) -> Answer:
        """Say what Teams says; the scripted day leaves this person alone from now on."""
        person, order = self._person(ask), read_body(ask, PresenceOrder)
        before = self.world.board.get(person.id) or Presence()
        self.world.board.put(person.id, order.as_presence(before))
        self.world.day.pin(person.id)
        return json_answer(self._shown(person))

    def release_presence(self, ask: Ask) -> Answer:
        """Hand a person back to the scripted day."""
        person = self._person(ask)
        self.world.day.unpin(person.id)
        return json_answer(self._shown(person))

    def _person(self, ask: Ask) -> Person:
        person = self.world.directory.by_any_address(ask.path["key"])
        if person is None:
            raise ControlError(f"nobody is called {ask.path['key']}", status=HTTPStatus.NOT_FOUND)
        return person

    def _shown(self, person: Person) -> dict[str, Any]:
        item = self.world.board.items.get(person.id)
        presence = None if item is None else msgspec.Raw(item)
        deleted = None if person.existence is Existence.PRESENT else person.existence.value
        return {"id": person.id, **person.properties, "deleted": deleted, "presence": presence}


def _checked(properties: dict[str, Any]) -> dict[str, Any]:
    """Only properties that people have; a collection set to null is an empty one."""
    for name in properties:
        if name not in CHANGEABLE:
            raise ControlError(
                f"'{name}' is not a property of a person; there are {', '.join(sorted(CHANGEABLE))}"
            )
    return {
        name: [] if value is None and name in COLLECTIONS else value for name, value in properties.items()
    }


def _presence_order(content: Any) -> PresenceOrder:
    try:
        return msgspec.convert(content, PresenceOrder)
    except msgspec.ValidationError as error:
        raise ControlError(str(error)) from error
