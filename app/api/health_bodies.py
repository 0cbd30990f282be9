"""The published shape of `/health`."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas import Published


class FeedBody(Published):
    """One background feed."""

    name: str
    age: float | None = Field(description="Seconds since its last good round; null before the first.")
    rounds: int
    fault: str | None
    fault_code: str | None
    faulty_since: datetime | None


class SignInBody(Published):
    """How the service stands with Microsoft's sign-in host."""

    fault: str | None
    fault_code: str | None
    token_expires_in: float | None = Field(description="Seconds.")


class PeopleBody(Published):
    """Who is known, and how current that is."""

    accounts: int = Field(description="Known by name, held or not.")
    held: int
    fresh: int
    stale: int
    blind: int
    never_read: int
    complete: bool = Field(description="Whether the directory has been read completely.")
    narrow: bool = Field(description="True when aliases and phones are withheld (no User.Read.All).")


class RulesBody(Published):
    """The rules in force, and what Microsoft has said that they do not know."""

    default: str
    sets: list[str]
    unknown_words: list[str] = Field(description="Words Microsoft has not documented so far.")
    unknown_readings: int = Field(description="How many readings held such a word.")


class FindingBody(Published):
    """One thing that is wrong or should be known, and what to do about it."""

    step: str
    status: Literal["warning", "wrong"]
    cause: str = Field(description="A machine word, the same as `teams-presence check` uses.")
    what: str
    fix: str


class TenantHealth(Published):
    """One Microsoft 365 tenant."""

    id: str
    sign_in: SignInBody
    people: PeopleBody
    rules: RulesBody
    feeds: list[FeedBody]
    dead_tasks: list[str]
    findings: list[FindingBody] = Field(
        description="What the doctor finds on its rounds, every few seconds; empty while all is well."
    )


class EventLoopBody(Published):
    """How late the process wakes those who wait."""

    lag: float = Field(description="Seconds, measured within the last second.")
    longest_lag: float = Field(description="Seconds; the worst of the last minute.")
    tasks: int = Field(description="Pieces of work under way; steady unless something leaks.")


class HealthBody(Published):
    """The whole story."""

    status: Literal["ok", "starting", "degraded"]
    ready: bool
    version: str
    event_loop: EventLoopBody
    tenants: list[TenantHealth]
