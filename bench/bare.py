"""The ceiling: nothing but the web server. An ASGI application that answers a constant of the same size."""

from starlette.types import Receive, Scope, Send

BODY_SIZE = 285
BODY = b'{"constant":"%s"}' % (b"x" * (BODY_SIZE - 15))
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % BODY_SIZE)]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, whatever was asked."""
    del receive
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": BODY})
