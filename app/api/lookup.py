"""`/lookup`: a phone system holds a caller and asks about one person, in the shape it can read."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from app.api.caller_text import parse_form, tidy_address, tidy_number
from app.api.dependencies import DECLARED_KEYS, TheTenant
from app.api.flat import Shape
from app.api.openapi import lookup_parameters, lookup_responses
from app.api.schemas import LookupRequest
from app.errors import CallerError, MalformedRequest, UserNotFound
from app.ingest.tenant import Tenant
from app.presence.answers import Answer

_PARAMETERS = frozenset(LookupRequest.model_fields)

router = APIRouter(prefix="/lookup", tags=["Call flow"], dependencies=DECLARED_KEYS)


@router.get(
    "",
    summary="One person, for a call flow",
    responses=lookup_responses(),
    openapi_extra={"parameters": lookup_parameters()},
)
async def get_lookup(request: Request, tenant: TheTenant) -> Response:
    """By `email`, then by `phone`. Every key is there on every outcome; unknown parameters are ignored."""
    return await _respond(parse_form(request.scope["query_string"]), tenant)


@router.post(
    "",
    summary="The same, for callers that POST",
    responses=lookup_responses(),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"$ref": "#/components/schemas/LookupRequest"}}
                for kind in ("application/x-www-form-urlencoded", "application/json")
            },
        }
    },
)
async def post_lookup(request: Request, tenant: TheTenant) -> Response:
    """Form or JSON, told apart by the body itself: not every phone system announces what it sends."""
    query = parse_form(request.scope["query_string"])
    try:
        parameters = query | _parameters_of(await request.body())
    except MalformedRequest as error:
        return Shape(query).failed(error)
    return await _respond(parameters, tenant)


async def _respond(parameters: dict[str, str], tenant: Tenant) -> Response:
    shape = Shape(parameters)
    try:
        shape.check()
        return shape.found(await _look_up(parameters, tenant))
    except CallerError as error:
        return shape.failed(error)


async def _look_up(parameters: dict[str, str], tenant: Tenant) -> Answer:
    """The person with this address, else with this number: the order in which jtel itself looks."""
    address, number = tidy_address(parameters.get("email", "")), tidy_number(parameters.get("phone", ""))
    ruleset = parameters.get("ruleset")
    if not address and not number:
        raise MalformedRequest("Give email= or phone=, such as email=max%40firm.example.")
    if address:
        try:
            return await tenant.desk.answer(address, ruleset=ruleset)
        except (MalformedRequest, UserNotFound):
            if not number:
                raise
    return await tenant.desk.answer_number(number, ruleset=ruleset)


def _parameters_of(body: bytes) -> dict[str, str]:
    if not body.lstrip().startswith((b"{", b"[")):
        return parse_form(body)
    try:
        members = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise MalformedRequest('The body is not JSON such as {"email": "max@firm.example"}.') from None
    if not isinstance(members, dict):
        raise MalformedRequest('The body is not an object such as {"email": "max@firm.example"}.')
    return {name: _as_text(name, members[name]) for name in _PARAMETERS & members.keys()}


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise MalformedRequest(f'"{name}" is a text, not a list or an object.')
    return "" if value is None else str(value)
