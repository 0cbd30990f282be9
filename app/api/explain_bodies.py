"""The published shapes of `/explain` and `/coverage`."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas import Published
from app.presence.coverage import Gap
from app.presence.models import Source, State


class RawBody(Published):
    """What Microsoft said, or said last."""

    availability: str
    activity: str
    held_back: str | None = Field(description="An activity the debounce does not show yet.")
    out_of_office: bool | None
    sequence_number: str | None


class VerdictBody(Published):
    """What that means, and which rule said so."""

    state: State
    reachable: bool
    rule: str
    ruleset: str


class SpellBody(Published):
    """An earlier state and when it was first seen."""

    seen_at: datetime
    availability: str
    activity: str


class AccountBody(Published):
    """An account that is in question; `gap` says why it is not held, null if it is."""

    id: str
    email: str | None
    display_name: str | None
    gap: Gap | None


class ExplainBody(Published):
    """The story of one question."""

    asked: str
    tried: list[str] = Field(description="Every form of the address that was looked for.")
    outcome: Literal["found", "not_found", "ambiguous", "unavailable"]
    reason: str = Field(description="One sentence.")
    gap: Gap | None = Field(None, description="The nearest reason why nobody was found.")
    accounts: list[AccountBody] = Field(
        description="The person, those who share the address, or the nearest."
    )
    matched_by: Literal["id", "mail", "userPrincipalName", "alias"] | None = None
    raw: RawBody | None = None
    verdict: VerdictBody | None = None
    age: float | None = Field(None, description="Seconds.")
    stale: bool | None = None
    observed_at: datetime | None = None
    changed_at: datetime | None = None
    source: Source | None = None
    history: list[SpellBody] | None = Field(
        None, description="The last hour, oldest first; null unless PRESENCE_EXPLAIN_HISTORY is true."
    )


class MissedBody(Published):
    """An address or number that callers asked for in vain."""

    asked: str
    gap: Gap
    count: int
    last_asked_at: datetime


class CoverageBody(Published):
    """What callers asked for and did not get, the most wanted first; at most a thousand."""

    missed: list[MissedBody]
    counts: dict[Gap, int] = Field(description="Questions by reason.")
