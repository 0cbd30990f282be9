"""One record per request, where the operator wants that: who asked what, and how it ended."""

import logging
import time
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.keys import QUERY_KEY

_LOG = logging.getLogger("app.access")


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
    """One record; the milliseconds are those until the answer began."""
    query = _without_key(scope["query_string"].decode("latin-1"))
    client = (scope.get("client") or ("-",))[0]
    _LOG.info(
        "%s %s",
        scope["method"],
        scope["path"] + (f"?{query}" if query else ""),
        extra={"status": status, "took_ms": round(took_ms, 1), "client": client},
    )


def _without_key(query: str) -> str:
    """The query as it came, but for a key: its name may come encoded, which the door reads all the same."""
    return "&".join(map(_blacked_out, query.split("&"))) if query else query


def _blacked_out(parameter: str) -> str:
    name, _, _ = parameter.partition("=")
    return f"{name}=***" if unquote_plus(name) == QUERY_KEY else parameter
