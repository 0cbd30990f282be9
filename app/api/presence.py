"""`/presence`: one person, many, or everybody."""

from itertools import islice
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from app.api.cursor import Cursor
from app.api.dependencies import DECLARED_KEYS, TheRenderer, TheTenant
from app.api.openapi import problems
from app.api.render import Renderer, json_response
from app.api.schemas import MAX_USERS, BatchBody, Outcome, PageBody, PresenceBody, PresenceFilter
from app.errors import (
    CallerError,
    MalformedRequest,
    NotReadYet,
    UnsupportedBody,
    UserAmbiguous,
    UserNotFound,
)
from app.presence.answers import Answer
from app.presence.directory import position

_OUTCOME: dict[type[CallerError], Outcome] = {
    MalformedRequest: Outcome.INVALID,
    UserNotFound: Outcome.NOT_FOUND,
    UserAmbiguous: Outcome.AMBIGUOUS,
    NotReadYet: Outcome.UNAVAILABLE,
}


class _AnyText(PathConvertor):
    """A whole rest of a path, line breaks included: those deserve a reason, not a bare 404."""

    regex = "(?s:.*)"


register_url_convertor("text", _AnyText())

router = APIRouter(prefix="/presence", tags=["Presence"], dependencies=DECLARED_KEYS)


@router.get(
    "/batch",
    summary="Many people, for callers that can only GET",
    response_model=BatchBody,
    response_model_exclude_unset=True,
    responses=problems({}),
)
async def get_batch(
    tenant: TheTenant,
    renderer: TheRenderer,
    user: Annotated[list[str], Query(description="Repeat it: `?user=a&user=b`.", min_length=1)],
) -> Response:
    """The same answer as the POST, for `?user=a&user=b`."""
    return await _batch(user, tenant, renderer)


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
async def post_batch(request: Request, tenant: TheTenant, renderer: TheRenderer) -> Response:
    """Each entry is answered by itself, in the order asked; one bad entry never fails the list."""
    return await _batch(await _users_of(request), tenant, renderer)


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
    everybody = tenant.everybody(after=Cursor.decode(wanted.cursor))
    page = list(islice(filter(wanted.wants, everybody), wanted.limit + 1))
    following = Cursor.encode(position(page[wanted.limit - 1].person)) if len(page) > wanted.limit else None
    results = [renderer.members(one) for one in page[: wanted.limit]]
    return json_response({"results": results, "next": following})


@router.get(
    "/{user:text}",
    summary="One person",
    response_model=PresenceBody,
    responses=problems(
        {404: "Nobody held has this address.", 409: "Several people have it.", 503: "Not read yet."}
    )
    | {304: {"description": "Unchanged since the ETag in If-None-Match."}},
)
async def get_presence(user: str, request: Request, tenant: TheTenant, renderer: TheRenderer) -> Response:
    """`{user}` is a mail address, user principal name, alias or object id, in any letter case."""
    return renderer.response(await tenant.answer(user), request)


async def _batch(users: list[Any], tenant: TheTenant, renderer: Renderer) -> Response:
    if len(users) > MAX_USERS:
        raise MalformedRequest(f"At most {MAX_USERS} users fit into one batch: split it.")
    answers = await tenant.answers(users)
    return json_response(
        {"results": [_entry(user, answer, renderer) for user, answer in zip(users, answers, strict=True)]}
    )


def _entry(user: Any, answer: Answer | CallerError, renderer: Renderer) -> dict[str, Any]:
    if isinstance(answer, CallerError):
        return {"user": user, "outcome": _OUTCOME[type(answer)]}
    return {"user": user, "outcome": Outcome.FOUND, "presence": renderer.members(answer)}


async def _users_of(request: Request) -> list[Any]:
    """The list in the body, read here rather than by FastAPI to tell a wrong type from broken JSON."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedBody("Send JSON, with the header Content-Type: application/json.")
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise MalformedRequest('The body is not JSON such as {"users": ["max@firm.example"]}.') from None
    users = body.get("users") if isinstance(body, dict) else None
    if not isinstance(users, list):
        raise MalformedRequest('The body needs a list "users", such as {"users": ["max@firm.example"]}.')
    return users
