"""How an answer looks on the wire: the body, and the headers that let a caller cache it honestly."""

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.presence.answers import Answer

CACHE_CONTROL = "private, no-cache"


class Renderer:
    """Turns answers into JSON; holds the one choice an operator has about it."""

    def __init__(self, *, status_messages: bool) -> None:
        self._status_messages = status_messages

    def members(self, answer: Answer) -> dict[str, Any]:
        """The published members of one presence, in their published order."""
        person, sighting, verdict = answer.person, answer.sighting, answer.verdict
        presence = sighting.presence
        return {
            "id": person.id,
            "email": person.email,
            "displayName": person.display_name,
            "availability": presence.availability,
            "activity": presence.activity,
            "state": verdict.state,
            "reachable": verdict.reachable,
            "rule": verdict.rule,
            "outOfOffice": presence.out_of_office,
            "statusMessage": presence.status_message if self._status_messages else None,
            "changedAt": timestamp(sighting.changed_at),
            "observedAt": timestamp(sighting.observed_at),
            "age": None if sighting.age_s is None else int(sighting.age_s),
            "stale": sighting.stale,
            "source": sighting.source,
        }

    def response(self, answer: Answer, request: Request) -> Response:
        """One presence, or 304 for a caller that has it already (RFC 9110, 13.1.2)."""
        members = self.members(answer)
        etag = etag_of(members)
        headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
        if members["age"] is not None:
            headers["Age"] = str(members["age"])
        if has_already(request.headers.getlist("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        return json_response(members, headers=headers)


def json_response(body: Any, *, headers: dict[str, str] | None = None) -> Response:
    """JSON, encoded once."""
    return json_answer(msgspec.json.encode(body), headers=headers)


def json_answer(body: bytes, *, headers: dict[str, str] | None = None) -> Response:
    """What is JSON already."""
    return Response(body, media_type="application/json", headers=headers)


@lru_cache(maxsize=1024)  # one moment is shared by the hundreds of people of one request to Microsoft
def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def etag_of(members: dict[str, Any]) -> str:
    """Weak, and blind to what changes with time alone."""
    lasting = [value for name, value in members.items() if name not in {"age", "observedAt"}]
    return f'W/"{blake2b(msgspec.json.encode(lasting), digest_size=8).hexdigest()}"'


def has_already(if_none_match: list[str], etag: str) -> bool:
    """The weak comparison: `W/` counts for nothing, `*` matches anything."""
    candidates = {one.strip() for line in if_none_match for one in line.split(",")}
    return "*" in candidates or etag in candidates or etag.removeprefix("W/") in candidates
