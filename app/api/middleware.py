"""The door in front of every route, as plain ASGI: cheap, and passed before FastAPI is even entered.

From outside in: request id, security headers, one spelling of the path, HEAD, the host name, the key,
how often it asks, the size of the body.
"""

from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.door import Door, first_headers, max_body
from app.api.refusals import refusal
from app.api.request_id import HEADER, request_id
from app.api.security_headers import SecurityHeaders
from app.api.uploads import Uploads
from app.errors import CallerError


class RequestId:
    """Names each request in the answer's `X-Request-Id`; a caller's own name is kept if harmless."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = request_id(first_headers(scope))

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (HEADER, name)]}
            await send(message)

        await self._app(scope, receive, send_named)


class OneSpelling:
    """Makes HEAD work wherever GET does, and a trailing slash mean nothing.

    uvicorn keeps the body of an answer to HEAD to itself. No redirect: some phone systems do not follow one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope = {**scope, "method": method, "path": scope["path"].rstrip("/") or "/"}
        await self._app(scope, receive, send)


class Guard:
    """Lets in who has a key, asks under our name, not too often, and does not bring too much."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self._app = app
        self._door = door
        self._uploads = Uploads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._door.let_in(scope, first_headers(scope))
        except CallerError as error:
            await refusal(error, scope)(scope, receive, send)
            return
        if scope["method"] == "GET":
            await self._app(scope, receive, send)  # nobody reads its body
            return
        upload = self._uploads.begin(limit=max_body(scope))
        try:
            await self._app(scope, partial(upload.receive, receive), send)
        finally:
            upload.end()


def guarded(app: ASGIApp, *, door: Door) -> ASGIApp:
    """The application behind its door."""
    return RequestId(SecurityHeaders(OneSpelling(Guard(app, door=door))))
