"""The published shapes: what the documentation promises a caller, with examples."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from app.presence.answers import Answer
from app.presence.models import Person, Source, State

MAX_USERS = 10_000
RULESET = "Judge by this set of rules instead of by the one assigned to each person."

_MAX: JsonValue = {
    "id": "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a11",
    "email": "max.muster@contoso.example",
    "displayName": "Max Muster",
    "availability": "Available",
    "activity": "Available",
    "state": "free",
    "reachable": True,
    "rule": "available",
    "outOfOffice": False,
    "statusMessage": None,
    "changedAt": "2026-11-23T09:15:02.120Z",
    "observedAt": "2026-11-23T09:21:40.502Z",
    "age": 4,
    "stale": False,
    "source": "sweep",
}


_MAX_FLAT: JsonValue = {
    "status": 200,
    "found": 1,
    "reachable": 1,
    "state": "free",
    "availability": "Available",
    "activity": "Available",
    "email": "max.muster@contoso.example",
    "phone": "493055501000",
    "name": "Max Muster",
    "rule": "available",
    "stale": 0,
    "age": 4,
    "updated": "2026-11-23T09:21:40Z",
    "error": "",
}


class Published(BaseModel):
    """A shape whose members are written in camelCase, as Microsoft's are."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class PresenceBody(Published):
    """One person's presence, how old that is, and what it means for a call."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAX]})

    id: str = Field(description="Entra object id.")
    email: str | None = Field(description="Mail, else user principal name.")
    display_name: str | None
    availability: str = Field(description="Microsoft's word, in PascalCase; new words pass through.")
    activity: str = Field(description="Microsoft's word, in PascalCase; new words pass through.")
    state: State = Field(description="What it means for a call.")
    reachable: bool = Field(description="Try this person now? The Teams leg only: ask PBX and ACD, too.")
    rule: str = Field(description="The name of the rule that decided.")
    out_of_office: bool | None
    status_message: str | None = Field(description="Null unless PRESENCE_STATUS_MESSAGES is true.")
    changed_at: datetime | None = Field(
        description="When a change of availability or activity was last seen; null until one was."
    )
    observed_at: datetime | None = Field(description="When Microsoft was asked; null when blind.")
    age: int | None = Field(description="Whole seconds since observedAt; null when blind.")
    stale: bool = Field(description="True when the value is older than PRESENCE_FRESH_FOR.")
    source: Source | None = Field(description="How the value was obtained; null when there is none.")


class Outcome(StrEnum):
    """What became of one entry of a batch."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class BatchRequest(Published):
    """Whom to look up: addresses and object ids."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"users": ["max.muster@contoso.example", "erika.mustermann@contoso.example"]}]
        }
    )

    users: list[Any] = Field(
        max_length=MAX_USERS,
        description="Addresses or object ids. An entry that is neither is answered as `invalid`.",
    )


class BatchEntry(Published):
    """One entry of the answer; `presence` is there exactly when the outcome is `found`."""

    user: Any = Field(description="As asked.")
    outcome: Outcome
    presence: PresenceBody | None = None


class BatchBody(Published):
    """The answers, in the order asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {"user": "Max.Muster@contoso.example", "outcome": "found", "presence": _MAX},
                        {"user": "nobody@contoso.example", "outcome": "not_found"},
                    ]
                }
            ]
        }
    )

    results: list[BatchEntry]


class PageBody(Published):
    """A page of everybody; `next` is the cursor of the page behind it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"results": [_MAX], "next": None}]})

    results: list[PresenceBody]
    next: str | None


class PresenceFilter(BaseModel):
    """Whom to list, and how many at a time."""

    availability: str | None = Field(None, description="Microsoft's word, in any letter case.")
    state: State | None = Field(None, description="What the presence means for a call.")
    reachable: bool | None = Field(None, description="Only those to try now, or only the others.")
    q: str | None = Field(None, description="Part of a name or of an address.")
    ruleset: str | None = Field(None, description=RULESET)
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, description="`next` of the page before.")

    def wants(self, answer: Answer) -> bool:
        """Whether somebody belongs into this list."""
        said = answer.sighting.presence.availability.lower()
        return (
            (self.availability is None or said == self.availability.lower())
            and (self.state is None or answer.verdict.state is self.state)
            and (self.reachable is None or answer.verdict.reachable is self.reachable)
            and (self.q is None or self._mentioned_by(answer.person, self.q.lower()))
        )

    @staticmethod
    def _mentioned_by(person: Person, text: str) -> bool:
        return any(text in (part or "").lower() for part in (person.display_name, person.email))


class LookupRequest(BaseModel):
    """What a call flow sends, as query, form or JSON. Parameters that are not listed are ignored."""

    email: str = Field(
        "",
        description="Address or object id; tried first. `@` may be encoded, or not.",
        examples=["max.muster@contoso.example"],
    )
    phone: str = Field("", description="Number in any notation; tried when the address finds nobody.")
    format: str = Field("json", description="`json`, `text` (the state), `reachable` (1 or 0) or `kv`.")
    fields: str = Field("", description="Only these keys, comma-separated (json and kv).")
    codes: str = Field("", description="`200`: always answer 200 and tell the truth in `status`.")
    lang: str = Field("", description="`de`, `en` or `fr`: adds `label`, the state in that language.")
    ruleset: str = Field("", description=RULESET)


class LookupBody(BaseModel):
    """The flat answer: every key on every outcome, texts and numbers only."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAX_FLAT]})

    status: int = Field(description="The HTTP status, also where `codes=200` hides it.")
    found: Literal[0, 1]
    reachable: Literal[0, 1] = Field(description="Try this person now? The Teams leg only.")
    state: State
    availability: str
    activity: str
    email: str
    phone: str = Field(description="E.164 without the plus.")
    name: str
    rule: str
    stale: Literal[0, 1]
    age: int | Literal[""] = Field(description="Seconds; empty when nothing is known.")
    updated: str = Field(description="When Microsoft was asked; empty when nothing is known.")
    error: str


class ProblemBody(Published):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "Nobody with this address is held here.",
                    "error": "Nobody with this address is held here.",
                    "code": "user_not_found",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    error: str = Field(description="The same sentence, for phone systems that look for it here.")
    code: str = Field(description="One machine-readable word.")
