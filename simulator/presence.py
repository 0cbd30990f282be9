"""What Teams says about everybody, kept as finished JSON: it is read far more often than it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from . import names
from .clock import Clock

CAMEL_CASE_EVERY = 17
WORK_LOCATIONS: tuple[Mapping[str, Any] | None, ...] = (
    None,
    {"placeId": None, "source": "manual", "workLocationType": "remote"},
    None,
    {"placeId": None, "source": "scheduled", "workLocationType": "office"},
    {"placeId": None, "source": "automatic", "workLocationType": "unspecified"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One presence resource, in the words of "presence resource type"."""

    availability: str = "Available"
    activity: str = "Available"
    out_of_office: bool = False
    out_of_office_message: str | None = None
    status_message: str | None = None
    work_location: Mapping[str, Any] | None = None

    def as_graph(self, person_id: str, *, sequence: str) -> dict[str, Any]:
        """The resource as published; a colleague's status message comes without its expiry, as documented."""
        note = self.status_message
        return {
            "@odata.type": "#microsoft.graph.presence",
            "id": person_id,
            "availability": self.availability,
            "activity": self.activity,
            "outOfOfficeSettings": {
                "message": self.out_of_office_message,
                "isOutOfOffice": self.out_of_office,
            },
            "sequenceNumber": sequence,
            "statusMessage": None if note is None else {"message": {"content": note, "contentType": "text"}},
            "workLocation": self.work_location,
        }


@dataclass(slots=True)
class PresenceBoard:
    """Everybody's presence by object id. A sequence number grows with each change, also over restarts."""

    clock: Clock
    items: dict[str, bytes] = field(default_factory=dict)
    _states: dict[str, Presence] = field(default_factory=dict)
    _sequence: int = 0

    def put(self, person_id: str, presence: Presence) -> None:
        """A new presence, even when it says the same as before."""
        sequence = self._next_sequence()
        self._states[person_id] = presence
        self.items[person_id] = msgspec.json.encode(presence.as_graph(person_id, sequence=sequence))

    def get(self, person_id: str) -> Presence | None:
        """What was put."""
        return self._states.get(person_id)

    def shift(self, person_id: str, availability: str, activity: str) -> None:
        """Change only availability and activity, and only if they differ."""
        presence = self._states.get(person_id, Presence())
        if (presence.availability, presence.activity) != (availability, activity):
            self.put(person_id, replace(presence, availability=availability, activity=activity))

    def _next_sequence(self) -> str:
        self._sequence = max(self._sequence + 1, int(self.clock.now() * 1000))
        return f"A{self._sequence:014d}"


def first_presence(index: int, availability: str, activity: str) -> Presence:
    """How somebody is found at the start: some away on holiday, some with a note, some at home."""
    if index <= 1:
        return Presence(availability=availability, activity=activity)
    away, note = index % 23 == 5, index % 13 == 3  # noqa: PLR2004 - some of them
    return Presence(
        availability=spelled(index, availability),
        activity=spelled(index, activity),
        out_of_office=away,
        out_of_office_message=names.AWAY_NOTES[index % len(names.AWAY_NOTES)] if away else None,
        status_message=names.STATUS_NOTES[index % len(names.STATUS_NOTES)] if note else None,
        work_location=WORK_LOCATIONS[index % len(WORK_LOCATIONS)],
    )


def spelled(index: int, word: str) -> str:
    """The documentation contradicts itself about letter case, so a few people come in camelCase."""
    return word[0].lower() + word[1:] if index % CAMEL_CASE_EVERY == CAMEL_CASE_EVERY - 1 else word
