"""`/health`: for orchestrators one word, for people the whole story."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from app import __version__
from app.api.dependencies import DECLARED_KEYS, TheRounds, TheTenant
from app.api.health_bodies import (
    CandidateBody,
    CredentialBody,
    EventLoopBody,
    FeedBody,
    FindingBody,
    HealthBody,
    PeopleBody,
    RulesBody,
    SettingsBody,
    SignInBody,
    TenantHealth,
)
from app.api.openapi import problems
from app.doctor.findings import Finding
from app.doctor.sentences import Language, sentences
from app.graph.handover import Candidate
from app.ingest.census import Counts
from app.ingest.tenant import Tenant

router = APIRouter(prefix="/health", tags=["Operations"])


@router.get("/live", summary="Is the process alive?", response_class=PlainTextResponse)
async def live() -> PlainTextResponse:
    """Always `live`, whatever Microsoft does."""
    return PlainTextResponse("live")


@router.get(
    "/ready",
    summary="Has everybody been read?",
    response_class=PlainTextResponse,
    responses={503: {"description": "`unready`", "content": {"text/plain": {}}}},
)
async def ready(tenant: TheTenant) -> PlainTextResponse:
    """`ready` once everybody held has been asked for; a fault at Microsoft does not take that back."""
    if tenant.ready:
        return PlainTextResponse("ready")
    return PlainTextResponse("unready", status_code=503, headers={"Retry-After": "1"})


@router.get(
    "",
    summary="The whole story",
    dependencies=DECLARED_KEYS,
    responses=problems({}),
)
async def health(tenant: TheTenant, rounds: TheRounds) -> HealthBody:
    """How old everything is, what is wrong, and since when."""
    counts = await tenant.census.take()
    return HealthBody(
        status=_status(tenant),
        ready=tenant.ready,
        version=__version__,
        event_loop=EventLoopBody(
            lag=tenant.lag.latest_s, longest_lag=tenant.lag.worst_s, tasks=len(asyncio.all_tasks())
        ),
        settings=SettingsBody(needs_restart=list(tenant.settings.needs_restart)),
        tenants=[_tenant(tenant, counts, findings=rounds.findings)],
    )


def _status(tenant: Tenant) -> Literal["ok", "starting", "degraded"]:
    faulty = (
        tenant.tokens.fault
        or (tenant.handover.candidate and tenant.handover.candidate.fault)
        or tenant.supervisor.dead
        or any(one.fault for one in tenant.supervisor.feeds)
        or tenant.countdown.ends_within_a_day
    )
    if faulty:
        return "degraded"
    return "ok" if tenant.ready else "starting"


def _tenant(tenant: Tenant, counts: Counts, *, findings: Iterable[Finding]) -> TenantHealth:
    return TenantHealth(
        id=tenant.tenant_id,
        sign_in=_sign_in(tenant),
        credentials=_credentials(tenant),
        people=_people(tenant, counts),
        rules=_rules(tenant),
        feeds=[
            FeedBody(
                name=feed.name,
                age=feed.age_s,
                rounds=feed.rounds,
                fault=feed.fault,
                fault_code=feed.fault_code,
                faulty_since=feed.faulty_since,
                hung=feed.hung,
            )
            for feed in tenant.supervisor.feeds
        ],
        dead_tasks=tenant.supervisor.dead,
        findings=list(map(_finding, findings)),
    )


def _finding(finding: Finding) -> FindingBody:
    """In English, for whoever reads `/health`; machines go by the cause."""
    told = sentences(Language.EN).tell(finding)
    return FindingBody(
        step=finding.step,
        status="wrong" if finding.wrong else "warning",
        cause=finding.cause,
        what=told.what,
        fix=told.fix,
    )


def _sign_in(tenant: Tenant) -> SignInBody:
    fault, candidate = tenant.tokens.fault, tenant.handover.candidate
    return SignInBody(
        fault=str(fault) if fault else None,
        fault_code=fault.code if fault else None,
        token_expires_in=tenant.tokens.expires_in_s,
        credential=tenant.handover.credentials.app.setting,
        candidate=_candidate(candidate) if candidate else None,
    )


def _candidate(candidate: Candidate) -> CandidateBody:
    fault = candidate.fault
    return CandidateBody(
        settings=list(candidate.settings),
        since=candidate.since,
        rejected=candidate.rejected,
        fault=str(fault) if fault else None,
        fault_code=fault.code if fault else None,
    )


def _credentials(tenant: Tenant) -> list[CredentialBody]:
    now = tenant.clock.now()
    return [
        CredentialBody(
            credential=one.credential.value,
            expires_at=one.expires_at,
            days_left=one.days_left(now),
            source=one.source.value,
            note=one.reason,
        )
        for one in tenant.countdown.latest
    ]


def _people(tenant: Tenant, counts: Counts) -> PeopleBody:
    return PeopleBody(
        accounts=len(tenant.directory),
        **asdict(counts),
        complete=tenant.directory.complete,
        narrow=tenant.users.narrow,
    )


def _rules(tenant: Tenant) -> RulesBody:
    unknown = tenant.store.unknown_words
    return RulesBody(
        default=tenant.rules.rulebook.default,
        sets=list(tenant.rules.rulebook.sets),
        unknown_words=unknown.words,
        unknown_readings=unknown.readings,
    )
