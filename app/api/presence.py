"""`/presence`: one person, many, or everybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.batch_body import users_of
from app.api.cursor import Cursor
from app.api.dependencies import (
    DECLARED_KEYS,
    USER_PATH,
    RulesetAsked,
    TheBatch,
    TheRenderer,
    TheTenant,
    UserAsked,
)
from app.api.openapi import problems
from app.api.render import json_answer, json_response
from app.api.schemas import BatchBody, PageBody, PresenceBody, PresenceFilter
from app.presence.answers import Answer
from app.presence.directory import position
from app.turns import in_turns

router = APIRouter(prefix="/presence", tags=["Presence"], dependencies=DECLARED_KEYS)


@router.get(
    "/batch",
    summary="Many people, for callers that can only GET",
    response_model=BatchBody,
    response_model_exclude_unset=True,
    responses=problems({}),
)
async def get_batch(
    batch: TheBatch,
    user: Annotated[list[str], Query(description="Repeat it: `?user=a&user=b`.", min_length=1)],
    ruleset: RulesetAsked = None,
) -> Response:
    """The same answer as the POST, for `?user=a&user=b`."""
    return json_answer(await batch.body(user, ruleset=ruleset))


@router.post(
    "/batch",
    summary="Up to 10,000 people at once",
    response_model=BatchBody,
    response_model_exclude_unset=True,
    responses=problems({413: "Larger than 4 MiB.", 415: "Not JSON."}),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchRequest"}}},
        }
    },
)
async def post_batch(request: Request, batch: TheBatch, ruleset: RulesetAsked = None) -> Response:
    """Each entry is answered by itself, in the order asked; one bad entry never fails the list."""
    return json_answer(await batch.body(await users_of(request), ruleset=ruleset))


@router.get(
    "",
    summary="Everybody, filtered and paged",
    response_model=PageBody,
    responses=problems({}),
)
async def list_presence(
    tenant: TheTenant,
    renderer: TheRenderer,
    wanted: Annotated[PresenceFilter, Query()],
) -> Response:
    """People in the order of their address. Nobody is asked for at Microsoft."""
    everybody = tenant.desk.everybody(after=Cursor.decode(wanted.cursor), ruleset=wanted.ruleset)
    page: list[Answer] = []
    async for one in in_turns(everybody):
        if wanted.wants(one):
            page.append(one)
        if len(page) > wanted.limit:
            break
    following = Cursor.encode(position(page[wanted.limit - 1].person)) if len(page) > wanted.limit else None
    results = [renderer.members(one) for one in page[: wanted.limit]]
    return json_response({"results": results, "next": following})


@router.get(
    USER_PATH,
    summary="One person",
    response_model=PresenceBody,
    responses=problems(
        {404: "Nobody held has this address.", 409: "Several people have it.", 503: "Not read yet."}
    )
    | {304: {"description": "Unchanged since the ETag in If-None-Match."}},
)
async def get_presence(
    user: UserAsked, request: Request, tenant: TheTenant, renderer: TheRenderer, ruleset: RulesetAsked = None
) -> Response:
    """`{user}` is a mail address, user principal name, alias or object id, in any letter case."""
    return renderer.response(await tenant.desk.answer(user, ruleset=ruleset), request)
