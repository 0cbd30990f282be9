"""Whom the load asks for, with which bytes, and what a right answer is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bench.people import ASKED
from bench.tenant import HEADERS, Service, Tenant
from bench.wire import Answer, request

_LOOKED_AT = 2 * ASKED
_OK = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's address, and the ETag and size of what the service says of them."""

    email: str
    etag: str
    size: int


def choose(tenant: Tenant, service: Service) -> list[Person]:
    """The first of the tenant, each of whom the service can tell apart."""
    known = (_person(email, service) for email in addresses(tenant, limit=_LOOKED_AT))
    return [person for person in known if person][:ASKED]


def presence_requests(people: Sequence[Person]) -> list[bytes]:
    """GET each of them."""
    return [request(f"/presence/{one.email}", headers=HEADERS) for one in people]


def unchanged_requests(people: Sequence[Person]) -> list[bytes]:
    """GET each of them, by a caller who has the answer already."""
    return [
        request(f"/presence/{one.email}", headers={**HEADERS, "If-None-Match": one.etag}) for one in people
    ]


def lookup_requests(people: Sequence[Person]) -> list[bytes]:
    """Look each of them up as a call flow does."""
    return [request(f"/lookup?email={quote(one.email, safe='@')}", headers=HEADERS) for one in people]


def batch_request(emails: Sequence[str]) -> bytes:
    """All of them at once."""
    body = json.dumps({"users": list(emails)}).encode()
    return request(
        "/presence/batch", method="POST", headers={**HEADERS, "Content-Type": "application/json"}, body=body
    )


def is_presence(answer: Answer) -> bool:
    """Whether this is a presence that somebody could route a call by."""
    body = json.loads(answer.body)
    return body["state"] in {"free", "busy", "dnd", "away", "offline"} and "email" in body


def is_batch(answer: Answer) -> bool:
    """Whether everybody asked for was found."""
    return all("email" in one.get("presence", one) for one in json.loads(answer.body)["results"])


def is_unchanged(answer: Answer) -> bool:
    """Whether the caller may go on with what it has."""
    return not answer.body and answer.header("etag").startswith('W/"')


def addresses(tenant: Tenant, *, limit: int) -> list[str]:
    """Mail addresses of people who are held, each of which is one person's alone."""
    people = (one for one in tenant.people(limit) if one["accountEnabled"] and one["userType"] == "Member")
    return [one["mail"] for one in people if one.get("mail")]


def _person(email: str, service: Service) -> Person | None:
    answer = service.get(f"/presence/{email}")
    known = answer.status == _OK and is_presence(answer)
    return Person(email, answer.header("etag"), len(answer.body)) if known else None
