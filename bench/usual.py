"""The usual FastAPI way: pydantic in and out, an async dependency for the key, a TTLCache.

Nothing here is slow on purpose: this is what a good engineer writes in an afternoon.
"""

import hashlib
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Annotated

from cachetools import TTLCache
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from bench.people import KEY_SHA256, PEOPLE, address_of, object_id_of

_TTL_S = 3600.0


class Presence(BaseModel):
    """One person's presence, as published."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str
    email: str
    display_name: str
    availability: str
    activity: str
    state: str
    reachable: bool
    rule: str
    out_of_office: bool | None
    status_message: str | None
    changed_at: datetime | None
    observed_at: datetime
    age: int
    stale: bool
    source: str


class Batch(BaseModel):
    """Whom to look up."""

    users: list[str]


class Results(BaseModel):
    """The answers, in the order asked."""

    results: list[Presence]


def presence_of(number: int) -> Presence:
    """An invented person, as large on the wire as the service's own are."""
    return Presence(
        id=object_id_of(number),
        email=address_of(number),
        display_name=f"Person {number}",
        availability="Available",
        activity="Available",
        state="free",
        reachable=True,
        rule="available",
        out_of_office=False,
        status_message=None,
        changed_at=None,
        observed_at=datetime.now(UTC),
        age=0,
        stale=False,
        source="sweep",
    )


async def known_key(x_api_key: Annotated[str, Header()]) -> None:
    """Let nobody in without the key."""
    if not secrets.compare_digest(hashlib.sha256(x_api_key.encode()).hexdigest(), KEY_SHA256):
        raise HTTPException(401)


presences: TTLCache[str, Presence] = TTLCache(maxsize=2 * PEOPLE, ttl=_TTL_S, timer=time.monotonic)
presences.update({address_of(number): presence_of(number) for number in range(PEOPLE)})

app = FastAPI(dependencies=[Depends(known_key)])


@app.get("/presence/{user}")
async def one(user: str, response: Response) -> Presence:
    """One person."""
    response.headers["X-Request-Id"] = uuid.uuid4().hex
    return found(user)


@app.post("/presence/batch")
async def many(batch: Batch) -> Results:
    """Many people."""
    return Results(results=[found(user) for user in batch.users])


def found(user: str) -> Presence:
    """Somebody's presence and its age. Raises HTTPException."""
    presence = presences.get(user.lower())
    if presence is None:
        raise HTTPException(404)
    age = int((datetime.now(UTC) - presence.observed_at).total_seconds())
    return presence.model_copy(update={"age": age})
