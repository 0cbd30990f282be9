"""One record per request, where the operator wants that: who asked what, and how it ended."""

import logging
import string
import time
from urllib.parse import quote, unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.keys import QUERY_KEY

_LOG = logging.getLogger("app.access")

# A blank ends a word, a quote or a backslash changes how the rest is read: these stay percent-encoded.
_ENCODED_ALREADY = string.printable.translate(str.maketrans("", "", string.whitespace + "\"'`\\"))
_DECODED = _ENCODED_ALREADY.replace("%", "")


class AccessLog:
    """Writes method, path and query, status and milliseconds; a key in the query is blacked out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                write_access(scope, message["status"], (time.perf_counter() - began) * 1000)
            await send(message)

        await self._app(scope, receive, send_logged)


def write_access(scope: Scope, status: int, took_ms: float) -> None:
    """One record; the milliseconds are those until the answer began.

    Method and target are one word each, so that no caller can write the fields that follow.
    """
    client = (scope.get("client") or ("-",))[0]
    _LOG.info(
        "%s %s",
        quote(scope["method"], safe=_DECODED),
        _target(scope),
        extra={"status": status, "took_ms": round(took_ms, 1), "client": client},
    )


def _target(scope: Scope) -> str:
    """Path and query as they came over the wire, but for a key."""
    raw_path = scope.get("raw_path")
    path = quote(raw_path, safe=_ENCODED_ALREADY) if raw_path else quote(scope["path"], safe=_DECODED)
    query = _without_key(scope["query_string"].decode("latin-1"))
    return path + (f"?{quote(query, safe=_ENCODED_ALREADY, encoding='latin-1')}" if query else "")


def _without_key(query: str) -> str:
    """The query as it came, but for a key: its name may come encoded, which the door reads all the same."""
    return "&".join(map(_blacked_out, query.split("&"))) if query else query


def _blacked_out(parameter: str) -> str:
    name, _, _ = parameter.partition("=")
    return f"{name}=***" if unquote_plus(name) == QUERY_KEY else parameter
