"""`/presence`: one person, many, or everybody."""

import codecs
import json
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

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
from app.errors import MalformedRequest, UnsupportedBody
from app.presence.answers import Answer
from app.presence.directory import position
from app.turns import in_turns


class _BatchBody(msgspec.Struct):
    users: list[Any]


_batch_body = msgspec.json.Decoder(_BatchBody)


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
    return json_answer(await batch.body(await _users_of(request), ruleset=ruleset))


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


async def _users_of(request: Request) -> list[Any]:
    """The list in the body, read here rather than by FastAPI to tell a wrong type from broken JSON."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedBody("Send JSON, with the header Content-Type: application/json.")
    try:
        return _entries(await request.body())
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise MalformedRequest(
            'The body is not JSON with a list "users", such as {"users": ["max@firm.example"]}.'
        ) from None


def _entries(body: bytes) -> list[Any]:
    """The list "users"; an entry that JSON allows and text does not is kept, to be invalid by itself."""
    text = body.removeprefix(codecs.BOM_UTF8).decode()
    try:
        return _batch_body.decode(text).users
    except msgspec.MsgspecError:
        # Python's own parser also takes lone surrogates and numbers beyond any range.
        lenient = json.loads(text, parse_float=str)
        return list(map(_echoable, msgspec.convert(lenient, _BatchBody).users))


def _echoable(entry: Any) -> Any:
    """The entry itself, or what JSON can say of it where UTF-8 cannot."""
    try:
        msgspec.json.encode(entry)
    except UnicodeEncodeError:
        return msgspec.Raw(json.dumps(entry).encode())
    return entry
