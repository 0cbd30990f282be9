"""The call-flow answer: one flat object of texts and numbers, every key always there, in four formats.

No null, no list, no nesting, no boolean: how phone systems render those as variables is documented nowhere.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from app.api.problems import STATUS, headers_of
from app.errors import CallerError, MalformedRequest, UserAmbiguous
from app.presence.answers import Answer
from app.presence.models import State

FORMATS = ("json", "text", "reachable", "kv")
LABELS: Mapping[str, Mapping[State, str]] = {
    "de": dict(
        zip(State, ("Frei", "Belegt", "Nicht stören", "Abwesend", "Offline", "Unbekannt"), strict=True)
    ),
    "en": dict(zip(State, ("Free", "Busy", "Do not disturb", "Away", "Offline", "Unknown"), strict=True)),
    "fr": dict(
        zip(State, ("Libre", "Occupé", "Ne pas déranger", "Absent", "Hors ligne", "Inconnu"), strict=True)
    ),
}
_NOBODY: Mapping[str, Any] = {
    "status": 200,
    "found": 0,
    "reachable": 0,
    "state": State.UNKNOWN,
    "availability": "",
    "activity": "",
    "email": "",
    "phone": "",
    "name": "",
    "rule": "",
    "stale": 0,
    "age": "",
    "updated": "",
    "error": "",
}
KEYS = tuple(_NOBODY)
# jtel's own: several records are a 300, and no Location, which clients would follow.
_STATUS = {**STATUS, UserAmbiguous: HTTPStatus.MULTIPLE_CHOICES}
# `codes=200` speaks for callers that drop the body of an error; it never hides a refused key.
_CODES_COVERED = frozenset({300, 400, 404, 503})


class Shape:
    """How a caller wants the answer: `format`, `fields`, `codes` and `lang` of a lookup."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        wanted = parameters.get("format", "").strip().lower() or "json"
        self._known = wanted in FORMATS
        self._format = wanted if self._known else "json"
        self._fields = {name.strip() for name in parameters.get("fields", "").split(",")} - {""}
        self._always_200 = parameters.get("codes", "").strip() == "200"
        language = parameters.get("lang", "").strip().lower()[:2]
        self._labels = LABELS.get(language, LABELS["en"]) if language else None

    def check(self) -> None:
        """Raises MalformedRequest for a format that does not exist."""
        if not self._known:
            raise MalformedRequest(f"The format is one of {', '.join(FORMATS)}.")

    def found(self, answer: Answer) -> Response:
        """The answer about one person."""
        return self._response({**_NOBODY, **_members(answer)}, headers={})

    def failed(self, error: CallerError) -> Response:
        """Any other outcome, with the same keys."""
        flat = {**_NOBODY, "status": int(_STATUS[type(error)]), "error": str(error)}
        return self._response(flat, headers=headers_of(error))

    def _response(self, flat: dict[str, Any], *, headers: Mapping[str, str]) -> Response:
        status: int = flat["status"]
        body, media_type = self._body(flat)
        return Response(
            body,
            status_code=200 if self._always_200 and status in _CODES_COVERED else status,
            media_type=media_type,
            headers={"Cache-Control": "no-store", **headers},
        )

    def _body(self, flat: dict[str, Any]) -> tuple[bytes, str]:
        if self._format == "text":
            return flat["state"].encode(), "text/plain; charset=utf-8"
        if self._format == "reachable":
            return str(flat["reachable"]).encode(), "text/plain; charset=utf-8"
        wanted = self._wanted(flat)
        if self._format == "kv":
            return urlencode(wanted, quote_via=quote).encode(), "text/plain; charset=utf-8"
        return msgspec.json.encode(wanted), "application/json; charset=utf-8"

    def _wanted(self, flat: dict[str, Any]) -> dict[str, Any]:
        if self._labels:
            flat["label"] = self._labels[flat["state"]]
        chosen = self._fields & flat.keys()
        return {name: value for name, value in flat.items() if name in chosen} if chosen else flat


def _members(answer: Answer) -> dict[str, Any]:
    person, sighting, verdict = answer.person, answer.sighting, answer.verdict
    observed_at = sighting.observed_at
    return {
        "found": 1,
        "reachable": int(verdict.reachable),
        "state": verdict.state,
        "availability": sighting.presence.availability,
        "activity": sighting.presence.activity,
        "email": person.email or "",
        "phone": next(map(str, person.numbers()), ""),
        "name": person.display_name or "",
        "rule": verdict.rule,
        "stale": int(sighting.stale),
        "age": "" if sighting.age_s is None else int(sighting.age_s),
        "updated": flat_timestamp(observed_at) if observed_at else "",
    }


def flat_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
