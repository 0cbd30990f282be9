"""Reading presence, one by one and 650 at a time ("getPresencesByUserId", "Get presence")."""

import re
from dataclasses import dataclass

import msgspec

from .exchange import Answer, Ask
from .gate import Gate
from .graph_answers import ready_made
from .graph_errors import bad_request, not_found
from .world import World

MOST_IDS = 650
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class PresenceQuestion(msgspec.Struct):
    """The body of getPresencesByUserId."""

    ids: list[str]


@dataclass(frozen=True, slots=True)
class Presences:
    """The presence endpoints, which share one throttle."""

    world: World

    def one(self, ask: Ask) -> Answer:
        """One person's presence. The id must be the object id; a user principal name does not work here."""
        self._admit(ask)
        person_id = ask.path["key"].lower()
        if not _GUID.fullmatch(person_id):
            raise bad_request("The user id is not a valid GUID.")
        item = self._item(person_id)
        if item is None:
            raise not_found(person_id)
        context = f"{ask.root}/v1.0/$metadata#users('{person_id}')/presence/$entity"
        return ready_made(b'{"@odata.context":%b,%b' % (msgspec.json.encode(context), item[1:]))

    def many(self, ask: Ask) -> Answer:
        """Many presences, in another order than asked; whoever is unknown is left out."""
        self._admit(ask)
        found = (self._item(key) for key in reversed(_asked_ids(ask)) if key not in ask.omitted)
        context = msgspec.json.encode(f"{ask.root}/v1.0/$metadata#Collection(microsoft.graph.presence)")
        body = b",".join(item for item in found if item is not None)
        return ready_made(b'{"@odata.context":%b,"value":[%b]}' % (context, body))

    def _admit(self, ask: Ask) -> None:
        caller = Gate(self.world).admit(ask)
        self.world.throttle.spend(caller.app_id)
        caller.may_read_presence()

    def _item(self, person_id: str) -> bytes | None:
        if self.world.directory.by_id(person_id) is None:
            return None
        return self.world.board.items.get(person_id)


def _asked_ids(ask: Ask) -> list[str]:
    """The ids in lower case, each once. Raises 400 for none, too many, or one that is no GUID."""
    try:
        asked = msgspec.json.decode(ask.body, type=PresenceQuestion).ids
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request("Invalid request body.") from error
    if not 1 <= len(asked) <= MOST_IDS:
        raise bad_request(f"The number of ids must be between 1 and {MOST_IDS}.")
    if not all(map(_GUID.fullmatch, asked)):
        raise bad_request("Invalid user ids.")
    return list(dict.fromkeys(key.lower() for key in asked))
