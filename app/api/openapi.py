"""The published document: what FastAPI derives from the routes, made to say what really happens."""

from typing import Any

from fastapi import FastAPI

from app.api.schemas import (
    BatchBody,
    BatchRequest,
    LookupBody,
    LookupRequest,
    PageBody,
    PresenceBody,
    ProblemBody,
)

_REF = "#/components/schemas/{model}"
PROBLEM = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemBody")}}}

_DESCRIPTION = """
A phone system holds a caller and asks: is this colleague free in Microsoft Teams?
The answer comes from memory, carries its age, and is the **Teams leg only**: PBX and ACD have their own say.

Errors are problem details (RFC 9457). Every path also takes HEAD where it takes GET, and a trailing slash.
Before any path is looked at: 408 for headers that take more than 10 s or a body that takes more than 30 s,
413 for a body over 4 MiB (64 KiB for a lookup), 421 for another host's name while there are no keys, 431 for
more than 64 KiB of address and headers.
""".strip()


def publish(api: FastAPI) -> None:
    """Complete the document of `api`; `api.openapi()` and `/openapi.json` give the result."""
    derive = api.openapi
    api.description = _DESCRIPTION

    def openapi() -> dict[str, Any]:
        document = derive()
        schemas = document["components"]["schemas"]
        for undeclared in (BatchRequest, LookupBody, LookupRequest, ProblemBody):
            schemas[undeclared.__name__] = undeclared.model_json_schema(ref_template=_REF)
        for declared in (PresenceBody, BatchBody, PageBody):  # FastAPI drops the nulls of examples
            schemas[declared.__name__]["examples"] = declared.model_json_schema()["examples"]
        _without_422(document)
        return document

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI, *Extending OpenAPI*


def problems(reasons: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """A route's `responses` for its errors, besides those every guarded route has."""
    refusals = {
        400: "The request cannot be read.",
        401: "No key, or an unknown one.",
        403: "Not with this key.",
        429: "Too often: `Retry-After` says when to ask again.",
    }
    return {
        status: {"description": reason, "content": PROBLEM} for status, reason in (refusals | reasons).items()
    }


def lookup_parameters() -> list[dict[str, Any]]:
    """The query of a lookup: read by hand, because phone systems encode it as they like."""
    described = LookupRequest.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in described.items()
    ]


def lookup_responses() -> dict[int | str, dict[str, Any]]:
    """The outcomes of a lookup: all of them carry all keys."""
    outcomes = {
        200: "One person.",
        300: "Several people: no record, no Location.",
        400: "Neither an address nor a number.",
        401: "No key, or an unknown one.",
        403: "Not with this key.",
        404: "Nobody.",
        429: "Too often: `Retry-After` says when to ask again. Never hidden by `codes=200`.",
        503: "Not read yet.",
    }
    content = {"application/json": {"schema": {"$ref": _REF.format(model="LookupBody")}}}
    return {status: {"description": text, "content": content} for status, text in outcomes.items()}


def _without_422(document: dict[str, Any]) -> None:
    """FastAPI announces its own validation errors; here they are a 400 like any other."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
