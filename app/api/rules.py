"""`/rules/try`: what a changed rules file would do, before it does it."""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.api.dependencies import DECLARED_KEYS, TheTenant
from app.api.openapi import problems
from app.api.render import json_response
from app.errors import BodyTooLarge, MalformedRequest, RulesError, TooManyRequests, UnsupportedBody
from app.ingest.tenant import Tenant
from app.off_loop import off_loop
from app.presence.answers import Answer
from app.presence.models import State
from app.presence.rulebook import Rulebook
from app.presence.rules_file import MAX_BYTES, parse_rules
from app.turns import in_turns

_MEDIA_TYPE = "application/toml"
_TRIAL = asyncio.Lock()
_LONGEST_S = 10.0

router = APIRouter(prefix="/rules", tags=["Operations"], dependencies=DECLARED_KEYS)


class JudgedBody(BaseModel):
    """What a set of rules says about somebody."""

    state: State
    reachable: bool
    rule: str
    ruleset: str


class ChangeBody(BaseModel):
    """Somebody who would be judged differently."""

    id: str
    email: str | None
    before: JudgedBody
    after: JudgedBody


class RehearsalBody(BaseModel):
    """Everybody held, judged by the rules in force and by the ones tried."""

    held: int
    changed: int = Field(description="Another state, reachable or rule.")
    gained: int = Field(description="Would become reachable.")
    lost: int = Field(description="Would no longer be reachable.")
    unread: list[str] = Field(description="Groups the file names whose members have not been read so far.")
    changes: list[ChangeBody]


@router.post(
    "/try",
    summary="Who would change under other rules?",
    response_model=RehearsalBody,
    responses=problems(
        {
            413: "Larger than 1 MiB.",
            415: "Not sent as application/toml.",
            429: "Others are being tried, or it took over 10 s.",
        }
    ),
    openapi_extra={
        "requestBody": {"required": True, "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}}
    },
)
async def try_rules(request: Request, tenant: TheTenant) -> Response:
    """The body is a rules file. Nothing takes effect; a file with an error is a 400 with line and reason.

    One at a time: a trial is work for a second, and several would share it with everybody's answers.
    """
    data = await _body_of(request)
    if _TRIAL.locked():
        raise TooManyRequests("Other rules are being tried: ask again in a second.", retry_after_s=1)
    async with _TRIAL:
        rulebook = await _rulebook_of(data)
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await _tried(rulebook, tenant)
        except TimeoutError:
            raise TooManyRequests(
                f"The trial was given up after {_LONGEST_S:.0f} s: ask again, or with fewer rows.",
                retry_after_s=5,
            ) from None


async def _tried(rulebook: Rulebook, tenant: Tenant) -> Response:
    changes: list[tuple[Answer, Answer]] = []
    held = 0
    async for now, then in in_turns(tenant.desk.rehearsal(rulebook)):
        held += 1
        changes += [(now, then)] if now.verdict != then.verdict else []
    return json_response({"held": held, **_summary(changes), "unread": _unread(tenant, rulebook)})


async def _body_of(request: Request) -> bytes:
    """The file, read no further than it may be long, and before anybody has to wait for its trial."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise UnsupportedBody(f"Send the rules file with the header Content-Type: {_MEDIA_TYPE}.")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BYTES:
            raise BodyTooLarge(f"A rules file has at most {MAX_BYTES // 1024 // 1024} MiB.")
    return bytes(data)


async def _rulebook_of(data: bytes) -> Rulebook:
    try:
        return await off_loop(partial(parse_rules, data))
    except RulesError as error:
        raise MalformedRequest(str(error)) from None


def _unread(tenant: Tenant, rulebook: Rulebook) -> list[str]:
    return sorted(rulebook.group_ids - tenant.directory.members.keys())


def _summary(changes: list[tuple[Answer, Answer]]) -> dict[str, Any]:
    gained = sum(then.verdict.reachable > now.verdict.reachable for now, then in changes)
    lost = sum(then.verdict.reachable < now.verdict.reachable for now, then in changes)
    rows = [
        {"id": now.person.id, "email": now.person.email, "before": _judged(now), "after": _judged(then)}
        for now, then in changes
    ]
    return {"changed": len(changes), "gained": gained, "lost": lost, "changes": rows}


def _judged(answer: Answer) -> dict[str, Any]:
    verdict = answer.verdict
    return {
        "state": verdict.state,
        "reachable": verdict.reachable,
        "rule": verdict.rule,
        "ruleset": answer.ruleset,
    }
