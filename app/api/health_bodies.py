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
    hung: bool = Field(
        description="True from when a round had to be broken off until another has ended: not ready."
    )


class CandidateBody(Published):
    """Changed credentials that are not in use so far: those before still are."""

    settings: list[str] = Field(description="The settings that have changed.")
    since: datetime
    rejected: bool = Field(description="True when Microsoft said no: a person must act.")
    fault: str | None = Field(description="Why they are not in use; null before the first try.")
    fault_code: str | None


class SignInBody(Published):
    """How the service stands with Microsoft's sign-in host."""

    fault: str | None
    fault_code: str | None
    token_expires_in: float | None = Field(description="Seconds.")
    credential: str = Field(description="The setting that holds the secret or certificate in use.")
    candidate: CandidateBody | None = Field(description="Null unless changed credentials wait to be used.")


class CredentialBody(Published):
    """How long one of the credentials in use is good for."""

    credential: Literal["secret", "certificate", "password"]
    expires_at: datetime | None = Field(description="Null when it never ends, or when nobody tells.")
    days_left: int | None = Field(description="Whole days; 0 on the last day, negative after the end.")
    source: Literal["graph", "setting", "certificate", "unknown"] = Field(
        description="Who tells; `unknown`: nobody, and `note` says how to let the service know."
    )
    note: str | None = Field(description="Why there is no date, or what the date is made of.")


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
    credentials: list[CredentialBody]
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


class SettingsBody(Published):
    """What has changed in the settings since the start and could not be taken into use."""

    needs_restart: list[str] = Field(description="Changed settings that are in force after a restart.")


class HealthBody(Published):
    """The whole story."""

    status: Literal["ok", "starting", "degraded"]
    ready: bool
    version: str
    event_loop: EventLoopBody
    settings: SettingsBody
    tenants: list[TenantHealth]
