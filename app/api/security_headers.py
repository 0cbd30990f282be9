"""What every answer tells a browser that got it: run nothing, guess nothing, tell nobody, embed nowhere."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CONTENT_SECURITY_POLICY = b"content-security-policy"
_NO_STORE = (b"cache-control", b"no-store")

ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
STRICT = (
    *ALWAYS,
    (_CONTENT_SECURITY_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    _NO_STORE,
)
"""For an error that never reached a route."""


class SecurityHeaders:
    """Adds them; a page keeps a content security policy of its own, and an error is never stored."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                missing = (one for one in wanted(message["status"]) if one[0].decode() not in headers)
                headers.raw.extend(missing)
            await send(message)

        await self._app(scope, receive, send_safe if scope["type"] == "http" else send)


def wanted(status: int) -> tuple[tuple[bytes, bytes], ...]:
    """The headers for an answer of this status that brings none of them itself."""
    return STRICT if status >= 400 else STRICT[:-1]  # noqa: PLR2004 - where errors begin
