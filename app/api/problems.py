"""Every error a caller can see, as problem details (RFC 9457), and the one table of HTTP statuses.

The extra member `error` repeats the sentence: with `status` the body also reads as jtel's
`{"status": 404, "error": "…"}`.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from math import ceil

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Router

from app.errors import (
    BodyTooLarge,
    CallerError,
    CrossSiteRequest,
    HeadTooLarge,
    KeyNotAllowed,
    KeyRefused,
    MalformedRequest,
    NotReadYet,
    Overloaded,
    TooManyRequests,
    TooSlow,
    UnsupportedBody,
    UserAmbiguous,
    UserNotFound,
    WrongHost,
)

STATUS: Mapping[type[CallerError], HTTPStatus] = {
    MalformedRequest: HTTPStatus.BAD_REQUEST,
    KeyRefused: HTTPStatus.UNAUTHORIZED,
    KeyNotAllowed: HTTPStatus.FORBIDDEN,
    CrossSiteRequest: HTTPStatus.FORBIDDEN,
    UserNotFound: HTTPStatus.NOT_FOUND,
    UserAmbiguous: HTTPStatus.CONFLICT,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    WrongHost: HTTPStatus.MISDIRECTED_REQUEST,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    HeadTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    NotReadYet: HTTPStatus.SERVICE_UNAVAILABLE,
    Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
}

MEDIA_TYPE = "application/problem+json"
# Older Asterisk sends its credentials only after a Basic challenge.
CHALLENGES = 'Bearer realm="teams-presence", Basic realm="teams-presence", charset="UTF-8"'
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is no such path here: /docs lists them.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method: see the Allow header.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service has made a mistake; its log has the details.",
}


def problem(error: CallerError) -> Response:
    """The answer for one of our own errors, with the headers its status asks for."""
    return _response(STATUS[type(error)], sentence=str(error), code=error.code, headers=headers_of(error))


def headers_of(error: CallerError) -> dict[str, str]:
    """The headers that the status of one of our own errors asks for."""
    if isinstance(error, KeyRefused):
        return {"WWW-Authenticate": CHALLENGES}
    if isinstance(error, NotReadYet | TooManyRequests | Overloaded):
        return {"Retry-After": str(ceil(error.retry_after_s))}
    return {}


def install_problem_handlers(app: FastAPI, routers: Sequence[Router]) -> None:
    """Make every error the application can raise a problem document; `routers` tell which methods exist."""

    async def http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        status = HTTPStatus(error.status_code)
        headers = dict(error.headers or {})
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods_of(routers, request))
        sentence = _SENTENCES.get(status, str(error.detail))
        return _response(status, sentence=sentence, code=status.name.lower(), headers=headers)

    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(Exception, _mistake)


async def _validation_error(_request: Request, error: Exception) -> Response:
    """400, not FastAPI's 422: phone systems know the former. The input itself is not repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    reasons = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return problem(MalformedRequest("; ".join(reasons)))


async def _mistake(_request: Request, _error: Exception) -> Response:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(status, sentence=_SENTENCES[status], code="internal_error", headers={})


def _methods_of(routers: Sequence[Router], request: Request) -> list[str]:
    """Every method some route takes for this path; HEAD goes wherever GET does, files are for GET."""
    methods: set[str] = set()
    for route in chain.from_iterable(router.routes for router in routers):
        if route.matches(request.scope)[0] is Match.PARTIAL:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"GET", "HEAD"} if "GET" in methods or not methods else set()))


def _response(status: HTTPStatus, *, sentence: str, code: str, headers: Mapping[str, str]) -> Response:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": sentence,
        "error": sentence,
        "code": code,
    }
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)
