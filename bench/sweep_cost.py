"""What taking in a sweep costs, without the network: real bytes through the real poller.

Run by itself (`python -m bench.sweep_cost`). Everything that depends on how the service is built
inside stands in `Swept`.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import msgspec
import uvloop

from app.graph.client import IDS_PER_REQUEST, GraphClient
from app.graph.transport import GraphTransport, Reply
from app.ingest.poll import PresencePoller
from app.presence.directory import Directory
from app.presence.models import PersonChange
from app.presence.phones import NumberReader
from app.presence.store import PresenceStore
from bench.people import address_of, object_id_of

# 50 requests a second for 650 people each: all that Microsoft allows.
PEOPLE = 32_500
_ONE_IN = 100
_SWEEPS = 8
_INTERVAL_S = 10.0
_SEED = 1
_WORDS = (("Available", "Available"), ("Busy", "InACall"), ("Away", "Away"), ("Busy", "InAMeeting"))
_FIRST_ID = len(b'{"ids":["')
_ID_LENGTH = 36


class Passing:
    """A clock that passes by one poll interval from sweep to sweep."""

    def __init__(self) -> None:
        self._elapsed_s = 0.0

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return 1_000.0 + self._elapsed_s

    def now(self) -> datetime:
        """The wall clock, which goes exactly as fast."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._elapsed_s)

    async def sleep(self, seconds: float) -> None:
        """Nobody waits here."""
        del seconds
        await asyncio.sleep(0)

    def go_on(self) -> None:
        """To the next sweep."""
        self._elapsed_s += _INTERVAL_S


class Wire:
    """Graph's answers, made beforehand: what comes out of the decompressed response."""

    def __init__(self, clock: Passing) -> None:
        self._clock = clock
        self.bodies: Mapping[bytes, bytes] = {}

    async def post(self, path: str, body: bytes) -> Reply:
        """The answer for the people asked about, known by the first of them."""
        del path
        at = self._clock.monotonic()
        answer = self.bodies[body[_FIRST_ID : _FIRST_ID + _ID_LENGTH]]
        return Reply(body=answer, asked_at=at, arrived_at=at, wall=self._clock.now())


class Swept:
    """The parts of the service that a sweep goes through, put together as `app.runtime` does."""

    def __init__(self) -> None:
        self.clock = Passing()
        self.wire = Wire(self.clock)
        self._directory = Directory()
        self._directory.replace_all(_person(number) for number in range(PEOPLE))
        self._store = PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0)
        client = GraphClient(cast("GraphTransport", self.wire), numbers=NumberReader("DE"))
        self._poller = PresencePoller(client, directory=self._directory, store=self._store, clock=self.clock)

    async def sweep(self, bodies: Mapping[bytes, bytes]) -> float:
        """Take in everybody; the seconds of processor time that took."""
        self.wire.bodies = bodies
        self.clock.go_on()
        began = time.process_time()
        await self._poller.sweep()
        return time.process_time() - began

    def knows(self, person_id: str, availability: str) -> bool:
        """Whether that is what would be answered now."""
        sighting = self._store.get(person_id)
        return sighting is not None and sighting.presence.availability == availability


class People:
    """Everybody's presence as Graph writes it, some of whom change from sweep to sweep.

    In which order Graph answers is documented nowhere: it is always the same, or with `mixed` never.
    """

    def __init__(self, *, mixed: bool = False) -> None:
        self._chance = Random(_SEED) if mixed else None  # noqa: S311 - hides nothing
        self.ids = [object_id_of(number) for number in range(PEOPLE)]
        self._versions = [0] * PEOPLE
        self._moved = 0

    def move_some(self) -> None:
        """Change one in a hundred, all over the tenant, and others the next time."""
        for number in range(self._moved % _ONE_IN, PEOPLE, _ONE_IN):
            self._versions[number] += 1
        self._moved += 1

    def availability(self, number: int) -> str:
        """What one of them is just now."""
        return self._words(number)[0]

    def bodies(self) -> dict[bytes, bytes]:
        """The answers to all requests of a sweep, by the first person asked for."""
        return dict(map(self._body, range(0, PEOPLE, IDS_PER_REQUEST)))

    def _words(self, number: int) -> tuple[str, str]:
        return _WORDS[(number + self._versions[number]) % len(_WORDS)]

    def _body(self, start: int) -> tuple[bytes, bytes]:
        """In another order than asked."""
        numbers = [*reversed(range(start, start + IDS_PER_REQUEST))]
        if self._chance:
            self._chance.shuffle(numbers)
        items = [self._item(number) for number in numbers]
        context = "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.presence)"
        answer = {"@odata.context": context, "value": items}
        return self.ids[start].encode(), msgspec.json.encode(answer)

    def _item(self, number: int) -> dict[str, Any]:
        availability, activity = self._words(number)
        return {
            "@odata.type": "#microsoft.graph.presence",
            "id": self.ids[number],
            "availability": availability,
            "activity": activity,
            "outOfOfficeSettings": {"message": None, "isOutOfOffice": False},
            "sequenceNumber": f"A{self._versions[number]:014d}",
            "statusMessage": None,
            "workLocation": None,
        }


async def share(*, mixed: bool) -> float:
    """The share of a core that a sweep a second costs, with one in a hundred changed. Raises ValueError."""
    swept, people = Swept(), People(mixed=mixed)
    await swept.sweep(people.bodies())
    mean_s = await _mean_s(swept, people)
    _check(swept, people)
    return mean_s


async def _mean_s(swept: Swept, people: People) -> float:
    """Mean over some sweeps, because time limits are renewed in only some of them."""
    spent_s = 0.0
    for _ in range(_SWEEPS):
        people.move_some()
        spent_s += await swept.sweep(people.bodies())
    return spent_s / _SWEEPS


def _check(swept: Swept, people: People) -> None:
    """Whoever measures must have done the work."""
    wrong = sum(not swept.knows(one, people.availability(number)) for number, one in enumerate(people.ids))
    if wrong:
        raise ValueError(f"{wrong} people are not what they should be after the sweeps.")


def _person(number: int) -> PersonChange:
    return PersonChange(id=object_id_of(number), properties={"mail": address_of(number)})


def main() -> None:
    """Print the shares as JSON, by figure."""
    shares = {"sweep_cost": share(mixed=False), "sweep_cost_mixed": share(mixed=True)}
    sys.stdout.buffer.write(msgspec.json.encode({name: uvloop.run(one) for name, one in shares.items()}))


if __name__ == "__main__":
    main()
