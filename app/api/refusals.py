"""An error in the shape its route promises: flat for the call-flow lookup, problem details for the rest."""

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Scope

from app.api.caller_text import parse_form
from app.api.flat import Shape
from app.api.problems import problem
from app.errors import CallerError

LOOKUP = "/lookup"
# As long as a call flow's query may be, with all its parameters.
_READ_WHOLE = 1024


def refusal(error: CallerError, scope: Scope) -> Response:
    """The answer to a request that ended in one of our own errors."""
    if scope["path"].rstrip("/") == LOOKUP:
        return Shape(_shape_of(scope["query_string"])).failed(error)
    return problem(error)


def _shape_of(query: bytes) -> dict[str, str]:
    """The parameters that decide how an error looks, of a query that nobody has vouched for.

    A stranger may send 64 KiB of others, which are not worth reading before it is refused.
    """
    if len(query) <= _READ_WHOLE:
        return parse_form(query)
    query = b"&" + query
    found = (query.rfind(b"&%b=" % name) + 1 for name in (b"format", b"fields", b"codes", b"lang"))
    parts = (query[start : start + _READ_WHOLE].partition(b"&")[0] for start in found if start)
    return parse_form(b"&".join(parts))


def install_refusals(app: FastAPI) -> None:
    """Answer our own errors in the shape of the route that raised them."""

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, CallerError)  # noqa: S101 - registered for nothing else
        return refusal(error, request.scope)

    async def let_go(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # said to nobody: the caller hung up in the middle of its body

    app.add_exception_handler(CallerError, refuse)
    app.add_exception_handler(ClientDisconnect, let_go)
