"""The door in front of every route, as plain ASGI: cheap, and passed before FastAPI is even entered.

From outside in: request id, security headers, one spelling of the path, HEAD, the host name, the key,
how often it asks, the size of the body.
"""

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.keys import KeyRing, is_open
from app.api.rate import RateLimit
from app.api.refusals import refusal
from app.api.security_headers import SecurityHeaders
from app.errors import BodyTooLarge, CallerError, WrongHost

MAX_BODY = 4 * 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class RequestId:
    """Names each request in the answer's `X-Request-Id`; a caller's own name is kept if harmless."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        theirs = Headers(scope=scope).get("x-request-id", "")
        request_id = theirs if _REQUEST_ID.fullmatch(theirs) else uuid.uuid4().hex

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
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

    def __init__(self, app: ASGIApp, *, keys: KeyRing, rate: RateLimit) -> None:
        self._app = app
        self._keys = keys
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            if not is_open(scope["path"]):
                self._rate.take(self._keys.check(scope, headers))
            _check_declared_length(headers)
        except CallerError as error:
            await refusal(error, scope)(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)

    def _check_host(self, headers: Headers) -> None:
        """Without keys a web page could reach the service by a name it controls (DNS rebinding).

        A request without any Host comes from no browser.
        """
        name = re.sub(r":\d*$", "", headers.get("host", "localhost")).lower()
        if not self._keys and name not in _LOOPBACK_NAMES:
            raise WrongHost("Without keys the service answers only as localhost, 127.0.0.1 or [::1].")


def _check_declared_length(headers: Headers) -> None:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()


def _limited(receive: Receive) -> Receive:
    """The same stream of body parts, ending with an error where it grows beyond the limit."""
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY:
            raise _too_large()
        return message

    return receive_some


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {MAX_BODY // 1024 // 1024} MiB: split the request.")


def guarded(app: ASGIApp, *, keys: KeyRing, rate: RateLimit) -> ASGIApp:
    """The application behind its door."""
    return RequestId(SecurityHeaders(OneSpelling(Guard(app, keys=keys, rate=rate))))
