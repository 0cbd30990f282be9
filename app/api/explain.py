"""`/explain` and `/coverage`: why somebody did not ring, and whom the service misses."""

from typing import Literal

from fastapi import APIRouter

from app.api.caller_text import tidy_address
from app.api.dependencies import DECLARED_KEYS, USER_PATH, TheTenant, UserAsked
from app.api.explain_bodies import (
    AccountBody,
    CoverageBody,
    ExplainBody,
    MissedBody,
    RawBody,
    SpellBody,
    VerdictBody,
)
from app.api.openapi import problems
from app.errors import CallerError, MalformedRequest
from app.ingest.tenant import Tenant
from app.presence.addresses import parse_user
from app.presence.answers import Answer
from app.presence.coverage import Gap, gap_of, gap_of_person
from app.presence.models import Person, comparable

router = APIRouter(tags=["Explanations"], dependencies=DECLARED_KEYS)


@router.get(f"/explain{USER_PATH}", summary="Why this answer?", responses=problems({}))
async def explain(user: UserAsked, tenant: TheTenant) -> ExplainBody:
    """From memory alone: nobody is asked for at Microsoft because of an explanation."""
    tried = list(dict.fromkeys(parse_user(form) for form in (user, tidy_address(user)) if _is_user(form)))
    if not tried:
        parse_user(user)
    key = next((one for one in tried if tenant.directory.find(one)), tried[0])
    try:
        return _found(user, tried, key, tenant)
    except CallerError as error:
        return _not_found(user, tried, key, error, tenant)


@router.get("/coverage", summary="Whom do callers miss?", responses=problems({}))
async def coverage(tenant: TheTenant) -> CoverageBody:
    """Unknown, ambiguous, guest, disabled, deleted, out of scope: each with how often it was asked."""
    missed = list(tenant.coverage)
    counts: dict[Gap, int] = {}
    for one in missed:
        counts[one.gap] = counts.get(one.gap, 0) + one.count
    bodies = [
        MissedBody(asked=one.asked, gap=one.gap, count=one.count, last_asked_at=one.last_asked_at)
        for one in missed
    ]
    return CoverageBody(missed=bodies, counts=counts)


def _is_user(text: str) -> bool:
    try:
        parse_user(text)
    except MalformedRequest:
        return False
    return True


def _found(asked: str, tried: list[str], key: str, tenant: Tenant) -> ExplainBody:
    answer = tenant.desk.recall(key)
    sighting = answer.sighting
    return ExplainBody(
        asked=asked,
        tried=tried,
        outcome="found",
        reason=_why(answer),
        accounts=[_account(answer.person, None)],
        matched_by=_matched_by(answer.person, key),
        raw=_raw(answer),
        verdict=_verdict(answer),
        age=sighting.age_s,
        stale=sighting.stale,
        observed_at=sighting.observed_at,
        changed_at=sighting.changed_at,
        source=sighting.source,
        history=_history(answer.person, tenant),
    )


def _not_found(asked: str, tried: list[str], key: str, error: CallerError, tenant: Tenant) -> ExplainBody:
    sharing, aside = tenant.directory.find(key), tenant.directory.set_aside(key)
    outcomes: dict[str, Literal["not_found", "ambiguous"]] = {
        "user_not_found": "not_found",
        "user_ambiguous": "ambiguous",
    }
    outcome = outcomes.get(error.code, "unavailable")
    accounts = [_account(person, None) for person in sharing]
    accounts += [_account(person, gap_of_person(person, tenant.directory)) for person in aside]
    return ExplainBody(
        asked=asked,
        tried=tried,
        outcome=outcome,
        reason=str(error),
        gap=None if outcome == "unavailable" else gap_of(key, tenant.directory),
        accounts=accounts,
    )


def _why(answer: Answer) -> str:
    words = answer.sighting.presence
    if answer.sighting.age_s is None:
        return "The last value is too old to use: PRESENCE_WHEN_BLIND decides."
    return (
        f"Microsoft said {words.availability}/{words.activity}; the rule {answer.verdict.rule} "
        f"of {answer.ruleset} makes that {answer.verdict.state}."
    )


def _account(person: Person, gap: Gap | None) -> AccountBody:
    return AccountBody(id=person.id, email=person.email, display_name=person.display_name, gap=gap)


def _matched_by(person: Person, key: str) -> Literal["id", "mail", "userPrincipalName", "alias"]:
    if key == person.id:
        return "id"
    if key == comparable(person.mail or ""):
        return "mail"
    return "userPrincipalName" if key == comparable(person.user_principal_name or "") else "alias"


def _raw(answer: Answer) -> RawBody:
    presence = answer.sighting.presence
    return RawBody(
        availability=presence.availability,
        activity=presence.activity,
        held_back=answer.sighting.held_back,
        out_of_office=presence.out_of_office,
        sequence_number=presence.sequence_number,
    )


def _verdict(answer: Answer) -> VerdictBody:
    verdict = answer.verdict
    return VerdictBody(
        state=verdict.state, reachable=verdict.reachable, rule=verdict.rule, ruleset=answer.ruleset
    )


def _history(person: Person, tenant: Tenant) -> list[SpellBody] | None:
    if tenant.history is None:
        return None
    return [
        SpellBody(seen_at=spell.seen_at, availability=spell.availability, activity=spell.activity)
        for spell in tenant.history.of(person.id)
    ]
